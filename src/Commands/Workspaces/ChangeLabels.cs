using Events.Commands.Deciding;

namespace Events.Commands.Workspaces;

public sealed record DefineLabel(Guid LabelId, string Name, string Color, string? Description)
{
    internal static Decision Decide(WorkspaceState state, DefineLabel command)
    {
        if (!state.Exists)
            return WorkspaceRefusals.NoWorkspace;
        if (state.Labels.ContainsKey(command.LabelId))
            return Decision.Refuse("id_taken", "There is a label with this id already.", "/id");
        if (Labels.NameTaken(state, command.Name, except: null))
            return Labels.Taken;
        return state.Labels.Count >= WorkspaceLimits.Labels
            ? WorkspaceRefusals.TooMany("labels", WorkspaceLimits.Labels)
            : Decision.Accept(new LabelDefined(command.LabelId, command.Name, command.Color, command.Description));
    }
}

/// <summary>Null members stay as they are.</summary>
public sealed record ChangeLabel(Guid LabelId, string? Name, string? Color, string? Description)
{
    internal static Decision Decide(WorkspaceState state, ChangeLabel command)
    {
        if (!state.Labels.TryGetValue(command.LabelId, out var label))
            return WorkspaceRefusals.NoLabel;
        var changed = new LabelChanged(
            label.Id, command.Name ?? label.Name, command.Color ?? label.Color, command.Description ?? label.Description);
        if (Labels.NameTaken(state, changed.Name, except: label.Id))
            return Labels.Taken;
        return changed == new LabelChanged(label.Id, label.Name, label.Color, label.Description) ? Decision.Nothing : Decision.Accept(changed);
    }
}

public sealed record RemoveLabel(Guid LabelId)
{
    internal static Decision Decide(WorkspaceState state, RemoveLabel command) =>
        state.Labels.ContainsKey(command.LabelId) ? Decision.Accept(new LabelRemoved(command.LabelId)) : WorkspaceRefusals.NoLabel;
}

file static class Labels
{
    public static Decision Taken { get; } = Decision.Refuse("label_taken", "There is a label of this name already.", "/name");

    public static bool NameTaken(WorkspaceState state, string name, Guid? except) =>
        state.Labels.Values.Any(label => label.Id != except && label.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
