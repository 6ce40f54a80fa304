using Xunit;

namespace Events.Fixtures;

/// <summary>PostgreSQL 15 as a fixture: <c>IClassFixture&lt;Debian15Server&gt;</c> or another assembly fixture.</summary>
public sealed class Debian15Server : IAsyncLifetime
{
    private PostgresServer? server;

    public PostgresServer Postgres => server ?? throw new InvalidOperationException("The server has not been started.");

    public async ValueTask InitializeAsync() => server = await PostgresServer.StartDebian15Async();

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
    }
}
