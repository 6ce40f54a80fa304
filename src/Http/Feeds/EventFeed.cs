using System.Buffers;
using System.Text.Json;
using Events.Commands.Permissions;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Describing;
using Events.Http.Lists;

namespace Events.Http.Feeds;

/// <summary>Everything that happened in a workspace, in order: page by page, as a replay at full speed, or live.</summary>
internal sealed class EventFeed(EventReader events, EventTail tail, TaskCommands tasks, LiveConnections connections)
{
    /// <summary>Positions that one page looks through at most: a quiet workspace in a busy installation is answered in time all the same.</summary>
    private const long MostPositions = 100_000;

    private const int FlushEvery = 256;

    public async Task GetAsync(HttpContext http)
    {
        var wanted = FeedRequest.Read(http, out var query);
        if (await http.RefusedAsync(query))
            return;
        var accept = http.Request.Headers.Accept.ToString();
        if (accept.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
            await FollowAsync(http, wanted);
        else if (accept.Contains(CloudEventJson.LinesType, StringComparison.OrdinalIgnoreCase))
            await ReplayAsync(http, wanted);
        else
            await PageAsync(http, wanted);
    }

    private async Task PageAsync(HttpContext http, FeedRequest wanted)
    {
        var after = wanted.After ?? 0;
        var upTo = Math.Min(tail.HighWater, after + MostPositions);
        var found = new List<RecordedEvent>(wanted.Limit);
        if (after < upTo)
        {
            await foreach (var recorded in events.ReadAllAsync(after, wanted.Filter(upTo), http.RequestAborted))
            {
                if (!await wanted.TakesAsync(recorded, tasks, http.RequestAborted))
                    continue;
                found.Add(recorded);
                if (found.Count == wanted.Limit)
                    break;
            }
        }

        var reached = found.Count == wanted.Limit ? found[^1].Position : Math.Max(after, upTo);
        var body = JsonBytes.Render(found, static (json, items) =>
        {
            json.WriteStartArray();
            foreach (var recorded in items)
                CloudEventJson.Write(json, recorded);
            json.WriteEndArray();
        });
        var response = http.Response;
        response.Headers[CommandRunner.PositionHeader] = reached.ToString();
        response.Headers.Link = $"<{http.Request.Path}{NextQuery(http.Request, reached)}>; rel=\"next\"";
        // A full page never changes any more.
        response.Headers.CacheControl = found.Count == wanted.Limit ? "private, max-age=31536000, immutable" : "no-cache";
        var tag = ContentHash.TagOf(body);
        response.Headers.ETag = tag;
        if (Versions.IsNotModified(http.Request, tag))
        {
            response.StatusCode = 304;
            return;
        }

        response.ContentType = CloudEventJson.BatchType;
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    private async Task ReplayAsync(HttpContext http, FeedRequest wanted)
    {
        http.Response.ContentType = CloudEventJson.LinesType;
        var writer = http.Response.BodyWriter;
        var ct = http.RequestAborted;
        using var json = new Utf8JsonWriter((IBufferWriter<byte>)writer, new JsonWriterOptions { SkipValidation = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var written = 0;
        await foreach (var recorded in events.ReadAllAsync(wanted.After ?? 0, wanted.Filter(tail.HighWater), ct))
        {
            if (!await wanted.TakesAsync(recorded, tasks, ct))
                continue;
            CloudEventJson.Write(json, recorded);
            json.Flush();
            json.Reset();
            writer.Write("\n"u8);
            if (++written == wanted.MostLines)
                break;
            if (written % FlushEvery == 0)
                await writer.FlushAsync(ct);
        }

        await writer.FlushAsync(ct);
    }

    private async Task FollowAsync(HttpContext http, FeedRequest wanted)
    {
        await using var connection = await connections.OpenAsync(http, Permission.EventsRead);
        var after = wanted.After ?? tail.HighWater;
        await connection.RunAsync(tail.SubscribeAsync(after, connection.Ended), async page =>
        {
            foreach (var recorded in page.Events)
            {
                if (await wanted.TakesAsync(recorded, tasks, connection.Ended))
                    connection.Write(recorded.Type, recorded.Position, JsonBytes.Render(recorded, CloudEventJson.Write));
            }
        });
    }

    private static string NextQuery(HttpRequest request, long after)
    {
        var query = QueryString.Create("after", after.ToString());
        foreach (var name in new[] { "limit", "types", "streamId" })
        {
            if (request.Query[name] is { Count: > 0 } value)
                query = query.Add(name, value.ToString());
        }

        return query.Value!;
    }
}

public static class FeedEndpoints
{
    private const string Tag = "History";

    public static void MapFeeds(this IEndpointRouteBuilder api)
    {
        api.MapGet("/events", api.ServiceProvider.GetRequiredService<EventFeed>().GetAsync).RequirePermission(Permission.EventsRead).DisableRequestTimeout().Describe(new("listEvents", Tag, "Follow everything that happens")
        {
            Description = "CloudEvents 1.0, in order, without gaps. A page by default: go on at the `Link`, or with `after` set to `Events-Position`; an empty page means that there is nothing new. `Accept: application/x-ndjson` replays everything, or `limit` of it, at full speed; `Accept: text/event-stream` goes on live and resumes by `Last-Event-ID`.",
            Query =
            [
                new("after", """{"type":"integer","minimum":0}""", "Only what came after this position; 0 is the beginning.", "0"),
                Parameter.Limit,
                Parameter.Text("types", "Only these, separated by commas.", "task_created,task_status_changed", 2_000),
                Parameter.Id("streamId", "Only of this task or project."),
            ],
            MediaType = CloudEventJson.BatchType,
            OtherMediaTypes = [CloudEventJson.LinesType, "text/event-stream"],
            Example = $"[{CloudEventJson.Example}]",
            Paginated = true,
        });
        api.MapGet("/stream", api.ServiceProvider.GetRequiredService<LiveStream>().GetAsync).RequirePermission(Permission.TasksRead).DisableRequestTimeout().Describe(new("streamChanges", Tag, "Live changes of rows")
        {
            Description = "Server-sent events for screens: `task` and `project` with the row as it is now (null when it left the lists), `job` with its progress, and `reset` when too much was missed and lists must be read again. Resumes by `Last-Event-ID`.",
            MediaType = "text/event-stream",
            Example = "id: 4711\nevent: task\ndata: {\"id\":\"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60\",\"position\":4711,\"row\":null}\n\n",
            Streams = true,
        });
    }
}
