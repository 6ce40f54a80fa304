using Events.Commands.Deciding;

namespace Events.Commands.Workspaces;

public sealed record SwitchFeature(string Flag, bool On)
{
    internal static Decision Decide(WorkspaceState state, SwitchFeature command)
    {
        if (!state.Exists)
            return WorkspaceRefusals.NoWorkspace;
        if (state.Features.Contains(command.Flag) == command.On)
            return Decision.Nothing;
        return command.On && state.Features.Count >= WorkspaceLimits.Features
            ? WorkspaceRefusals.TooMany("features", WorkspaceLimits.Features)
            : Decision.Accept(new FeatureSwitched(command.Flag, command.On));
    }
}

/// <param name="Value">Null: back to the default.</param>
public sealed record ChangeSetting(string Name, string? Value)
{
    internal static Decision Decide(WorkspaceState state, ChangeSetting command)
    {
        if (!state.Exists)
            return WorkspaceRefusals.NoWorkspace;
        if (state.Settings.GetValueOrDefault(command.Name) == command.Value)
            return Decision.Nothing;
        return command.Value is not null && !state.Settings.ContainsKey(command.Name) && state.Settings.Count >= WorkspaceLimits.Settings
            ? WorkspaceRefusals.TooMany("settings", WorkspaceLimits.Settings)
            : Decision.Accept(new SettingChanged(command.Name, command.Value));
    }
}
