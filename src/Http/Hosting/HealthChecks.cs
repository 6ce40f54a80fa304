using Events.EventStore;
using Events.Platform.Migrations;
using Events.Projections.Engine;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Events.Http.Hosting;

internal sealed class DatabaseCheck(NpgsqlDataSource dataSource) : IHealthCheck
{
    private const string PingSql =
        """
        select 1
        """;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var command = dataSource.CreateCommand(PingSql);
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy("PostgreSQL does not answer.", error);
        }
    }
}

internal sealed class MigrationsCheck(Migrator migrator) : IHealthCheck
{
    // Applied migrations stay applied: asked until the first yes.
    private volatile bool current;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        current = current || await migrator.IsCurrentAsync(cancellationToken);
        return current ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("Migrations are pending.");
    }
}

/// <summary>What was appended must come by in this process: the oldest event that its tail has not seen is young.</summary>
internal sealed class HighWaterCheck(NpgsqlDataSource dataSource, EventTail tail) : IHealthCheck
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    private const string OldestUnseenSql =
        """
        select now() - timestamp
        from mt_events
        where seq_id > $1
        order by seq_id
        limit 1
        """;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var command = dataSource.CreateCommand(OldestUnseenSql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = tail.HighWater });
        return await command.ExecuteScalarAsync(cancellationToken) is TimeSpan behind && behind > Bound
            ? HealthCheckResult.Unhealthy($"The tail of the event store is {behind.TotalSeconds:0} s behind.")
            : HealthCheckResult.Healthy();
    }
}

/// <summary>No read model hides what is older than the bound.</summary>
internal sealed class ProjectionsCheck(ProjectionStaleness staleness) : IHealthCheck
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var stale = (await staleness.ReadAsync(cancellationToken)).Where(s => s.Behind > Bound).ToList();
        return stale.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy(string.Join(", ", stale.Select(s => $"{s.Projection} is {s.Behind.TotalSeconds:0} s behind")) + ".");
    }
}
