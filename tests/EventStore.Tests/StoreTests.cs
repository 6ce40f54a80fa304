using Events.Fixtures;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.EventStore.Tests;

/// <summary>A database and a store for the tests of a class.</summary>
public abstract class StoreTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase? database;
    private Store? store;

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected PostgresServer Server => server;

    protected TestDatabase Database => database!;

    private protected Store Store => store!;

    private protected TenantId Tenant { get; } = new(Guid.CreateVersion7());

    public virtual async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync(typeof(EventAppender).Assembly);
        store = Store.On(database);
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Database.DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Stop))!;
    }

    protected async Task ExecuteAsync(string sql)
    {
        await using var command = Database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }

    protected static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }

    /// <summary>Waits for something that another session brings about; the test's own time limit ends it.</summary>
    protected static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await happened())
            await pace.WaitForNextTickAsync(limit.Token);
    }

    /// <summary>Takes pages until so many events are there.</summary>
    private protected static async Task<List<RecordedEvent>> TakeAsync(Store following, long after, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var events = new List<RecordedEvent>();
        await foreach (var page in following.Tail.SubscribeAsync(after, limit.Token))
        {
            events.AddRange(page.Events);
            if (events.Count >= count)
                break;
        }

        return events;
    }
}
