using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Events.Commands.Permissions;
using Events.EventStore;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Jobs;
using Events.Http.Lists;
using Events.Messaging.Jobs;
using Events.Projections.Engine;

namespace Events.Http.Feeds;

/// <summary><c>GET /stream</c>: what changed, as the rows that screens show, with the position up to which they are true.</summary>
internal sealed class LiveStream(LiveRows rows, EventTail tail, EventReader events, JobFeed jobs, LiveConnections connections)
{
    /// <summary>Events that a returning screen is caught up with; after more it reads its lists again.</summary>
    private const int MostMissed = 5_000;

    private static readonly byte[] Nothing = "{}"u8.ToArray();

    private readonly record struct Message(string Kind, long? Position, byte[] Data);

    public async Task GetAsync(HttpContext http)
    {
        var query = QueryParameters.Read(http.Request);
        if (await http.RefusedAsync(query))
            return;
        var caller = http.Features.Get<Caller>()!;
        await using var connection = await connections.OpenAsync(http, Permission.TasksRead);
        await connection.RunAsync(MessagesAsync(caller, LastSeen(http.Request), connection.Ended), message =>
        {
            connection.Write(message.Kind, message.Position, message.Data);
            return Task.CompletedTask;
        });
    }

    private async IAsyncEnumerable<Message> MessagesAsync(Caller caller, long? lastSeen, [EnumeratorCancellation] CancellationToken ct)
    {
        // First listen, then look at what was missed: nothing falls in between, and a row told twice is the same row.
        var channel = rows.Watch(caller.Tenant);
        var told = Channel.CreateBounded<Message>(1_000);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var sources = Task.WhenAll(TellRowsAsync(caller, channel, told.Writer, stop.Token), TellJobsAsync(caller, told.Writer, stop.Token));
        try
        {
            yield return new Message("hello", tail.HighWater, Nothing);
            if (lastSeen is { } position)
            {
                foreach (var message in await MissedAsync(caller, position, ct))
                    yield return message;
            }

            await foreach (var message in told.Reader.ReadAllAsync(ct))
                yield return message;
        }
        finally
        {
            rows.Unwatch(caller.Tenant, channel);
            channel.Writer.TryComplete();
            await stop.CancelAsync();
            await sources.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static async Task TellRowsAsync(Caller caller, Channel<RowPatch> channel, ChannelWriter<Message> told, CancellationToken ct)
    {
        await foreach (var patch in channel.Reader.ReadAllAsync(ct))
        {
            if (caller.Sees(patch.ProjectId))
                await told.WriteAsync(Say(patch), ct);
        }

        await told.WriteAsync(new Message("reset", null, Nothing), ct);
        told.TryComplete();
    }

    private async Task TellJobsAsync(Caller caller, ChannelWriter<Message> told, CancellationToken ct)
    {
        if (!caller.Permissions.Holds(Permission.JobsRead))
            return;
        await foreach (var job in jobs.SubscribeAsync(caller.Tenant, ct))
            await told.WriteAsync(new Message("job", null, JobJson.Detail(job, [])), ct);
    }

    private async Task<IReadOnlyList<Message>> MissedAsync(Caller caller, long position, CancellationToken ct)
    {
        var high = tail.HighWater;
        var missed = new List<RecordedEvent>();
        await foreach (var recorded in events.ReadAllAsync(position, new EventFilter { Tenant = caller.Tenant, UpTo = high }, ct))
        {
            if (missed.Count == MostMissed)
                return [new Message("reset", high, Nothing)];
            missed.Add(recorded);
        }

        var patches = await rows.PatchesAsync(caller.Tenant, missed, high, ct);
        return [.. patches.Where(p => caller.Sees(p.ProjectId)).Select(Say)];
    }

    private static Message Say(RowPatch patch) => new(patch.Kind, patch.Position, JsonBytes.Render(patch, static (json, p) =>
    {
        json.WriteStartObject();
        json.WriteString("id"u8, p.Id);
        json.WriteNumber("position"u8, p.Position);
        json.WritePropertyName("row"u8);
        if (p.Row is { } row)
            json.WriteRawValue(row, skipInputValidation: true);
        else
            json.WriteNullValue();
        json.WriteEndObject();
    }));

    private static long? LastSeen(HttpRequest request) =>
        long.TryParse(request.Headers["Last-Event-ID"], NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : null;
}
