using Events.Commands.Tasks;
using Events.EventStore;
using Events.Projections.TaskHistory;

namespace Events.Projections.TaskDetail;

/// <summary>Folds a task's events into its document, and tells each as a line of history while what was before is still known.</summary>
internal static class TaskDetailFold
{
    public static void Evolve(TaskDetailRow row, RecordedEvent recorded)
    {
        var task = row.Document;
        if (recorded.Body is not TaskCreated && task.Version == 0)
            throw new InvalidOperationException($"A task begins with task_created, not with {recorded.Type}.");

        row.History.Add(new HistoryLine(recorded.Version, HistoryItem.Render(task, recorded)));
        switch (recorded.Body)
        {
            case TaskCreated e:
                Create(task, e, recorded);
                break;
            case TaskRetitled e:
                task.Title = e.To;
                break;
            case TaskDescriptionChanged e:
                task.Description = e.Description;
                break;
            case TaskStatusChanged e:
                task.Status = e.To;
                break;
            case TaskPrioritised e:
                task.Priority = e.To;
                break;
            case TaskAssigned e:
                task.AssigneeId = e.To;
                break;
            case TaskLabelled e:
                if (!task.Labels.Contains(e.Label))
                    task.Labels.Add(e.Label);
                task.Labels.Sort(StringComparer.Ordinal);
                break;
            case TaskUnlabelled e:
                task.Labels.Remove(e.Label);
                break;
            case TaskScheduled e:
                task.DueOn = e.To;
                break;
            case TaskEstimated e:
                task.Estimate = e.To;
                break;
            case TaskReparented e:
                task.ParentId = e.To;
                break;
            case TaskLinked e:
                if (!Enum.IsDefined(e.Kind))
                    throw new InvalidOperationException($"No link is of the kind {(int)e.Kind}.");
                if (!task.Links.Contains(new TaskLinkLine(e.Kind, e.OtherTaskId)))
                    task.Links.Add(new TaskLinkLine(e.Kind, e.OtherTaskId));
                break;
            case TaskUnlinked e:
                task.Links.Remove(new TaskLinkLine(e.Kind, e.OtherTaskId));
                break;
            case ChecklistItemAdded e:
                task.Checklist.Add(new ChecklistLine(e.ItemId, e.Text, Done: false));
                break;
            case ChecklistItemChanged e:
                if (task.Checklist.FindIndex(i => i.Id == e.ItemId) is >= 0 and var at)
                    task.Checklist[at] = new ChecklistLine(e.ItemId, e.Text, e.Done);
                break;
            case ChecklistItemRemoved e:
                task.Checklist.RemoveAll(i => i.Id == e.ItemId);
                break;
            case CommentAdded e:
                task.CommentCount++;
                row.Comments[e.CommentId] = new CommentChange(e.Body, EditedAt: null, new CommentBirth(recorded.Version, e.Author, recorded.OccurredAt));
                break;
            case CommentEdited e:
                row.Comments[e.CommentId] = new CommentChange(e.Body, recorded.OccurredAt, row.Comments.GetValueOrDefault(e.CommentId)?.Added);
                break;
            case CommentDeleted e:
                task.CommentCount--;
                row.Comments[e.CommentId] = new CommentChange(Body: null, recorded.OccurredAt, row.Comments.GetValueOrDefault(e.CommentId)?.Added);
                break;
            case TaskWatched e:
                if (!task.Watchers.Contains(e.PersonId))
                    task.Watchers.Add(e.PersonId);
                break;
            case TaskUnwatched e:
                task.Watchers.Remove(e.PersonId);
                break;
            case TaskReranked e:
                task.Rank = e.Rank;
                break;
            case TaskArchived:
                task.Archived = true;
                break;
            case TaskUnarchived:
                task.Archived = false;
                break;
            case TaskDeleted:
                task.Deleted = true;
                break;
            case TaskRestored:
                task.Deleted = false;
                break;
            default:
                throw new InvalidOperationException($"A task does not know what a {recorded.Type} means.");
        }

        task.Version = recorded.Version;
        task.UpdatedAt = recorded.OccurredAt.UtcDateTime;
        task.UpdatedBy = recorded.Metadata.Actor;
    }

    private static void Create(TaskDocument task, TaskCreated e, RecordedEvent recorded)
    {
        task.Id = recorded.StreamId;
        task.ProjectId = e.ProjectId;
        task.Key = e.Key;
        task.Number = e.Number;
        task.Title = e.Title;
        task.Description = e.Description;
        task.Status = e.Status;
        task.Priority = e.Priority;
        task.AssigneeId = e.AssigneeId;
        task.Labels = [.. e.Labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        task.DueOn = e.DueOn;
        task.Estimate = e.Estimate;
        task.ParentId = e.ParentId;
        task.Rank = e.Rank;
        task.CreatedAt = recorded.OccurredAt.UtcDateTime;
        task.CreatedBy = recorded.Metadata.Actor;
    }
}
