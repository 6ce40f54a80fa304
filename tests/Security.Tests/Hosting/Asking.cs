using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Events.Security.Tests.Hosting;

/// <summary>What somebody sends to prove who they are.</summary>
public sealed record Credential(string Kind, string? Bearer, string? Cookie)
{
    public static Credential None { get; } = new("no credentials", null, null);

    public static Credential OfToken(string kind, string secret) => new(kind, secret, null);

    public static Credential OfSession(string kind, string secret) => new(kind, null, secret);
}

public sealed record Answer(HttpStatusCode Status, string Text, System.Net.Http.Headers.HttpResponseHeaders Headers)
{
    public JsonNode Body => JsonNode.Parse(Text)!;

    /// <summary>The problem's code; null when it is none.</summary>
    public string? Code => (int)Status >= 400 && Text.StartsWith('{') ? (string?)Body["code"] : null;
}

public sealed class Asking(Uri url) : IDisposable
{
    private const int MaxRead = 1 << 20;

    private readonly HttpClient client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

    public async Task<Answer> SendAsync(Credential credential, string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(url, path));
        if (credential.Bearer is { } bearer)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bearer}");
        if (credential.Cookie is { } cookie)
            request.Headers.TryAddWithoutValidation("Cookie", $"events={cookie}");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, method == "PATCH" ? "application/merge-patch+json" : "application/json");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new(response.StatusCode, await ReadAsync(response), response.Headers);
    }

    // Some answers never end by themselves: what came within a moment is what there is to judge.
    private static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        using var moment = new CancellationTokenSource(response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? 300 : 20_000);
        var text = new MemoryStream();
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(moment.Token);
            var buffer = new byte[16 << 10];
            for (int read; text.Length < MaxRead && (read = await body.ReadAsync(buffer, moment.Token)) > 0;)
                text.Write(buffer, 0, read);
        }
        catch (OperationCanceledException)
        {
            return Encoding.UTF8.GetString(text.ToArray());
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    public void Dispose() => client.Dispose();
}
