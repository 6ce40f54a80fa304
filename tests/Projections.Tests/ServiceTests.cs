using Events.Fixtures;
using Events.Platform.Tenancy;

namespace Events.Projections.Tests;

/// <summary>Tests over a running service with a database of their own.</summary>
public abstract class ServiceTests(PostgresServer server) : IAsyncLifetime
{
    private protected TenantId Tenant { get; } = new(Guid.CreateVersion7());

    private protected Guid Project { get; } = Guid.CreateVersion7();

    private protected TestDatabase Database { get; private set; } = null!;

    private protected Service Running { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync(Service.Migrations);
        Running = await Service.On(Database).StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Running.DisposeAsync();
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
