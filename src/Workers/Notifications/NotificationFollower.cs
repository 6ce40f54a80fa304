using System.Text.RegularExpressions;
using Events.Commands.Reservations;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Messaging.Sending;
using Events.Platform.Outbox;
using Events.Workers.Enrichment;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Events.Workers.Notifications;

/// <summary>
/// Follows all events and sends what they mean for people: messages, the reminders' table and the new position are one transaction,
/// so each event is acted on exactly once. Runs in every process of the role; whoever is first with a page has it.
/// </summary>
public sealed partial class NotificationFollower(EventTail tail, NpgsqlDataSource database, MessageBus bus, IOptions<EnrichmentOptions> enrichment, TimeProvider time, ILogger<NotificationFollower> logger)
    : BackgroundService
{
    /// <summary>Characters of a description that is worth a summary.</summary>
    private const int EnrichedFrom = 400;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    /// <summary>Pages are begun this far apart: people are written to within a moment, and a transaction for every few events would take from those who wait for their own.</summary>
    private static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogStopped(error);
                await Task.Delay(AfterFailure, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FollowAsync(CancellationToken ct)
    {
        var position = await BeginAsync(ct);
        await foreach (var page in tail.SubscribeAsync(position, ct))
        {
            var began = time.GetTimestamp();
            // Another process has taken this page: go on from where it is now.
            if (!await TakeAsync(page.Events, position, page.Position, ct))
                return;
            position = page.Position;
            if (!page.IsBehind && Distance - time.GetElapsedTime(began) is { Ticks: > 0 } rest)
                await Task.Delay(rest, time, ct);
        }
    }

    // The disk is not waited for: what a crash of the server takes back it takes back whole, with whatever was done with the messages since,
    // and the events from which all of it is made again are on disk.
    private const string RelaxSql =
        """
        select set_config('synchronous_commit', 'off', true)
        """;

    private const string AdvanceSql =
        """
        update notification_progress
        set position = $2
        where position = $1
        """;

    /// <summary>Acts on a page; false when the position was not <paramref name="from"/> any more.</summary>
    public async Task<bool> TakeAsync(IReadOnlyList<RecordedEvent> events, long from, long to, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        // The row's lock makes a second process wait here; it then finds another position and leaves.
        await using (var advance = new NpgsqlBatch(connection, transaction))
        {
            advance.BatchCommands.Add(new(RelaxSql));
            advance.BatchCommands.Add(new(AdvanceSql) { Parameters = { new NpgsqlParameter<long> { TypedValue = from }, new NpgsqlParameter<long> { TypedValue = to } } });
            await advance.ExecuteNonQueryAsync(ct);
            if (advance.BatchCommands[1].RecordsAffected == 0)
                return false;
        }
        await Reminders.ApplyAsync(events, transaction, ct);
        var messages = events.SelectMany(Messages).ToList();
        foreach (var chunk in messages.Chunk(500))
            await MessageBus.EnqueueAsync(connection, chunk, ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    private const string BeginSql =
        """
        insert into notification_progress (position)
        values ($1)
        on conflict do nothing
        """;

    private const string PositionSql =
        """
        select position
        from notification_progress
        """;

    /// <summary>Where to go on. The first start begins at the first event: old tasks have reminders too, and what is old is not written about.</summary>
    public async Task<long> BeginAsync(CancellationToken ct)
    {
        await using (var begin = database.CreateCommand(BeginSql))
        {
            begin.Parameters.Add(new() { Value = 0L });
            await begin.ExecuteNonQueryAsync(ct);
        }
        await using var command = database.CreateCommand(PositionSql);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    private IEnumerable<OutboxMessage> Messages(RecordedEvent recorded)
    {
        // An import tells of the past, and so does a backup: nobody is written to about it. Nor about what is a day old.
        if (recorded.Metadata.Headers is { } headers && (headers.ContainsKey("import") || headers.ContainsKey(EventMetadata.RecordedAtHeader)))
            yield break;
        if (recorded.Timestamp < time.GetUtcNow() - TimeSpan.FromDays(1))
            yield break;
        if (enrichment.Value.Automatic && recorded.Body is TaskCreated { Description.Length: >= EnrichedFrom })
        {
            yield return bus.Create(
                recorded.Tenant, new EnrichTask(recorded.StreamId), new MessageOptions { Id = ReservedName.StreamOf($"enrich:{recorded.Id:n}"), Priority = 7 });
        }
        foreach (var (person, kind) in Meant(recorded.Body))
        {
            if (string.Equals(person.ToString("D"), recorded.Metadata.Actor, StringComparison.OrdinalIgnoreCase))
                continue;
            yield return bus.Create(
                recorded.Tenant,
                new NotifyPerson(person, kind, recorded.StreamId, recorded.Metadata.Actor),
                new MessageOptions { Id = ReservedName.StreamOf($"notify:{recorded.Id:n}:{person:n}:{kind}"), TraceParent = recorded.Metadata.TraceParent });
        }
    }

    private static IEnumerable<(Guid Person, NotificationKind Kind)> Meant(object? happened) => happened switch
    {
        TaskCreated e => (e.AssigneeId is { } assignee ? [(assignee, NotificationKind.Assigned)] : (IEnumerable<(Guid, NotificationKind)>)[]).Concat(Mentioned(e.Description)),
        TaskAssigned { To: { } to } => [(to, NotificationKind.Assigned)],
        CommentAdded e => Mentioned(e.Body),
        TaskDescriptionChanged e => Mentioned(e.Description),
        _ => [],
    };

    private static IEnumerable<(Guid, NotificationKind)> Mentioned(string? text) => text is null || !text.Contains("](person:", StringComparison.Ordinal)
        ? []
        : Mention().Matches(text).Select(static m => Guid.Parse(m.Groups["id"].ValueSpan)).Distinct().Take(50).Select(static id => (id, NotificationKind.Mentioned));

    /// <summary>In Markdown a link to a person: <c>@[Ann](person:01938f5e-…)</c>.</summary>
    [GeneratedRegex(@"@\[[^\]\n]{1,100}\]\(person:(?<id>[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Mention();

    [LoggerMessage(Level = LogLevel.Error, Message = "Following events for notifications stopped; it starts again")]
    private partial void LogStopped(Exception error);
}
