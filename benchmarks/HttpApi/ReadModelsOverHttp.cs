using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Npgsql;

namespace Events.Benchmarks.HttpApi;

/// <summary>Asks a running service whether its read models have everything that is in the store.</summary>
internal sealed class ReadModelsOverHttp(Uri service, string token, NpgsqlDataSource database)
{
    // One query of each view; the service itself holds the request until the view is there, or answers 503 with how far it is.
    private static readonly string[] Views = ["/api/v1/tasks?limit=1", "/api/v1/projects?limit=1", "/api/v1/workspace/counts", "/api/v1/search?q=login", "/api/v1/people?limit=1"];

    private static readonly TimeSpan MostWaited = TimeSpan.FromMinutes(10);

    private const string LastPosition =
        """
        select max(seq_id)
        from mt_events
        """;

    private const string ReachedPosition =
        """
        select coalesce(min(p.last_seq_id), 0)
        from projection_heads h
        join mt_event_progression p on p.name = h.shard
        """;

    /// <returns>How long it took until every view was level.</returns>
    public async Task<TimeSpan> WaitAsync(CancellationToken ct)
    {
        await using var last = database.CreateCommand(LastPosition);
        var position = (long)(await last.ExecuteScalarAsync(ct))!;
        using var http = new HttpClient { BaseAddress = service };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        http.DefaultRequestHeaders.Add("Events-Min-Position", position.ToString(CultureInfo.InvariantCulture));
        var clock = Stopwatch.StartNew();
        // Asked past the service first: a rebuild would give way to requests that wait for it.
        await using var reached = database.CreateCommand(ReachedPosition);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while ((long)(await reached.ExecuteScalarAsync(ct))! < position && clock.Elapsed < MostWaited)
            await timer.WaitForNextTickAsync(ct);
        foreach (var view in Views)
        {
            while (true)
            {
                using var answer = await http.GetAsync(view, ct);
                if (answer.IsSuccessStatusCode)
                    break;
                if (clock.Elapsed > MostWaited)
                    throw new InvalidOperationException($"The read models did not catch up: {await answer.Content.ReadAsStringAsync(ct)}");
            }
        }

        return clock.Elapsed;
    }
}
