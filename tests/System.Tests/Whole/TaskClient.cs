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
        return (await response.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("id").GetGuid();
    }

    public async Task<string?> TitleAsync(Guid taskId, CancellationToken ct) =>
        (await http.GetFromJsonAsync<JsonElement>($"tasks/{taskId}", ct)).GetProperty("title").GetString();

    public async Task<JsonElement> ListAsync(string query, CancellationToken ct) => await http.GetFromJsonAsync<JsonElement>($"tasks?{query}", ct);

    public void Dispose() => http.Dispose();
}
