using System.Collections.Concurrent;
using System.Diagnostics;

namespace Events.Projections.Engine;

/// <param name="Position">How far the projection is.</param>
/// <param name="Reached">Whether that is at least what was asked for.</param>
public readonly record struct PositionWait(bool Reached, long Position);

/// <summary>
/// Read-your-writes: a query that must reflect a position waits here until the projection has got there. Woken by this
/// process's own feed, or by NOTIFY when another process feeds; the database is asked once when the wait begins and once before it
/// is given up.
/// </summary>
public sealed class ProjectionPositions
{
    private readonly ConcurrentDictionary<string, PositionSignal> signals = new(StringComparer.Ordinal);
    private readonly ProjectionHeads heads;
    private readonly ProjectionOptions options;
    private readonly TimeProvider time;
    private bool listening;
    private long resets;

    internal ProjectionPositions(ProjectionHeads heads, ProjectionOptions options, TimeProvider time)
    {
        this.heads = heads;
        this.options = options;
        this.time = time;
    }

    /// <summary>Whether advances elsewhere are heard of now; nothing was missed since this became true.</summary>
    internal bool IsListening
    {
        get => Volatile.Read(ref listening);
        set => Volatile.Write(ref listening, value);
    }

    /// <summary>Grows when rows may have changed without an event: a switch, a rollback, a release of parked events.</summary>
    public long Resets => Volatile.Read(ref resets);

    /// <summary>What this process has last heard; 0 before anything.</summary>
    public long Heard(string projection) => Signal(projection).Position;

    /// <summary>Waits as long as the configuration says (2 s).</summary>
    /// <param name="projection">E.g. <c>TaskList</c>.</param>
    public Task<PositionWait> WaitAsync(string projection, long position, CancellationToken ct) =>
        WaitAsync(projection, position, options.WaitForPosition, ct);

    public async Task<PositionWait> WaitAsync(string projection, long position, TimeSpan atMost, CancellationToken ct)
    {
        var signal = Signal(projection);
        // While this process listens, what it has heard is still so: a crash of the server, which may lose the last pages, ends the listening.
        if (IsListening && signal.Position >= position)
            return new PositionWait(Reached: true, signal.Position);

        var began = Stopwatch.GetTimestamp();
        // The waiter first and the look second: an advance between the two wakes the waiter. While this process listens, it hears of
        // every advance and need not look.
        var reached = signal.Reach(position);
        if (!IsListening)
        {
            await RefreshAsync(ct);
            // What was heard was taken back by what was found.
            if (reached.IsCompleted && signal.Position < position)
                reached = signal.Reach(position);
        }

        if (!reached.IsCompleted)
        {
            try
            {
                await reached.WaitAsync(atMost, time, ct);
            }
            catch (TimeoutException)
            {
                await RefreshAsync(ct);
            }
        }

        ProjectionTelemetry.Waited(projection, Stopwatch.GetElapsedTime(began), signal.Position >= position);
        return new PositionWait(signal.Position >= position, signal.Position);
    }

    internal void Advance(string projection, long position) => Signal(projection).Advance(position);

    internal void Reset(string projection, long position)
    {
        Interlocked.Increment(ref resets);
        Signal(projection).Reset(position);
    }

    internal async Task RefreshAsync(CancellationToken ct)
    {
        var heard = signals.ToDictionary(s => s.Key, s => s.Value.Position, StringComparer.Ordinal);
        foreach (var (name, position) in await heads.PositionsAsync(ct))
            Signal(name).Correct(heard.GetValueOrDefault(name), position);
    }

    private PositionSignal Signal(string projection) =>
        signals.GetOrAdd(projection, static (_, most) => new PositionSignal(most), options.Waiters);
}
