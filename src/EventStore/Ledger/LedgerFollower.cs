using System.Globalization;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore.Ledger;

/// <summary>
/// Follows all events and records what each tenant's come to. Every process runs one; the row of <c>event_ledger_progress</c>
/// lets one of them work at a time, and whoever finds it held, or further on than itself, only looks again later.
/// </summary>
/// <remarks>
/// It trails the events by up to <see cref="EventStoreOptions.LedgerPause"/> on purpose: a transaction for many events. What a crash
/// takes from it is computed again, so it does not wait for the disk.
/// </remarks>
internal sealed partial class LedgerFollower(
    NpgsqlDataSource dataSource,
    EventTail tail,
    EventLedger ledger,
    EventStoreOptions options,
    TimeProvider time,
    ILogger<LedgerFollower> logger) : BackgroundService
{
    private const int MostEvents = 20_000;
    private const int MostTenants = 10_000;

    /// <summary>A tenant's events between two entries that are kept; the latest entry is always kept.</summary>
    private const int EntryEvents = 500;

    private readonly Dictionary<TenantId, LedgerEntry> latest = [];
    private long reached = -1;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var pace = new PeriodicTimer(options.LedgerPause, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await RunOnceAsync(stoppingToken))
                {
                    // There may be more.
                }

                await pace.WaitForNextTickAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFailed(error);
                await Task.WhenAny(Task.Delay(options.LedgerPause, time, stoppingToken));
            }
        }
    }

    /// <summary>Records the next run of events; false when there was nothing, or another process is at it.</summary>
    public async Task<bool> RunOnceAsync(CancellationToken ct)
    {
        var high = tail.HighWater;
        if (high <= reached)
            return false;
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await HoldAsync(connection, ct) is not { } position)
            return false;
        if (position != reached)
            latest.Clear();
        if (position >= high)
        {
            reached = position;
            return false;
        }

        var kept = await FoldAsync(position, high, ct);
        await StoreAsync(connection, kept.Entries, ct);
        await AdvanceAsync(connection, kept.Last, ct);
        await transaction.CommitAsync(ct);
        reached = kept.Last;
        if (latest.Count > MostTenants)
            latest.Clear();
        return reached < tail.HighWater;
    }

    private const string HoldSql =
        """
        select position, set_config('synchronous_commit', 'off', true)
        from event_ledger_progress
        for update skip locked
        """;

    private static async Task<long?> HoldAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(HoldSql, connection);
        return await command.ExecuteScalarAsync(ct) as long?;
    }

    private async Task<(List<(TenantId Tenant, LedgerEntry Entry)> Entries, long Last)> FoldAsync(long after, long upTo, CancellationToken ct)
    {
        var kept = new List<(TenantId, LedgerEntry)>();
        var touched = new HashSet<TenantId>();
        var read = 0;
        var last = after;
        try
        {
            while (last < upTo && read < MostEvents)
            {
                // From the tail's memory where it reaches back so far: the events were read and parsed once already.
                var page = await tail.PageAsync(last, ct);
                foreach (var recorded in page.Events)
                {
                    var entry = (await LatestAsync(recorded.Tenant, after, ct)).With(recorded);
                    latest[recorded.Tenant] = entry;
                    touched.Add(recorded.Tenant);
                    if (entry.Events % EntryEvents == 0)
                        kept.Add((recorded.Tenant, entry));
                }

                read += page.Events.Count;
                last = page.Position;
            }
        }
        catch
        {
            // Half of a run is in memory: the next try starts from what is stored.
            latest.Clear();
            reached = -1;
            throw;
        }

        foreach (var tenant in touched)
        {
            if (latest[tenant].Events % EntryEvents != 0)
                kept.Add((tenant, latest[tenant]));
        }

        return (kept, last);
    }

    private async Task<LedgerEntry> LatestAsync(TenantId tenant, long upTo, CancellationToken ct)
    {
        if (latest.TryGetValue(tenant, out var known))
            return known;
        return await ledger.RecordedAsync(tenant, upTo, ct);
    }

    // The entry before the last one goes when it was only the latest of its time: what stays are the entries at whole
    // multiples, and the latest.
    private const string StoreSql =
        """
        with entry as (
          select *
          from unnest($1, $2, $3, $4, $5, $7) as e (tenant_id, position, events, sum, chain, keys)),
        passing as (
          delete from event_ledger l
          using (select distinct tenant_id from entry) e
          where l.tenant_id = e.tenant_id and l.events % $6 <> 0
            and l.position = (select max(position) from event_ledger m where m.tenant_id = e.tenant_id))
        insert into event_ledger (tenant_id, position, events, sum, chain, keys)
        select tenant_id, position, events, sum::numeric, chain, keys::numeric
        from entry
        """;

    private static async Task StoreAsync(NpgsqlConnection connection, List<(TenantId Tenant, LedgerEntry Entry)> entries, CancellationToken ct)
    {
        if (entries.Count == 0)
            return;
        await using var command = new NpgsqlCommand(StoreSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = [.. entries.Select(e => e.Tenant.Value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new NpgsqlParameter<long[]> { TypedValue = [.. entries.Select(e => e.Entry.Position)] },
                new NpgsqlParameter<long[]> { TypedValue = [.. entries.Select(e => e.Entry.Events)] },
                new NpgsqlParameter<string[]> { TypedValue = [.. entries.Select(e => e.Entry.Sum.ToString(CultureInfo.InvariantCulture))] },
                new NpgsqlParameter<byte[][]> { TypedValue = [.. entries.Select(e => e.Entry.Chain.ToArray())] },
                new NpgsqlParameter<int> { TypedValue = EntryEvents },
                new NpgsqlParameter<string[]> { TypedValue = [.. entries.Select(e => e.Entry.Keys.ToString(CultureInfo.InvariantCulture))] },
            },
        };
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string AdvanceSql =
        """
        update event_ledger_progress
        set position = $1
        """;

    private static async Task AdvanceAsync(NpgsqlConnection connection, long position, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(AdvanceSql, connection) { Parameters = { new NpgsqlParameter<long> { TypedValue = position } } };
        await command.ExecuteNonQueryAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger could not be written; it is tried again")]
    private partial void LogFailed(Exception error);
}
