using System.Collections.Concurrent;

namespace Events.Http.Limiting;

/// <summary>A quota per key within a window that begins with the key's first request. Of this process alone.</summary>
/// <param name="name">As in the <c>RateLimit-Policy</c> header.</param>
internal sealed class RateLimit(string name, int quota, TimeSpan window, TimeProvider time)
{
    private const int MaxKeys = 100_000;

    private readonly ConcurrentDictionary<string, Window> windows = new(StringComparer.Ordinal);

    /// <summary>The header <c>RateLimit-Policy</c>.</summary>
    public string Policy { get; } = $"\"{name}\";q={quota};w={(int)window.TotalSeconds}";

    public string Name => name;

    /// <summary>Counts one request.</summary>
    public RateLimitState Take(string key) => StateOf(WindowOf(key).Take(quota));

    /// <summary>Looks without counting.</summary>
    public RateLimitState Peek(string key) =>
        windows.TryGetValue(key, out var found) && time.GetUtcNow() < found.Ends ? StateOf(found.Look(quota)) : new(name, true, quota, (int)window.TotalSeconds);

    private Window WindowOf(string key)
    {
        var now = time.GetUtcNow();
        if (windows.TryGetValue(key, out var found) && now < found.Ends)
            return found;
        if (windows.Count >= MaxKeys)
            RemoveEnded(now);
        return windows.AddOrUpdate(
            key,
            static (_, ends) => new Window(ends),
            (_, old, ends) => now < old.Ends ? old : new Window(ends),
            now + window);
    }

    private void RemoveEnded(DateTimeOffset now)
    {
        foreach (var entry in windows)
        {
            if (entry.Value.Ends <= now)
                windows.TryRemove(entry);
        }
        // Everything is in use: forget rather than grow. What is lost is some counts of one window.
        if (windows.Count >= MaxKeys)
            windows.Clear();
    }

    private RateLimitState StateOf((bool Allowed, int Remaining, DateTimeOffset Ends) taken) =>
        new(name, taken.Allowed, taken.Remaining, Math.Max(1, (int)Math.Ceiling((taken.Ends - time.GetUtcNow()).TotalSeconds)));

    private sealed class Window(DateTimeOffset ends)
    {
        private int used;

        public DateTimeOffset Ends => ends;

        public (bool Allowed, int Remaining, DateTimeOffset Ends) Take(int quota)
        {
            var now = Interlocked.Increment(ref used);
            return (now <= quota && now > 0, Math.Max(0, quota - now), ends);
        }

        public (bool Allowed, int Remaining, DateTimeOffset Ends) Look(int quota)
        {
            var now = Volatile.Read(ref used);
            return (now < quota, Math.Max(0, quota - now), ends);
        }
    }
}

/// <param name="Remaining">Requests left in the window.</param>
/// <param name="Reset">Seconds until the window ends.</param>
internal readonly record struct RateLimitState(string Policy, bool Allowed, int Remaining, int Reset)
{
    /// <summary>The header <c>RateLimit</c>.</summary>
    public string Header => $"\"{Policy}\";r={Remaining};t={Reset}";
}
