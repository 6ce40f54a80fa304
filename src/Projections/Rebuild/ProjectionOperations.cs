using Events.EventStore;
using Events.EventStore.Ledger;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>A projection as an operator sees it.</summary>
/// <param name="CodeVersion">What this build of the service wants; while it is higher, a rebuild is due or under way.</param>
/// <param name="Lag">Events that are in the store and not in the tables, what is parked included.</param>
/// <param name="Owner">Who feeds it; null: nobody now.</param>
public sealed record ProjectionStatus(
    string Projection,
    int Version,
    int CodeVersion,
    int Generation,
    long Position,
    long Lag,
    string? Owner,
    DateTimeOffset? PausedAt,
    bool RolledBack,
    bool CanRollBack,
    IReadOnlyList<ParkedStream> Parked,
    ProjectionBuild? Build,
    ProjectionProof? Proof);

/// <summary>
/// Everything that an operator does with read models; the command line and the HTTP endpoints are two ways to call it. It only
/// needs the database: whoever feeds the projections meanwhile sees the change by the epoch, or at its next heartbeat.
/// </summary>
public sealed class ProjectionOperations
{
    private const int MostParked = 200;

    private readonly Dictionary<string, Projection> projections;
    private readonly NpgsqlDataSource dataSource;
    private readonly ProjectionRebuild rebuild;
    private readonly ProjectionBuilds builds;
    private readonly ProjectionSwitch switches;
    private readonly ProjectionHeads heads;
    private readonly ParkedStreams parked;
    private readonly Completeness completeness;
    private readonly ProjectionProofs proofs;
    private readonly EventLedger ledger;

    internal ProjectionOperations(
        IEnumerable<Projection> projections,
        NpgsqlDataSource dataSource,
        ProjectionRebuild rebuild,
        ProjectionBuilds builds,
        ProjectionSwitch switches,
        ProjectionHeads heads,
        ParkedStreams parked,
        Completeness completeness,
        ProjectionProofs proofs,
        EventLedger ledger)
    {
        this.projections = projections.ToDictionary(p => p.Name, StringComparer.OrdinalIgnoreCase);
        this.dataSource = dataSource;
        this.rebuild = rebuild;
        this.builds = builds;
        this.switches = switches;
        this.heads = heads;
        this.parked = parked;
        this.completeness = completeness;
        this.proofs = proofs;
        this.ledger = ledger;
    }

    public IReadOnlyCollection<string> Names => projections.Keys;

