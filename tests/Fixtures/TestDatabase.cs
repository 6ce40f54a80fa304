using Events.Platform.Postgres;
using Npgsql;

namespace Events.Fixtures;

/// <summary>A database of a test class's own, cloned from a migrated template. It goes with its server.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    internal TestDatabase(PostgresOptions options)
    {
        Options = options;
        DataSource = PostgresDataSources.Create(options, logging: null);
        Direct = new DirectDataSource(PostgresDataSources.CreateDirect(options, logging: null));
    }

    public PostgresOptions Options { get; }

    /// <summary>As the application would be configured with it.</summary>
    public string ConnectionString => Options.ConnectionString;

    /// <summary>As the application's: pooled, search_path set, statements prepared by use.</summary>
    public NpgsqlDataSource DataSource { get; }

    public DirectDataSource Direct { get; }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await Direct.DataSource.DisposeAsync();
    }
}
