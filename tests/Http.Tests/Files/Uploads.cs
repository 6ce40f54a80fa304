using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Events.Http.Tests.Api;
using Shouldly;

namespace Events.Http.Tests.Files;

/// <summary>What a client does with files and jobs.</summary>
internal static class Uploads
{
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(30) };

    public static Task<Guid> UploadAsync(this ApiUser me, string text, string name = "tasks.csv", string type = "text/csv") => me.UploadAsync(Encoding.UTF8.GetBytes(text), name, type);

    public static async Task<Guid> UploadAsync(this ApiUser me, byte[] bytes, string name, string type)
    {
        var announced = await me.PostAsync("/api/v1/files", $$"""{"name":"{{name}}","size":{{bytes.Length}},"contentType":"{{type}}"}""");
        announced.Status.ShouldBe(HttpStatusCode.Created, announced.Text);
        (await PutAsync(announced.Body["upload"]!, bytes)).ShouldBe(HttpStatusCode.OK);
        return Guid.Parse(announced.Id);
    }

    public static async Task<HttpStatusCode> PutAsync(JsonNode upload, byte[] bytes)
    {
        using var request = new HttpRequestMessage(new HttpMethod((string)upload["method"]!), (string)upload["url"]!) { Content = new ByteArrayContent(bytes) };
        foreach (var (header, value) in upload["headers"]!.AsObject())
            request.Content.Headers.TryAddWithoutValidation(header, (string)value!);
        using var response = await Client.SendAsync(request);
        return response.StatusCode;
    }

    public static async Task<string> DownloadAsync(this ApiUser me, string fileId)
    {
        var file = await me.GetAsync($"/api/v1/files/{fileId}");
        file.Status.ShouldBe(HttpStatusCode.OK, file.Text);
        return await Client.GetStringAsync(new Uri((string)file.Body["download"]!["url"]!));
    }

    /// <summary>Follows a 202 to the end of its job.</summary>
    public static async Task<JsonNode> EndAsync(this ApiUser me, ApiAnswer accepted)
    {
        accepted.Status.ShouldBe(HttpStatusCode.Accepted, accepted.Text);
        accepted.Headers.RetryAfter.ShouldNotBeNull();
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (true)
        {
            var job = await me.GetAsync(accepted.Headers.Location!.ToString());
            job.Status.ShouldBe(HttpStatusCode.OK, job.Text);
            if ((string?)job.Body["status"] is "succeeded" or "dead" or "cancelled")
                return job.Body;
            DateTime.UtcNow.ShouldBeLessThan(deadline, job.Text);
        }
    }
}
