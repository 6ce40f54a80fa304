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
                row.SetTitle(e.To);
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
                row.Labels = With(row.Labels, e.Label);
                break;
            case TaskUnlabelled e:
                row.Labels = [.. row.Labels.Where(l => l != e.Label)];
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
                row.SetRank(e.Rank);
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
        row.SetKey(e.Key);
        row.SetTitle(e.Title);
        row.Status = e.Status;
        row.Priority = e.Priority;
        row.AssigneeId = e.AssigneeId;
        row.DueOn = e.DueOn;
        row.Estimate = e.Estimate;
        row.ParentId = e.ParentId;
        row.SetRank(e.Rank);
        row.CreatedAt = at;
        row.Labels = InOrder(e.Labels);
    }

    // What an event lists is mostly in order already, and then serves as it is.
    private static string[] InOrder(IReadOnlyList<string> labels)
    {
        for (var i = 1; i < labels.Count; i++)
        {
            if (string.CompareOrdinal(labels[i - 1], labels[i]) >= 0)
                return [.. labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        }

        return labels as string[] ?? [.. labels];
    }

    private static string[] With(string[] labels, string label) =>
        labels.Contains(label, StringComparer.Ordinal) ? labels : [.. labels.Append(label).Order(StringComparer.Ordinal)];
}
