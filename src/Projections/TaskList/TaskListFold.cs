using Events.Commands.Tasks;
using Events.EventStore;

namespace Events.Projections.TaskList;

internal static class TaskListFold
{
    public static void Evolve(TaskListRow row, RecordedEvent recorded)
    {
        switch (recorded.Body)
        {
            case TaskCreated e:
                Begin(row, e, recorded.OccurredAt);
                break;
            case var _ when row.Version == 0:
                throw new InvalidOperationException($"A task begins with task_created, not with {recorded.Type}.");
            case TaskRetitled e:
                row.Title = e.To;
                break;
            case TaskStatusChanged e:
                row.Status = e.To;
                break;
            case TaskPrioritised e:
                row.Priority = e.To;
                break;
            case TaskAssigned e:
                row.AssigneeId = e.To;
                break;
            case TaskLabelled e:
                Add(row.Labels, e.Label);
                break;
            case TaskUnlabelled e:
                row.Labels.Remove(e.Label);
                break;
            case TaskScheduled e:
                row.DueOn = e.To;
                break;
            case TaskEstimated e:
                row.Estimate = e.To;
                break;
            case TaskReparented e:
                row.ParentId = e.To;
                break;
            case TaskReranked e:
                row.Rank = e.Rank;
                break;
            case TaskArchived:
                row.Archived = true;
                break;
            case TaskUnarchived:
                row.Archived = false;
                break;
            case TaskDeleted:
                row.Deleted = true;
                break;
            case TaskRestored:
                row.Deleted = false;
                break;
            default:
                // The other events of a task change nothing that a list shows but the version and the time.
                break;
        }

        row.Version = recorded.Version;
        row.UpdatedAt = recorded.OccurredAt;
    }

    public static void Begin(TaskListRow row, TaskCreated e, DateTimeOffset at)
    {
        row.ProjectId = e.ProjectId;
        row.Number = e.Number;
        row.HumanKey = e.Key;
        row.Title = e.Title;
        row.Status = e.Status;
        row.Priority = e.Priority;
        row.AssigneeId = e.AssigneeId;
        row.DueOn = e.DueOn;
        row.Estimate = e.Estimate;
        row.ParentId = e.ParentId;
        row.Rank = e.Rank;
        row.CreatedAt = at;
        foreach (var label in e.Labels)
            Add(row.Labels, label);
    }

    private static void Add(List<string> labels, string label)
    {
        var at = labels.BinarySearch(label, StringComparer.Ordinal);
        if (at < 0)
            labels.Insert(~at, label);
    }
}
