using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Events.Fixtures;

namespace Events.System.Tests.Whole;

/// <summary>A program that works in the demo workspace with the token from <c>run.json</c>.</summary>
internal sealed class TaskClient : IDisposable
{
    private readonly HttpClient http;
    private long position;

    public TaskClient(RunningService running)
    {
        http = new HttpClient { BaseAddress = new Uri(running.Url, "/api/v1/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", running.Token);
    }

    public async Task<Guid> FirstProjectAsync(CancellationToken ct) =>
        (await http.GetFromJsonAsync<JsonElement>("projects?limit=1", ct)).GetProperty("items")[0].GetProperty("id").GetGuid();

    /// <returns>The task's id once it is acknowledged.</returns>
    public async Task<Guid> CreateAsync(Guid projectId, string title, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "tasks") { Content = JsonContent.Create(new { projectId, title }) };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var response = await http.SendAsync(request, ct);
        response.StatusCode.ShouldBe(HttpStatusCode.Created, await response.Content.ReadAsStringAsync(ct));
        var written = long.Parse(response.Headers.GetValues("Events-Position").Single(), CultureInfo.InvariantCulture);
        for (var seen = Position; seen < written; seen = Position)
            Interlocked.CompareExchange(ref position, written, seen);
        return (await response.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("id").GetGuid();
    }

    /// <summary>The highest <c>Events-Position</c> that was answered.</summary>
    public long Position => Interlocked.Read(ref position);

    /// <param name="atLeast">The position that the answer has to reflect.</param>
    public async Task<string?> TitleAsync(Guid taskId, long atLeast, CancellationToken ct)
    {
        // After a crash the tail may hold at the hole that the sequence left; each 503 has waited on the server and says: again.
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"tasks/{taskId}");
            request.Headers.Add("Events-Min-Position", atLeast.ToString(CultureInfo.InvariantCulture));
            using var response = await http.SendAsync(request, ct);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && attempt < 15)
                continue;
            response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync(ct));
            return (await response.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("title").GetString();
        }
    }

    public async Task<JsonElement> ListAsync(string query, CancellationToken ct) => await http.GetFromJsonAsync<JsonElement>($"tasks?{query}", ct);

    public void Dispose() => http.Dispose();
}
