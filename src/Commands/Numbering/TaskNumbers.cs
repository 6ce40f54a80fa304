using System.Collections.Concurrent;
using Events.EventStore;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Commands.Numbering;

/// <summary>
/// Hands out the numbers of a project's tasks: unique, increasing in this process, with gaps after a restart or a refusal. A
/// quiet project takes one at a time; a busy one takes blocks, doubling while they run out quickly and halving when they lie about. What
/// several projects need at the same time is one round trip.
/// </summary>
public sealed class TaskNumbers : IAsyncDisposable
{
    private const int LargestBlock = 1_024;
    private const int CountersKept = 20_000;
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(4);

    private readonly ConcurrentDictionary<(TenantId Tenant, Guid Project), Counter> counters = new();
    private readonly GroupCommit<Reservation, long> reservations;
    private readonly NpgsqlDataSource database;
    private readonly TimeProvider clock;

    public TaskNumbers(NpgsqlDataSource database, TimeProvider clock)
    {
        this.database = database;
        this.clock = clock;
        reservations = new GroupCommit<Reservation, long>(new GroupCommitLimits(), ReserveAsync);
    }

    public ValueTask<long> NextAsync(TenantId tenant, Guid project, CancellationToken ct)
    {
        var counter = counters.GetOrAdd((tenant, project), static _ => new Counter());
        return counter.TryTake(out var number) ? new(number) : TakeFromNextBlockAsync(counter, tenant, project, ct);
    }

    private async ValueTask<long> TakeFromNextBlockAsync(Counter counter, TenantId tenant, Guid project, CancellationToken ct)
    {
        Interlocked.Increment(ref counter.Waiting);
        await counter.Refill.WaitAsync(ct);
        try
        {
            // Whoever held the gate before may have taken enough for all who waited.
            if (counter.TryTake(out var number))
                return number;
            var now = clock.GetTimestamp();
            var lasted = counter.Filled == 0 ? TimeSpan.MaxValue : clock.GetElapsedTime(counter.Filled, now);
            var wanted = lasted < Quick ? counter.Size * 2 : lasted < Slow ? counter.Size : counter.Size / 2;
            var size = Math.Clamp(Math.Max(counter.Waiting, wanted), 1, LargestBlock);
            var first = await ReserveAsync(tenant, project, size, ct);
            counter.Fill(first, size, now);
            if (counters.Count > CountersKept)
                Forget((tenant, project));
            return first;
        }
        finally
        {
            Interlocked.Decrement(ref counter.Waiting);
            counter.Refill.Release();
        }
    }

    // What is forgotten with numbers left leaves a gap, no more. A caller that still holds the counter goes on using it.
    private void Forget((TenantId Tenant, Guid Project) except)
    {
        foreach (var key in counters.Keys.Where(key => key != except).Take(CountersKept / 10))
            counters.TryRemove(key, out _);
    }

    private const string RaiseSql =
        """
        insert into task_numbers as n (tenant_id, project_id, next)
        values ($1, $2, $3 + 1)
        on conflict (tenant_id, project_id) do update
        set next = greatest(n.next, excluded.next)
        """;

    /// <summary>Numbers up to this one are taken: tasks came in that were numbered elsewhere.</summary>
    public async Task RaiseAsync(TenantId tenant, Guid project, long taken, CancellationToken ct)
    {
        await using var command = database.CreateCommand(RaiseSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = project });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = taken });
        await command.ExecuteNonQueryAsync(ct);
        counters.TryRemove((tenant, project), out _);
    }

    private async Task<long> ReserveAsync(TenantId tenant, Guid project, int size, CancellationToken ct)
    {
        var reservation = new Reservation(tenant, project, size);
        if (!reservations.TryEnqueue(reservation))
            throw new EventStoreBusyException(TimeSpan.FromSeconds(1));
        return await reservation.Completion.WaitAsync(ct);
    }

    // Asynchronous commit loses no number that was used: its record is in the log before that of the events which carry it, and
    // their commit waits until the log is on disk.
    private const string AsyncCommitSql =
        """
        select set_config('synchronous_commit', 'off', true)
        """;

    // In one order everywhere, so that two processes never wait for each other.
    private const string ReserveSql =
        """
        insert into task_numbers as n (tenant_id, project_id, next)
        select r.tenant_id, r.project_id, 1 + r.size
        from unnest($1, $2, $3) as r (tenant_id, project_id, size)
        order by r.tenant_id, r.project_id
        on conflict (tenant_id, project_id) do update
        set next = n.next + excluded.next - 1
        returning tenant_id, project_id, next
        """;

    private async Task ReserveAsync(IReadOnlyList<Reservation> batch, CancellationToken ct)
    {
        // A counter asks once at a time, but one that was forgotten may meet its successor here.
        var wanted = batch.ToLookup(r => (r.Tenant.Value, r.Project));
        await using var reserving = database.CreateBatch();
        reserving.BatchCommands.Add(new NpgsqlBatchCommand(AsyncCommitSql));
        reserving.BatchCommands.Add(new NpgsqlBatchCommand(ReserveSql)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = [.. wanted.Select(w => w.Key.Value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar },
                new NpgsqlParameter<Guid[]> { TypedValue = [.. wanted.Select(w => w.Key.Project)] },
                new NpgsqlParameter<long[]> { TypedValue = [.. wanted.Select(w => w.Sum(r => (long)r.Count))] },
            },
        });
        await using var reader = await reserving.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var end = reader.GetInt64(2);
            foreach (var reservation in wanted[(reader.GetString(0), reader.GetGuid(1))])
                reservation.Succeed(end -= reservation.Count);
        }
    }

    public ValueTask DisposeAsync() => reservations.DisposeAsync();

    /// <summary>A block that a counter waits for; the result is its first number.</summary>
    private sealed class Reservation(TenantId tenant, Guid project, int count) : GroupCommitItem<long>
    {
        public TenantId Tenant => tenant;

        public Guid Project => project;

        public int Count => count;

        public override int Size => 32;
    }

    private sealed class Counter
    {
        private readonly Lock taking = new();
        private long next;
        private long end;

        public int Waiting;

        public SemaphoreSlim Refill { get; } = new(1, 1);

        public int Size { get; private set; }

        public long Filled { get; private set; }

        public bool TryTake(out long number)
        {
            lock (taking)
            {
                number = next;
                return next < end && next++ >= 0;
            }
        }

        /// <summary>The first number is the filler's: whoever comes by may take all the others.</summary>
        public void Fill(long first, int size, long now)
        {
            lock (taking)
                (next, end, Size, Filled) = (first + 1, first + size, size, now);
        }
    }
}
