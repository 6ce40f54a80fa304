using System.Collections.Concurrent;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Commands.Numbering;

/// <summary>
/// Hands out the numbers of a project's tasks: unique, increasing in this process, with gaps after a restart or a refusal. A
/// quiet project takes one at a time; a busy one takes blocks, doubling while they run out quickly.
/// </summary>
public sealed class TaskNumbers(NpgsqlDataSource database, TimeProvider clock)
{
    private const int LargestBlock = 1_024;
    private const int CountersKept = 20_000;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(TenantId Tenant, Guid Project), Counter> counters = new();

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
            var busy = counter.Filled != 0 && clock.GetElapsedTime(counter.Filled, now) < Quiet;
            var size = Math.Clamp(Math.Max(counter.Waiting, busy ? counter.Size * 2 : 1), 1, LargestBlock);
            var first = await ReserveAsync(tenant, project, size, ct);
            counter.Fill(first, size, now);
            if (counters.Count > CountersKept)
                Forget((tenant, project));
            return counter.TryTake(out number) ? number : throw new InvalidOperationException("A block of numbers was empty.");
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

    private const string ReserveSql =
        """
        insert into task_numbers as n (tenant_id, project_id, next)
        values ($1, $2, 1 + $3)
        on conflict (tenant_id, project_id) do update
        set next = n.next + $3
        returning next - $3
        """;

    private async Task<long> ReserveAsync(TenantId tenant, Guid project, int size, CancellationToken ct)
    {
        await using var command = database.CreateCommand(ReserveSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = project });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = size });
        return (long)(await command.ExecuteScalarAsync(ct))!;
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

        public void Fill(long first, int size, long now)
        {
            lock (taking)
                (next, end, Size, Filled) = (first, first + size, size, now);
        }
    }
}
