using System.Net;
using System.Net.Http.Headers;
using Shouldly;

namespace Events.Http.Tests.Api;

/// <summary>A stream of server-sent events, read one by one.</summary>
internal sealed class SseReader(HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
{
    private static readonly HttpClient Client = new();

    public static async Task<SseReader> OpenAsync(ApiUser me, string path, string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(me.Url, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", me.Token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastId is not null)
            request.Headers.Add("Last-Event-ID", lastId);
        var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return new SseReader(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    public async Task<(string? Id, string Data)> NextAsync(string name)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string? id = null, happened = null, data = null;
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = line[4..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
                happened = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                data = line[6..];
            else if (line.Length == 0 && happened == name)
                return (id, data!);
            else if (line.Length == 0)
                (id, happened, data) = (null, null, null);
        }

        throw new InvalidOperationException($"The stream ended before {name} came.");
    }

    public ValueTask DisposeAsync()
    {
        reader.Dispose();
        response.Dispose();
        return ValueTask.CompletedTask;
    }
}
