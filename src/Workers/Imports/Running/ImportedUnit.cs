using System.Globalization;
using Events.Commands.Reservations;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Workers.Imports.Reading;

namespace Events.Workers.Imports.Running;

/// <summary>The project that tasks go into.</summary>
internal sealed record TargetProject(Guid Id, string Key);

/// <summary>One row as events: the task, its checklist and comments, and its closing, each with who did it and when in the source.</summary>
internal static class ImportedUnit
{
    /// <summary>Comments that fit into one unit of work with everything else.</summary>
    private const int MaxComments = 700;

    /// <summary>The same row of the same source into the same project is the same task, in every run.</summary>
    public static Guid TaskId(ImportRecord import, Guid projectId, string sourceKey) =>
        ReservedName.StreamOf($"imported-task:{projectId:n}:{import.Format}:{import.Source}:{sourceKey}");

    public static UnitOfWork Of(ImportRecord import, TargetProject project, Guid taskId, long row, ImportedTask task, long number, Func<ImportedPerson?, Guid?> person)
    {
        var author = person(task.Author);
        var closed = task.Status is WorkStatus.Done or WorkStatus.Cancelled && task.ClosedAt is not null;
        var events = new List<object>(2 + task.Comments.Count)
        {
            Told(
                new TaskCreated(
                    project.Id,
                    number,
                    $"{project.Key}-{number}",
                    task.Title,
                    task.Description,
                    closed ? WorkStatus.Todo : task.Status ?? WorkStatus.Backlog,
                    task.Priority,
                    person(task.Assignee),
                    task.Labels,
                    task.DueOn,
                    task.Estimate,
                    ParentId: null,
                    Rank.OfNumber(number)),
                author,
                task.CreatedAt),
        };
        for (var i = 0; i < task.Checklist.Count; i++)
        {
            var item = ReservedName.StreamOf($"imported-item:{taskId:n}:{i}");
            events.Add(Told(new ChecklistItemAdded(item, task.Checklist[i].Text), author, task.CreatedAt));
            if (task.Checklist[i].Done)
                events.Add(Told(new ChecklistItemChanged(item, task.Checklist[i].Text, Done: true), author, task.UpdatedAt ?? task.CreatedAt));
        }
        foreach (var comment in task.Comments.Take(MaxComments))
        {
            var id = ReservedName.StreamOf($"imported-comment:{taskId:n}:{comment.SourceKey}");
            events.Add(Told(new CommentAdded(id, comment.Body, person(comment.Author)?.ToString("D") ?? import.RequestedBy), person(comment.Author), comment.At ?? task.CreatedAt));
        }
        if (closed)
            events.Add(Told(new TaskStatusChanged(WorkStatus.Todo, task.Status!.Value), person(task.ClosedBy), task.ClosedAt));
        return new UnitOfWork(import.Tenant, [new StreamAppend(taskId, TaskCommands.Aggregate.StreamType, ExpectedVersion.NoStream, events)]);

        DescribedEvent Told(object happened, Guid? who, DateTimeOffset? at) => new(happened, Metadata(import, row, task, who, at));
    }

    /// <summary>Events that the import itself is the author of.</summary>
    public static EventMetadata OwnMetadata(ImportRecord import) =>
        new(import.RequestedBy, import.Id.ToString("D"), null, null, new Dictionary<string, string> { ["import"] = import.Id.ToString("D") });

    private static EventMetadata Metadata(ImportRecord import, long row, ImportedTask task, Guid? who, DateTimeOffset? at)
    {
        var headers = new Dictionary<string, string>(5, StringComparer.Ordinal)
        {
            ["import"] = import.Id.ToString("D"),
            ["import-row"] = row.ToString(CultureInfo.InvariantCulture),
            ["imported-by"] = import.RequestedBy,
        };
        if (at is { } moment)
            headers[EventMetadata.OccurredAtHeader] = moment.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        if (task.Url is { Length: <= 2000 } url)
            headers["source-url"] = ImportFit.Clean(url);
        return new EventMetadata(who?.ToString("D") ?? import.RequestedBy, import.Id.ToString("D"), null, null, headers);
    }
}
