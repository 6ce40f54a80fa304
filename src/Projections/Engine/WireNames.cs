namespace Events.Projections.Engine;

/// <summary>Which stream an event is of, by its wire name; older shapes (<c>task_created_v2</c> and the like) included.</summary>
internal static class WireNames
{
    public static bool IsOfTask(string alias) =>
        alias.StartsWith("task_", StringComparison.Ordinal)
        || alias.StartsWith("checklist_", StringComparison.Ordinal)
        || alias.StartsWith("comment_", StringComparison.Ordinal);

    // A key's reservation lives on a stream of its own and says nothing that a list shows.
    public static bool IsOfProject(string alias) =>
        alias.StartsWith("project_", StringComparison.Ordinal) && !alias.StartsWith("project_key_", StringComparison.Ordinal);
}
