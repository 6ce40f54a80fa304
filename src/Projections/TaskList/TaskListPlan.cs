namespace Events.Projections.TaskList;

/// <summary>What a list is read along: everything of the tenant, or what one of the filters names.</summary>
internal enum TaskListScope
{
    Workspace,
    Project,
    Assignee,
    Label,
}

/// <summary>The type of a sort column, and so its text in a cursor.</summary>
internal enum KeyKind
{
    Timestamp,
    Date,
    Number,
    Text,
}

/// <summary>One way to read the list that an index serves from any point on, in either direction.</summary>
/// <param name="Index">The one that the plan must use; a test holds it to that.</param>
/// <param name="Where">Conditions on the tenant in <c>$1</c> and what the scope names in <c>$2</c>.</param>
/// <param name="Column">What is ordered by; unique together with the task's id.</param>
internal sealed record TaskListPlan(TaskListScope Scope, TaskListOrder Order, string Index, string From, string Where, string Column, KeyKind Key)
{
    /// <summary>How many entries a page may look at in search of those that pass the other filters.</summary>
    public const int MostScanned = 2_000;

    private const string Tasks = "task_list t";
    private const string Visible = "t.tenant_id = $1 and not t.archived and not t.deleted";
    private const string InProject = $"{Visible} and t.project_id = $2";
    private const string OfAssignee = $"{Visible} and t.assignee_id = $2";
    private const string Dated = "t.due_on is not null";

    /// <summary>Every list that is offered.</summary>
    public static IReadOnlyList<TaskListPlan> All { get; } =
    [
        new(TaskListScope.Workspace, TaskListOrder.Created, "ix_task_list_created", Tasks, Visible, "t.created_at", KeyKind.Timestamp),
        new(TaskListScope.Workspace, TaskListOrder.Updated, "ix_task_list_updated", Tasks, Visible, "t.updated_at", KeyKind.Timestamp),
        new(TaskListScope.Workspace, TaskListOrder.Due, "ix_task_list_due", Tasks, $"{Visible} and {Dated}", "t.due_on", KeyKind.Date),
        // Within a project, tasks are created in the order of their numbers.
        new(TaskListScope.Project, TaskListOrder.Created, "ix_task_list_number", Tasks, InProject, "t.number", KeyKind.Number),
        new(TaskListScope.Project, TaskListOrder.Number, "ix_task_list_number", Tasks, InProject, "t.number", KeyKind.Number),
        new(TaskListScope.Project, TaskListOrder.Updated, "ix_task_list_project_updated", Tasks, InProject, "t.updated_at", KeyKind.Timestamp),
        new(TaskListScope.Project, TaskListOrder.Due, "ix_task_list_project_due", Tasks, $"{InProject} and {Dated}", "t.due_on", KeyKind.Date),
        new(TaskListScope.Project, TaskListOrder.Priority, "ix_task_list_priority", Tasks, InProject, "((t.priority::bigint << 48) + t.number)", KeyKind.Number),
        new(TaskListScope.Project, TaskListOrder.Rank, "ix_task_list_board", Tasks, InProject, "t.rank", KeyKind.Text),
        new(TaskListScope.Assignee, TaskListOrder.Created, "ix_task_list_assignee", Tasks, OfAssignee, "t.created_at", KeyKind.Timestamp),
        new(TaskListScope.Assignee, TaskListOrder.Due, "ix_task_list_assignee_due", Tasks, $"{OfAssignee} and {Dated}", "t.due_on", KeyKind.Date),
        new(
            TaskListScope.Label,
            TaskListOrder.Created,
            "pk_task_labels",
            "task_labels l join task_list t on t.tenant_id = l.tenant_id and t.task_id = l.task_id",
            "l.tenant_id = $1 and l.label = $2",
            "l.created_at",
            KeyKind.Timestamp),
    ];

    /// <summary>The board's index has the status before the rank: one run of it a status, merged.</summary>
    public bool IsByStatus => Order == TaskListOrder.Rank;

    public string Id => Scope == TaskListScope.Label ? "l.task_id" : "t.task_id";

    /// <summary>The narrowest of the scopes that the filter names that has the order; null when that list is not offered.</summary>
    public static TaskListPlan? Find(TaskListFilter filter, TaskListOrder order)
    {
        foreach (var scope in Scopes(filter))
        {
            foreach (var plan in All)
            {
                if (plan.Scope == scope && plan.Order == order)
                    return plan;
            }
        }

        return null;
    }

    public static IEnumerable<TaskListOrder> Orders(TaskListFilter filter) =>
        Scopes(filter).SelectMany(scope => All.Where(p => p.Scope == scope)).Select(p => p.Order).Distinct();

    private static IEnumerable<TaskListScope> Scopes(TaskListFilter filter)
    {
        if (filter.Label is not null)
            yield return TaskListScope.Label;
        if (filter.AssigneeId is not null)
            yield return TaskListScope.Assignee;
        if (filter.ProjectId is not null)
            yield return TaskListScope.Project;
        if (filter is { Label: null, AssigneeId: null, ProjectId: null })
            yield return TaskListScope.Workspace;
    }
}
