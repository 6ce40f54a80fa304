using System.Collections.Immutable;
using System.Diagnostics;

namespace Events.Commands.Workspaces;

/// <summary>A workspace as decisions and permission checks read it. Its stream's id is the workspace's id, and so is its tenant.</summary>
public sealed record WorkspaceState
{
    public const string StreamType = "workspace_state";

    public static WorkspaceState Initial { get; } = new();

    public bool Exists { get; init; }

    public string Name { get; init; } = "";

    public ImmutableDictionary<Guid, WorkspaceRole> Members { get; init; } = ImmutableDictionary<Guid, WorkspaceRole>.Empty;

    public ImmutableDictionary<Guid, Invitation> Invitations { get; init; } = ImmutableDictionary<Guid, Invitation>.Empty;

    public ImmutableDictionary<Guid, Label> Labels { get; init; } = ImmutableDictionary<Guid, Label>.Empty;

    public ImmutableDictionary<Guid, ApiToken> Tokens { get; init; } = ImmutableDictionary<Guid, ApiToken>.Empty;

    public ImmutableHashSet<string> Features { get; init; } = [];

    public ImmutableDictionary<string, string> Settings { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Only projects that are not open to every member.</summary>
    public ImmutableDictionary<Guid, ImmutableHashSet<Guid>> RestrictedProjects { get; init; } = ImmutableDictionary<Guid, ImmutableHashSet<Guid>>.Empty;

    public int Owners => Members.Values.Count(role => role == WorkspaceRole.Owner);

    public WorkspaceRole? RoleOf(Guid personId) => Members.TryGetValue(personId, out var role) ? role : null;

    /// <summary>The projects that the person must not learn of; empty for admins and owners.</summary>
    public IReadOnlyList<Guid> HiddenFrom(Guid personId) =>
        RestrictedProjects.IsEmpty || RoleOf(personId) is WorkspaceRole.Admin or WorkspaceRole.Owner
            ? []
            : [.. RestrictedProjects.Where(project => !project.Value.Contains(personId)).Select(project => project.Key)];

    public static WorkspaceState Evolve(WorkspaceState state, object @event) => @event switch
    {
        WorkspaceFounded e => state with { Exists = true, Name = e.Name },
        WorkspaceRenamed e => state with { Name = e.Name },
        MemberJoined e => state with { Members = state.Members.SetItem(e.PersonId, e.Role) },
        MemberRoleChanged e => state with { Members = state.Members.SetItem(e.PersonId, e.To) },
        MemberRemoved e => state.Without(e.PersonId),
        InvitationSent e => state with
        {
            Invitations = state.Invitations.SetItem(e.InvitationId, new(e.InvitationId, e.EmailIndex, e.Email, e.Role, e.InvitedBy, e.ExpiresAt)),
        },
        InvitationAccepted e => state with { Invitations = state.Invitations.Remove(e.InvitationId) },
        InvitationRevoked e => state with { Invitations = state.Invitations.Remove(e.InvitationId) },
        LabelDefined e => state with { Labels = state.Labels.SetItem(e.LabelId, new(e.LabelId, e.Name, e.Color, e.Description)) },
        LabelChanged e => state with { Labels = state.Labels.SetItem(e.LabelId, new(e.LabelId, e.Name, e.Color, e.Description)) },
        LabelRemoved e => state with { Labels = state.Labels.Remove(e.LabelId) },
        FeatureSwitched e => state with { Features = e.On ? state.Features.Add(e.Flag) : state.Features.Remove(e.Flag) },
        SettingChanged e => state with
        {
            Settings = e.Value is null ? state.Settings.Remove(e.Name) : state.Settings.SetItem(e.Name, e.Value),
        },
        ApiTokenIssued e => state with { Tokens = state.Tokens.SetItem(e.TokenId, new(e.TokenId, e.PersonId, e.Name, [.. e.Scopes], e.ExpiresAt)) },
        ApiTokenRevoked e => state with { Tokens = state.Tokens.Remove(e.TokenId) },
        VisibilityRestricted e => state with { RestrictedProjects = state.RestrictedProjects.SetItem(e.ProjectId, [.. e.PersonIds]) },
        VisibilityGranted e => state.WithAccess(e.ProjectId, people => people.Add(e.PersonId)),
        VisibilityWithdrawn e => state.WithAccess(e.ProjectId, people => people.Remove(e.PersonId)),
        VisibilityOpened e => state with { RestrictedProjects = state.RestrictedProjects.Remove(e.ProjectId) },
        _ => throw new UnreachableException($"A workspace has no {@event.GetType().Name}."),
    };

    // A member who comes back later finds neither the old tokens nor the old accesses.
    private WorkspaceState Without(Guid personId) => this with
    {
        Members = Members.Remove(personId),
        Tokens = Tokens.RemoveRange(Tokens.Values.Where(token => token.PersonId == personId).Select(token => token.Id)),
        RestrictedProjects = RestrictedProjects.SetItems(
            RestrictedProjects.Where(project => project.Value.Contains(personId))
                .Select(project => KeyValuePair.Create(project.Key, project.Value.Remove(personId)))),
    };

    private WorkspaceState WithAccess(Guid projectId, Func<ImmutableHashSet<Guid>, ImmutableHashSet<Guid>> change) =>
        RestrictedProjects.TryGetValue(projectId, out var people)
            ? this with { RestrictedProjects = RestrictedProjects.SetItem(projectId, change(people)) }
            : this;
}

/// <summary>An invitation that was neither accepted nor taken back; it may have expired.</summary>
public sealed record Invitation(Guid Id, Guid EmailIndex, Secrets.SealedText Email, WorkspaceRole Role, Guid InvitedBy, DateTimeOffset ExpiresAt);

public sealed record Label(Guid Id, string Name, string Color, string? Description);

/// <summary>A token that was not revoked; it may have expired.</summary>
public sealed record ApiToken(Guid Id, Guid PersonId, string Name, ImmutableArray<string> Scopes, DateTimeOffset ExpiresAt);