    /// <summary>The projections that a name or <c>all</c> means, by their proper names; empty when there is none of that name.</summary>
    public IReadOnlyList<string> Resolve(string nameOrAll)
    {
        if (string.Equals(nameOrAll, "all", StringComparison.OrdinalIgnoreCase))
            return [.. projections.Values.Select(p => p.Name)];
        var plain = nameOrAll.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);
        return projections.TryGetValue(plain, out var found) ? [found.Name] : [];
    }

    private const string HeadsSql =
        """
        select h.projection, h.version, h.generation, p.last_seq_id, h.owner_name, h.lease_until > now(), h.paused_at, h.rolled_back_at is not null,
               h.previous_generation is not null, coalesce((select max(e.seq_id) from mt_events e), 0)
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        order by h.projection
        """;

    public async Task<IReadOnlyList<ProjectionStatus>> StatusAsync(CancellationToken ct)
    {
        var waiting = (await parked.ListAsync(MostParked, ct)).ToLookup(p => p.Projection, StringComparer.Ordinal);
        var proved = await proofs.LatestAsync(ct);
        var latest = (await builds.LatestAsync(ct)).ToDictionary(b => b.Projection, StringComparer.Ordinal);
        await using var command = dataSource.CreateCommand(HeadsSql);
        await using var row = await command.ExecuteReaderAsync(ct);
        var status = new List<ProjectionStatus>();
        while (await row.ReadAsync(ct))
        {
            var name = row.GetString(0);
            var position = row.GetInt64(3);
            status.Add(new ProjectionStatus(
                name,
                row.GetInt32(1),
                projections.TryGetValue(name, out var known) ? known.Version : 0,
                row.GetInt32(2),
                position,
                Math.Max(0, row.GetInt64(9) - position) + waiting[name].Sum(p => p.Waiting),
                !row.IsDBNull(4) && !row.IsDBNull(5) && row.GetBoolean(5) ? row.GetString(4) : null,
                row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6),
                row.GetBoolean(7),
                row.GetBoolean(8),
                [.. waiting[name]],
                latest.GetValueOrDefault(name),
                proved.GetValueOrDefault(name)));
        }

        return status;
    }

    /// <summary>Builds the projection anew and switches to it; returns when that is done. Another process goes on with it if this one dies.</summary>
    /// <returns>Null when a rebuild of it is under way.</returns>
    public async Task<ProjectionBuild?> RebuildAsync(string projection, string startedBy, CancellationToken ct) =>
        await BuildAsync(projections[projection], switchesOver: true, startedBy, ct);

    /// <summary>Asks for a rebuild; a process that feeds projections takes it up within seconds.</summary>
    /// <returns>False when one is under way.</returns>
    public async Task<bool> RequestRebuildAsync(string projection, string startedBy, CancellationToken ct)
    {
        var known = projections[projection];
        if (await rebuild.BeginAsync(known, switches: true, Guid.Empty, startedBy, ct) is not { } build)
            return false;
        await builds.LetGoAsync(build, ct);
        return true;
    }

    /// <summary>Builds it anew beside the live tables and only compares.</summary>
    /// <returns>Null when a rebuild of it is under way.</returns>
    public async Task<ProjectionBuild?> CompareAsync(string projection, string startedBy, CancellationToken ct) =>
        await BuildAsync(projections[projection], switchesOver: false, startedBy, ct);

    private async Task<ProjectionBuild?> BuildAsync(Projection projection, bool switchesOver, string startedBy, CancellationToken ct)
    {
        await heads.RegisterAsync(ct);
        var owner = Guid.CreateVersion7();
        if (await rebuild.BeginAsync(projection, switchesOver, owner, startedBy, ct) is not { } build)
            return null;
        await rebuild.RunAsync(projection, build, owner, ct);
        return (await builds.LatestAsync(ct)).Single(b => b.Projection == projection.Name);
    }

    /// <summary>Goes on with a build whose process died; false when there is none.</summary>
    internal async Task<bool> ResumeBuildAsync(string projection, Guid owner, CancellationToken ct)
    {
        if (await builds.ResumeAsync(projection, owner, ct) is not { } build)
            return false;
        await rebuild.RunAsync(projections[projection], build, owner, ct);
        return true;
    }

    /// <summary>Back to the tables before the last switch, at once; they then catch up. Again: forward again.</summary>
    /// <returns>False when there is nothing to go back to, or a rebuild is under way.</returns>
    public Task<bool> RollBackAsync(string projection, CancellationToken ct) => switches.RollBackAsync(projections[projection], ct);

    private const string PauseSql =
        """
        update projection_heads
        set paused_at = now(), paused_by = $2, epoch = epoch + 1
        where projection = $1 and paused_at is null
        """;

    /// <summary>Stops feeding: the tables stay as they are, and say so by their position.</summary>
    /// <returns>False when it was paused already.</returns>
    public Task<bool> PauseAsync(string projection, string actor, CancellationToken ct) => ChangeAsync(PauseSql, [projections[projection].Name, actor], ct);

    private const string ResumeSql =
        """
        update projection_heads
        set paused_at = null, paused_by = null, epoch = epoch + 1
        where projection = $1 and paused_at is not null
        """;

    /// <returns>False when it was not paused.</returns>
    public Task<bool> ResumeAsync(string projection, CancellationToken ct) => ChangeAsync(ResumeSql, [projections[projection].Name], ct);

    /// <summary>Whether every event is in the tables, waits on record, or was skipped on record; and whether the store has those that it recorded.</summary>
    public async Task<IReadOnlyList<ProjectionCompleteness>> VerifyAsync(IReadOnlyCollection<string> names, CancellationToken ct)
    {
        var found = await completeness.CheckAsync(names, ct);
        await proofs.StoreAsync(found, altered: null, ct);
        return found;
    }

    /// <summary>The same, and whether every event still says what it said: reads all of them.</summary>
    public async Task<(IReadOnlyList<ProjectionCompleteness> Projections, IReadOnlyList<LedgerDifference> Altered)> VerifyWithStoreAsync(IReadOnlyCollection<string> names, CancellationToken ct)
    {
        var altered = await ledger.VerifyAllAsync(ct);
        var found = await completeness.CheckAsync(names, ct);
        await proofs.StoreAsync(found, altered, ct);
        return (found, altered);
    }

    /// <summary>Asks for that; a process that feeds projections takes it up within seconds, and the status tells what it found.</summary>
    public Task RequestVerificationAsync(string projection, CancellationToken ct) => proofs.RequestAsync([projections[projection].Name], ct);

    internal Task<IReadOnlyList<string>> TakeVerificationsAsync(CancellationToken ct) => proofs.TakeRequestsAsync(ct);

    /// <summary>After a fix: folds what waits of a stream, in order.</summary>
    public Task<ReleaseOutcome> ReleaseAsync(string projection, TenantId tenant, Guid streamId, CancellationToken ct) =>
        parked.ReleaseAsync(projections[projection], tenant, streamId, ct);

    /// <summary>Leaves the event that a stream waits behind out, on record, and releases the rest.</summary>
    public Task<ReleaseOutcome> SkipAsync(string projection, TenantId tenant, Guid streamId, string reason, string actor, CancellationToken ct) =>
        parked.SkipAsync(projections[projection], tenant, streamId, reason, actor, ct);

    private async Task<bool> ChangeAsync(string sql, object[] values, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync(ct) > 0;
    }
}
