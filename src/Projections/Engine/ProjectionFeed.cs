using System.Diagnostics;
using Events.EventStore;
using Microsoft.Extensions.Logging;

namespace Events.Projections.Engine;

/// <summary>
/// Projections that stand at one position and move together: each event is read and deserialised once for all of them, and
/// their rows and progress are one transaction.
/// </summary>
internal sealed partial class ProjectionFeed(
    IReadOnlyList<PageTarget> members, EventTail tail, PageWriter writer, ProjectionPositions positions, ProjectionAnnouncer announcer, ProjectionOptions options, Guid owner, TimeProvider time, ILogger logger)
{
    /// <summary>A page of fewer is taken as soon as it is there; so few save nothing by waiting for others.</summary>
    private const int Few = 4;

    private readonly PageDistance distance = new(options.PageInterval * (1 + (3 * members[0].Projection.Lane)));
    private readonly ProjectionHead[] heads = [.. members.Select(m => m.Head)];
    private PageTarget[] targets = [.. members];

    public long Position { get; private set; } = members[0].Head.Position;

    public IReadOnlyList<PageTarget> Targets => targets;

    /// <summary>Goes on until the position, or for ever.</summary>
    public async Task RunAsync(long until, CancellationToken ct)
    {
        if (Position >= until)
            return;
        await foreach (var page in tail.SubscribeAsync(Position, ct))
        {
            var began = time.GetTimestamp();
            await ApplyAsync(page, until, ct);
            if (Position >= until)
                return;
            if (page.Events.Count < Few)
                distance.Reset();
            else if (!page.IsBehind)
                await RestAsync(distance.After(time.GetElapsedTime(began)), ct);
        }
    }

    // A page costs something whatever is in it. While events come by the hundred a second, pages that follow each other at once hold a
    // few each, and take from requests the processor time that fewer, fuller ones leave them (ADR 0039).
    private Task RestAsync(TimeSpan rest, CancellationToken ct) =>
        rest > TimeSpan.Zero ? Task.Delay(rest, time, ct) : Task.CompletedTask;

    private async Task ApplyAsync(EventPage page, long until, CancellationToken ct)
    {
        var ceiling = Math.Min(page.Position, until);
        if (ceiling <= Position)
            return;
        var events = page.Events.Count > 0 && (page.Events[^1].Position > ceiling || page.Events[0].Position <= Position)
            ? [.. page.Events.Where(e => e.Position > Position && e.Position <= ceiling)]
            : page.Events;

        var began = Stopwatch.GetTimestamp();
        using var activity = ProjectionTelemetry.Source.StartActivity("project page");
        activity?.SetTag("events.count", events.Count).SetTag("events.position", ceiling);
        var poison = await writer.WriteAsync(targets, events, new LiveCommit(heads, Position, ceiling, owner), ct);
        Position = ceiling;
        foreach (var target in targets)
            positions.Advance(target.Head.Name, ceiling);
        announcer.Tell(heads, ceiling);
        ProjectionTelemetry.Page(targets, events.Count, Stopwatch.GetElapsedTime(began), events.Count > 0 ? time.GetUtcNow() - events[0].Timestamp : TimeSpan.Zero);
        if (poison.Count > 0)
            Park(poison);
    }

    private void Park(IReadOnlyList<PoisonEvent> poison)
    {
        foreach (var one in poison)
        {
            LogParked(one.Projection, one.Stream.StreamId, one.Stream.Tenant.Value, one.Type, one.Position, one.Error);
            ProjectionTelemetry.Park(one.Projection, 1);
        }

        for (var i = 0; i < targets.Length; i++)
        {
            var exclusions = targets[i].Exclusions.Copy();
            foreach (var one in poison.Where(p => p.Projection == targets[i].Head.Name))
                exclusions.Park(one.Stream, one.Version);
            targets[i] = targets[i] with { Exclusions = exclusions };
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Projection} parked stream {StreamId} of tenant {Tenant}: its {EventType} at position {Position} cannot be folded: {Error}")]
    private partial void LogParked(string projection, Guid streamId, string tenant, string eventType, long position, string error);
}
