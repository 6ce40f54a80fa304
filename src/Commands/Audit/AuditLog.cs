using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Events.Commands.Audit;

/// <summary>
/// The admins' record. Requests hand their entry over and go on; entries are written together, and a flood of refusals
/// costs a bounded queue. What does not fit is counted, and said in the log, not silently lost.
/// </summary>
public sealed partial class AuditLog : IAsyncDisposable
{
    public const int MaxPage = 200;

    private const int Attempts = 5;

    private static readonly Meter Meter = new("Events.Http");
    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>("events.audit.dropped", "{entry}", "Entries that found the queue full or the database away.");
    private static readonly Counter<long> Written = Meter.CreateCounter<long>("events.audit.written", "{entry}");

    private readonly NpgsqlDataSource database;
    private readonly TimeProvider time;
    private readonly ILogger<AuditLog> logger;
    private readonly GroupCommit<Item, bool> queue;

    public AuditLog(NpgsqlDataSource database, TimeProvider time, ILogger<AuditLog> logger)
    {
        this.database = database;
        this.time = time;
        this.logger = logger;
        queue = new(new GroupCommitLimits { Queued = 20_000, BatchItems = 1_000 }, WriteAsync);
    }

    /// <summary>Returns at once. The returned task ends when the entry is stored; false when it could not be.</summary>
    public Task<bool> Record(AuditEntry entry)
    {
        var item = new Item(entry);
        if (queue.TryEnqueue(item))
            return item.Completion;
        Dropped.Add(1);
        LogFull(entry.Action, entry.Outcome);
        return Task.FromResult(false);
    }

    private async Task WriteAsync(IReadOnlyList<Item> batch, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await InsertAsync(batch, ct);
                Written.Add(batch.Count);
                foreach (var item in batch)
                    item.Succeed(true);
                return;
            }
            catch (NpgsqlException error) when (error.IsTransient && attempt < Attempts)
            {
                LogRetry(error, batch.Count, attempt);
                await Task.Delay(TimeSpan.FromMilliseconds(100 << attempt), time, ct);
            }
            catch (NpgsqlException error)
            {
                Dropped.Add(batch.Count);
                LogLost(error, batch.Count);
                foreach (var item in batch)
                    item.Succeed(false);
                return;
            }
        }
    }

    // An answer that got lost leaves rows that the retry meets again: same ids, so they are stored once.
    private const string InsertSql =
        """
        insert into audit_log (tenant_id, id, at, actor_id, token_id, action, target, outcome, status, address, client, request_id)
        select *
        from unnest(
            $1::varchar[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::varchar[], $7::varchar[], $8::varchar[],
            $9::smallint[], $10::inet[], $11::varchar[], $12::varchar[])
        on conflict do nothing
        """;

    private async Task InsertAsync(IReadOnlyList<Item> batch, CancellationToken ct)
    {
        await using var command = database.CreateCommand(InsertSql);
        Add(NpgsqlDbType.Varchar, entry => entry.Tenant.Value);
        Add(NpgsqlDbType.Uuid, entry => entry.Id);
        Add(NpgsqlDbType.TimestampTz, entry => entry.At);
        Add(NpgsqlDbType.Uuid, entry => entry.ActorId);
        Add(NpgsqlDbType.Uuid, entry => entry.TokenId);
        Add(NpgsqlDbType.Varchar, entry => entry.Action);
        Add(NpgsqlDbType.Varchar, entry => entry.Target);
        Add(NpgsqlDbType.Varchar, entry => entry.Outcome);
        Add(NpgsqlDbType.Smallint, entry => entry.Status);
        Add(NpgsqlDbType.Inet, entry => entry.Address);
        Add(NpgsqlDbType.Varchar, entry => entry.Client);
        Add(NpgsqlDbType.Varchar, entry => entry.RequestId);
        await command.ExecuteNonQueryAsync(ct);

        void Add<T>(NpgsqlDbType type, Func<AuditEntry, T> column) =>
            command.Parameters.Add(new() { Value = batch.Select(item => column(item.Entry)).ToArray(), NpgsqlDbType = type | NpgsqlDbType.Array });
    }

    private const string PageSql =
        """
        select id, at, actor_id, token_id, action, target, outcome, status, address, client, request_id
        from audit_log
        where tenant_id = $1
        and ($2::uuid is null or id < $2)
        and ($3::uuid is null or actor_id = $3)
        and ($4::varchar is null or action = $4)
        and ($5::varchar is null or outcome = $5)
        and ($6::timestamptz is null or at >= $6)
        and ($7::timestamptz is null or at < $7)
        order by id desc
        limit $8
        """;

    /// <summary>Newest first. The ids are UUIDv7, so they order by time.</summary>
    public async IAsyncEnumerable<AuditEntry> ReadAsync(
        TenantId tenant, AuditFilter filter, int limit, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = database.CreateCommand(PageSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = (object?)filter.Before ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = (object?)filter.ActorId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = (object?)filter.Action ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = (object?)filter.Outcome ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = (object?)filter.From ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = (object?)filter.To ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = limit });
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            yield return new(
                tenant,
                rows.GetGuid(0),
                rows.GetFieldValue<DateTimeOffset>(1),
                await rows.GetFieldValueAsync<Guid?>(2, ct),
                await rows.GetFieldValueAsync<Guid?>(3, ct),
                rows.GetString(4),
                rows.GetString(5),
                rows.GetString(6),
                rows.GetInt16(7),
                await rows.IsDBNullAsync(8, ct) ? null : rows.GetFieldValue<System.Net.IPAddress>(8),
                await rows.IsDBNullAsync(9, ct) ? null : rows.GetString(9),
                rows.GetString(10));
        }
    }

    private const string ForgetSql =
        """
        update audit_log
        set address = null, client = null
        where actor_id = $1
        """;

    /// <summary>What was done stays; from where and with what the erased person did it goes.</summary>
    public async Task ForgetPersonAsync(Guid personId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ForgetSql);
        command.Parameters.Add(new() { Value = personId });
        await command.ExecuteNonQueryAsync(ct);
    }

    public ValueTask DisposeAsync() => queue.DisposeAsync();

    private sealed class Item(AuditEntry entry) : GroupCommitItem<bool>
    {
        public AuditEntry Entry => entry;

        public override int Size => 400;
    }

    [LoggerMessage(LogLevel.Warning, "The audit queue is full: {Action} ({Outcome}) is not in the audit log.")]
    private partial void LogFull(string action, string outcome);

    [LoggerMessage(LogLevel.Warning, "{Count} audit entries could not be written (attempt {Attempt}).")]
    private partial void LogRetry(Exception error, int count, int attempt);

    [LoggerMessage(LogLevel.Error, "{Count} audit entries are lost.")]
    private partial void LogLost(Exception error, int count);
}
