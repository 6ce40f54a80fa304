using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <param name="Version">Of the event that could not be folded; it and what follows wait.</param>
/// <param name="Waiting">How many events.</param>
public sealed record ParkedStream(string Projection, string Tenant, Guid StreamId, long Version, long Position, string EventType, string Error, DateTimeOffset ParkedAt, long Waiting);

/// <param name="Released">False: nothing was parked, or the first event still cannot be folded.</param>
/// <param name="Folded">Events that were folded now.</param>
public sealed record ReleaseOutcome(bool Found, bool Released, long Folded, string? Error);

/// <summary>Streams that wait behind an event that could not be folded, and their release.</summary>
internal sealed class ParkedStreams(NpgsqlDataSource dataSource, EventReader reader, PageWriter writer)
{
    private const string ListSql =
        """
        select k.projection, k.tenant_id, k.stream_id, k.version, k.position, k.event_type, k.error, k.parked_at,
               (select count(*)
                from mt_events e
                where e.tenant_id = k.tenant_id and e.stream_id = k.stream_id and e.version >= k.version and e.seq_id <= p.last_seq_id)
        from projection_parked k
        join projection_heads h on h.projection = k.projection and h.generation = k.generation
        join mt_event_progression p on p.name = h.shard
        order by k.projection, k.position
        limit $1
        """;

    public async Task<IReadOnlyList<ParkedStream>> ListAsync(int limit, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ListSql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        await using var row = await command.ExecuteReaderAsync(ct);
        var parked = new List<ParkedStream>();
        while (await row.ReadAsync(ct))
        {
            parked.Add(new ParkedStream(
                row.GetString(0),
                row.GetString(1),
                row.GetGuid(2),
                row.GetInt64(3),
                row.GetInt64(4),
                row.GetString(5),
                row.GetString(6),
                row.GetFieldValue<DateTimeOffset>(7),
                row.GetInt64(8)));
        }

        return parked;
    }

    // The lock on the progress row first, as a page takes it: no page commits meanwhile, and one that was folded before is refused
    // by the raised epoch, since it left this stream out.
    private const string HoldSql =
        """
        select p.last_seq_id, h.generation, h.version, k.version
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        left join projection_parked k on k.projection = h.projection and k.generation = h.generation and k.tenant_id = $2 and k.stream_id = $3
        where h.projection = $1
        for update of p
        """;

    private const string SettleSql =
        """
        with freed as (
            delete from projection_parked
            where projection = $1 and generation = $2 and tenant_id = $3 and stream_id = $4)
        update projection_heads
        set epoch = epoch + 1
        where projection = $1
        """;

    private const string SkipSql =
        """
        insert into projection_skips (projection, tenant_id, stream_id, version, position, event_type, error, reason, skipped_by)
        select k.projection, k.tenant_id, k.stream_id, k.version, k.position, k.event_type, k.error, $4, $5
        from projection_parked k
        join projection_heads h on h.projection = k.projection and h.generation = k.generation
        where k.projection = $1 and k.tenant_id = $2 and k.stream_id = $3
        on conflict do nothing
        """;

    private const string TellSql =
        """
        select pg_notify('events_projected', $1)
        """;

    /// <summary>Leaves the event out for good, on record, and releases what waits behind it.</summary>
    public Task<ReleaseOutcome> SkipAsync(Projection projection, TenantId tenant, Guid streamId, string reason, string actor, CancellationToken ct) =>
        ReleaseAsync(projection, tenant, streamId, (reason, actor), ct);

    /// <summary>Folds what waits, in order, up to where the projection is; stops again at an event that still cannot be folded.</summary>
    public Task<ReleaseOutcome> ReleaseAsync(Projection projection, TenantId tenant, Guid streamId, CancellationToken ct) =>
        ReleaseAsync(projection, tenant, streamId, skip: null, ct);

    private async Task<ReleaseOutcome> ReleaseAsync(Projection projection, TenantId tenant, Guid streamId, (string Reason, string Actor)? skip, CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await HoldAsync(connection, projection, tenant, streamId, ct) is not { } held || held.From == 0)
            return new ReleaseOutcome(Found: false, Released: false, 0, Error: null);
        if (skip is { } why)
            await ExecuteAsync(connection, SkipSql, [projection.Name, tenant.Value, streamId, why.Reason, why.Actor], ct);
        await ExecuteAsync(connection, SettleSql, [projection.Name, held.Generation, tenant.Value, streamId], ct);

        var events = new List<RecordedEvent>();
        await foreach (var recorded in reader.ReadStreamAsync(tenant, streamId, held.From, ct))
        {
            if (recorded.Position <= held.Position)
                events.Add(recorded);
        }

        var exclusions = new Exclusions();
        var stream = new StreamKey(tenant, streamId);
        foreach (var version in await SkippedAsync(connection, projection, tenant, streamId, ct))
            exclusions.Skip(stream, version);
        var head = new ProjectionHead(projection.Name, projection.Shard, held.Version, held.Generation, 0, held.Position);
        var poison = await writer.WriteAsync(connection, [new PageTarget(projection, head, exclusions)], events, NoAdvance.Instance, ct, transaction);
        await ExecuteAsync(connection, TellSql, [ProjectedMessage.FormatReset([projection.Name], held.Position)], ct);
        await transaction.CommitAsync(ct);

        var stuck = poison.Count > 0 ? poison.Min(p => p.Version) : long.MaxValue;
        return new ReleaseOutcome(
            Found: true,
            Released: poison.Count == 0,
            events.Count(e => e.Version < stuck && !exclusions.Excludes(stream, e.Version)),
            poison.Count > 0 ? poison[0].Error : null);
    }

    private static async Task<(long Position, int Generation, int Version, long From)?> HoldAsync(NpgsqlConnection connection, Projection projection, TenantId tenant, Guid streamId, CancellationToken ct)
    {
        await using var command = Command(connection, HoldSql, [projection.Name, tenant.Value, streamId]);
        await using var row = await command.ExecuteReaderAsync(ct);
        return await row.ReadAsync(ct)
            ? (row.GetInt64(0), row.GetInt32(1), row.GetInt32(2), row.IsDBNull(3) ? 0 : row.GetInt64(3))
            : null;
    }

    private const string SkippedSql =
        """
        select version
        from projection_skips
        where projection = $1 and tenant_id = $2 and stream_id = $3
        """;

    private static async Task<List<long>> SkippedAsync(NpgsqlConnection connection, Projection projection, TenantId tenant, Guid streamId, CancellationToken ct)
    {
        await using var command = Command(connection, SkippedSql, [projection.Name, tenant.Value, streamId]);
        await using var row = await command.ExecuteReaderAsync(ct);
        var versions = new List<long>();
        while (await row.ReadAsync(ct))
            versions.Add(row.GetInt64(0));
        return versions;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, object[] values, CancellationToken ct)
    {
        await using var command = Command(connection, sql, values);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    /// <summary>What is released lies behind the position already.</summary>
    private sealed class NoAdvance : PageCommit
    {
        public static readonly NoAdvance Instance = new();

        public override void BeforeRows(NpgsqlBatch batch)
        {
        }
    }
}
