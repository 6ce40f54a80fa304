using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Events.Platform.Tenancy;
using Npgsql;
using Shouldly;

namespace Events.Http.Tests.Api;

/// <summary>Somebody in a workspace, and what they ask of the API.</summary>
public sealed class ApiUser(ApiServer server, TenantId tenant, Guid personId, string token)
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

    public TenantId Tenant => tenant;

    public Guid PersonId => personId;

    public string Token => token;

    public Uri Url => server.Url;

    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(server.Url, path)) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        using var response = await Client.SendAsync(request);
        var answer = new ApiAnswer(response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsByteArrayAsync());
        server.Description.ShouldDescribe(method, path, answer);
        return answer;
    }

    public Task<ApiAnswer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<ApiAnswer> PostAsync(string path, string json, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, Json(json), headers);

    public Task<ApiAnswer> PatchAsync(string path, string json, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Patch, path, new StringContent(json, Encoding.UTF8, "application/merge-patch+json"), headers);

    public Task<ApiAnswer> DeleteAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Delete, path, null, headers);

    public async Task<Guid> CreateProjectAsync(string key = "WEB")
    {
        var answer = await PostAsync("/api/v1/projects", $$"""{"key":"{{key}}","name":"Website"}""");
        answer.Status.ShouldBe(HttpStatusCode.Created, answer.Text);
        return Guid.Parse((string)answer.Body["id"]!);
    }

    public async Task<ApiAnswer> CreateTaskAsync(Guid project, string title = "Write the notes", string more = "")
    {
        var answer = await PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"{{title}}"{{more}}}""");
        answer.Status.ShouldBe(HttpStatusCode.Created, answer.Text);
        return answer;
    }

    /// <summary>How many events of tasks and projects the workspace has: a refused request leaves it as it was.</summary>
    public async Task<long> CountEventsAsync()
    {
        await using var command = server.Database.DataSource.CreateCommand("select count(*) from mt_events where tenant_id = $1 and stream_id <> $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.Parse(tenant.Value) });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}

public sealed record ApiAnswer(HttpStatusCode Status, HttpResponseHeaders Headers, string? MediaType, byte[] Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonNode Body => JsonNode.Parse(Bytes)!;

    public string Id => (string)Body["id"]!;

    public string Position => Headers.GetValues("Events-Position").Single();

    public string? ETag => Headers.ETag?.ToString();

    public IReadOnlyList<JsonNode> Items => [.. Body["items"]!.AsArray().Select(i => i!)];

    public string? NextCursor => (string?)Body["nextCursor"];

    public void ShouldBeProblem(HttpStatusCode status, string code, string? pointer = null)
    {
        Status.ShouldBe(status, Text);
        MediaType.ShouldBe("application/problem+json");
        if (pointer is null)
            ((string?)Body["code"]).ShouldBe(code, Text);
        else
            Body["errors"]!.AsArray().Select(e => ((string)e!["pointer"]!, (string)e["code"]!)).ShouldContain((pointer, code), Text);
    }
}
