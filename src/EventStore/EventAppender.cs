using System.Collections.Concurrent;
using System.Diagnostics;
using Events.EventStore.Appending;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.EventStore;

/// <summary>
/// Appends by group commit: what concurrent callers ask for is written in one transaction and one round trip, and each unit is
/// accepted or refused on its own.
/// </summary>
public sealed partial class EventAppender : IAsyncDisposable
{
    private static readonly TimeSpan BusyRetryAfter = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource dataSource;
    private readonly EventTypes types;
    private readonly EventReader events;
    private readonly AppendSignal signal;
    private readonly TimeProvider time;
    private readonly ILogger<EventAppender> logger;
    private readonly Func<BatchWriter> newWriter;
    private readonly ConcurrentBag<BatchWriter> idle = [];
    private readonly GroupCommit<PendingUnit, AppendOutcome> batches;

    public EventAppender(
        NpgsqlDataSource dataSource,
        EventTypes types,
        EventReader events,
        AppendSignal signal,
        EventStoreOptions options,
        TimeProvider time,
        ILogger<EventAppender> logger)
    {
        this.dataSource = dataSource;
        this.types = types;
        this.events = events;
        this.signal = signal;
        this.time = time;
        this.logger = logger;
        newWriter = () => new BatchWriter(dataSource, options, time, logger);
        var limits = new GroupCommitLimits { Queued = options.Queued, BatchItems = options.BatchUnits, BatchBytes = options.BatchBytes, Lanes = options.Lanes };
        batches = new GroupCommit<PendingUnit, AppendOutcome>(limits, WriteAsync);
    }

    /// <summary>Units that wait for their batch.</summary>
    public int Waiting => batches.Waiting;

    /// <param name="ct">Withdraws the unit while it waits; once it was sent, the caller learns what became of it.</param>
    /// <exception cref="InvalidUnitException">The unit cannot be stored; nothing was sent.</exception>
    /// <exception cref="EventStoreBusyException">Too many units wait; nothing was sent.</exception>
    /// <exception cref="EventStoreUnavailableException">Not written, and it never will be.</exception>
    /// <exception cref="UnknownOutcomeException">The database could not be asked in time whether it was written.</exception>
    public async Task<AppendOutcome> AppendAsync(UnitOfWork unit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var activity = Telemetry.Source.StartActivity("append");
        var pending = new PendingUnit(EncodedUnit.From(unit, types), time.GetTimestamp());
        if (!batches.TryEnqueue(pending))
        {
            Telemetry.Refused.Add(1);
            throw new EventStoreBusyException(BusyRetryAfter);
        }

        if (!ct.CanBeCanceled)
            return await pending.Completion;
        using var withdrawal = ct.UnsafeRegister(static (state, token) => ((PendingUnit)state!).Withdraw(token), pending);
        return await pending.Completion;
    }

    private const string ArchiveSql =
        """
        select archive_stream($1, $2)
        """;

    /// <summary>Closes a stream: its events stay readable, marked, and nothing more is appended.</summary>
    /// <returns>False when there is no such stream.</returns>
    public async Task<bool> ArchiveAsync(TenantId tenant, Guid streamId, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(ArchiveSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = streamId });
        return await command.ExecuteScalarAsync(ct) is long;
    }

    private async Task WriteAsync(IReadOnlyList<PendingUnit> batch, CancellationToken ct)
    {
        // The lane may run on a caller's thread: the batch is nobody's child, it links to the units' spans.
        Activity.Current = null;
        var units = new List<PendingUnit>(batch.Count);
        foreach (var unit in batch)
        {
            if (unit.TryTake())
                units.Add(unit);
        }

        // There are never more writers than lanes, each with a connection of its own.
        if (!idle.TryTake(out var writer))
            writer = newWriter();
        try
        {
            await WriteAsync(writer, units, ct);
        }
        finally
        {
            idle.Add(writer);
        }
    }

    private async Task WriteAsync(BatchWriter writer, List<PendingUnit> units, CancellationToken ct)
    {
        while (units.Count > 0)
        {
            var later = WithoutRepeatedKeys(units);
            using var activity = Telemetry.StartBatch(units);
            var sent = time.GetTimestamp();
            var outcomes = await writer.WriteAsync(units, ct);
            Telemetry.Written(units, outcomes, sent, time);
            signal.Appended();
            for (var i = 0; i < units.Count; i++)
                await CompleteAsync(units[i], outcomes[i], ct);
            units = later;
        }
    }

    /// <summary>Takes out units whose key is in the batch already: by the next batch the first of them has its answer.</summary>
    private static List<PendingUnit> WithoutRepeatedKeys(List<PendingUnit> units)
    {
        List<PendingUnit> later = [];
        HashSet<(TenantId, string)>? seen = null;
        foreach (var unit in units)
        {
            if (unit.Key is { } record && !(seen ??= []).Add((unit.Unit.Tenant, record.Key)))
                later.Add(unit);
        }

        if (later.Count > 0)
            units.RemoveAll(later.Contains);
        return later;
    }

    private async Task CompleteAsync(PendingUnit unit, WriteOutcome outcome, CancellationToken ct)
    {
        switch (outcome)
        {
            case { Error: { } error }:
                unit.Fail(error);
                break;
            case { Outcome: { } known }:
                unit.Succeed(known);
                break;
            default:
                await ReplayAsync(unit, ct);
                break;
        }
    }

    private async Task ReplayAsync(PendingUnit unit, CancellationToken ct)
    {
        try
        {
            var found = await events.FindIdempotentAnswerAsync(unit.Unit.Tenant, unit.Key!.Key, ct);
            if (found is null)
                unit.Fail(new EventStoreUnavailableException("The stored answer expired while it was looked up.", null));
            else
                unit.Succeed(new AppendOutcome.Replayed(found.Answer, found.Position));
        }
        catch (NpgsqlException error)
        {
            LogReplayFailed(error, unit.Unit.Tenant);
            unit.Fail(new EventStoreUnavailableException("The stored answer could not be read.", error));
        }
    }

    /// <summary>Writes what waits, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await batches.DisposeAsync();
        foreach (var writer in idle)
            await writer.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Could not read the stored answer of a repeated request of {Tenant}")]
    private partial void LogReplayFailed(Exception error, TenantId tenant);
}
