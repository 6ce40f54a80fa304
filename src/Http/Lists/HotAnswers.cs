using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using Events.EventStore;
using Events.Http.Auth;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Microsoft.Extensions.Caching.Memory;

namespace Events.Http.Lists;

/// <summary>Section <c>Events:HotAnswers</c>.</summary>
public sealed record HotAnswersOptions
{
    public const string Section = "Events:HotAnswers";

    /// <summary>What is kept in memory at most, bytes of answers; 0: nothing is.</summary>
    [Range(0, 1 << 30)]
    public int Bytes { get; set; } = 16 << 20;
}

/// <summary>
/// Answers from read models that are asked for again and again, kept while they are what the read model would say. Each carries the
/// position that it was true at; it counts as long as this process's tail has passed no later event of its workspace, whoever wrote it.
/// </summary>
/// <remarks>
/// Not kept: what was asked for once only, and what is asked by somebody from whom projects are hidden. Not served: what is below the
/// request's <c>Events-Min-Position</c>, or any of it when the request says <c>Cache-Control: no-cache</c>. Rows that change without an
/// event (a switch of a rebuilt view, a release of parked events) are told by <see cref="ProjectionPositions.Resets"/>. Behind all that,
/// should news not arrive, nothing is served that is older than <see cref="MaxAge"/>.
/// </remarks>
public sealed class HotAnswers(HotAnswersOptions options, EventTail tail, ProjectionPositions positions, TimeProvider time) : IDisposable
{
    internal static readonly Func<QueryDocument, (long Position, int Bytes)> MeasureDocument = static document => (document.Position, document.Json.Length);

    private const int Remembered = 8_192;
    private const int EntryBytes = 512;

    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private static readonly Counter<long> Asked =
        new Meter("Events.Http").CreateCounter<long>("events.hot_answers", "{answer}", "Answers of lists, searches and details, by whether memory had them.");

    private readonly MemoryCache kept = new(new MemoryCacheOptions { SizeLimit = Math.Max(1, options.Bytes), CompactionPercentage = 0.1 });
    private readonly int[] askedOnce = new int[Remembered];

    /// <param name="what">Everything that the answer depends on besides the workspace.</param>
    /// <param name="read">Asks the read model.</param>
    /// <param name="measure">An answer's position, and its size in bytes.</param>
    public async ValueTask<T> GetAsync<T>(HttpContext http, Caller caller, string what, Func<CancellationToken, Task<T>> read, Func<T, (long Position, int Bytes)> measure)
        where T : class
    {
        if (options.Bytes == 0 || caller.HiddenProjects.Count > 0)
            return await read(http.RequestAborted);
        var key = new Key(caller.Tenant, what);
        if (Find<T>(http, key) is { } found)
        {
            Asked.Add(1, new KeyValuePair<string, object?>("outcome", "hit"));
            http.Response.Headers["Cache-Status"] = "events; hit";
            return found;
        }

        Asked.Add(1, new KeyValuePair<string, object?>("outcome", "miss"));
        // Before the look: a reset during it makes the answer one of before.
        var resets = positions.Resets;
        var answer = await read(http.RequestAborted);
        if (WasAskedBefore(key))
        {
            var (position, bytes) = measure(answer);
            using var entry = kept.CreateEntry(key);
            entry.Size = bytes + EntryBytes;
            entry.Value = new Kept(answer, position, resets, time.GetTimestamp());
        }

        return answer;
    }

    private T? Find<T>(HttpContext http, Key key)
        where T : class =>
        kept.TryGetValue(key, out Kept? found)
        && found!.Answer is T answer
        && found.Position >= tail.LatestOf(key.Tenant)
        && found.Resets == positions.Resets
        && time.GetElapsedTime(found.At) < MaxAge
        && found.Position >= Freshness.Wanted(http.Request)
        && !http.Request.Headers.CacheControl.ToString().Contains("no-cache", StringComparison.OrdinalIgnoreCase)
            ? answer
            : null;

    /// <summary>Remembers roughly: one key may push out the memory of another.</summary>
    private bool WasAskedBefore(Key key)
    {
        var hash = key.GetHashCode();
        return Interlocked.Exchange(ref askedOnce[(uint)hash % Remembered], hash) == hash;
    }

    public void Dispose() => kept.Dispose();

    private sealed record Key(TenantId Tenant, string What);

    private sealed record Kept(object Answer, long Position, long Resets, long At);
}
