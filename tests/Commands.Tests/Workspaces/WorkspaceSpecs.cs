using Events.Commands.Permissions;
using Events.Commands.Secrets;
using Events.Commands.Tests.Deciding;
using Events.Commands.Workspaces;
using Shouldly;
using Xunit;

namespace Events.Commands.Tests.Workspaces;

public sealed class WorkspaceSpecs
{
    private static readonly Spec<WorkspaceState> Workspace = new(WorkspaceState.Initial, WorkspaceState.Evolve);
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Olga = Guid.CreateVersion7();
    private static readonly Guid Adam = Guid.CreateVersion7();
    private static readonly Guid Mia = Guid.CreateVersion7();
    private static readonly Guid Invitation = Guid.CreateVersion7();
    private static readonly Guid Email = Guid.NewGuid();
    private static readonly SealedText Sealed = new($"sealed:1:{Guid.NewGuid():N}:AAAA");

    private static readonly object[] Founded = [new WorkspaceFounded("Acme"), new MemberJoined(Olga, WorkspaceRole.Owner, null)];

    private static readonly object[] Team =
        [.. Founded, new MemberJoined(Adam, WorkspaceRole.Admin, null), new MemberJoined(Mia, WorkspaceRole.Member, null)];

    private static InvitationSent Sent(WorkspaceRole role, Guid by) => new(Invitation, Sealed, Email, role, by, Now.AddDays(14));

    private static InviteMember Invite(WorkspaceRole role, Guid by, Guid? invitee = null) =>
        new(Invitation, Sealed, Email, invitee, role, by, Now.AddDays(14));

    [Fact]
    public void Founding_a_workspace_makes_its_founder_the_owner() =>
        Workspace.Given().When(s => FoundWorkspace.Decide(s, new("Acme", Olga))).Then(Founded).Owners.ShouldBe(1);

    [Fact]
    public void Founding_twice_does_nothing() =>
        Workspace.Given(Founded).When(s => FoundWorkspace.Decide(s, new("Acme", Olga))).ThenNothing();

    [Fact]
    public void An_invitation_is_accepted_once()
    {
        var after = Workspace.Given([.. Founded, Sent(WorkspaceRole.Member, Olga)])
            .When(s => AcceptInvitation.Decide(s, new(Invitation, Mia), Now))
            .Then(new InvitationAccepted(Invitation, Mia), new MemberJoined(Mia, WorkspaceRole.Member, Invitation));
        AcceptInvitation.Decide(after, new(Invitation, Adam), Now).ShouldBe(WorkspaceRefusals.NoInvitation);
    }

    [Fact]
    public void An_expired_invitation_is_not_there() => Workspace.Given([.. Founded, Sent(WorkspaceRole.Member, Olga)])
        .When(s => AcceptInvitation.Decide(s, new(Invitation, Mia), Now.AddDays(14))).ThenRefuses("invitation_not_found");

    [Fact]
    public void A_second_invitation_to_one_address_replaces_the_first()
    {
        var second = Guid.CreateVersion7();
        Workspace.Given([.. Founded, Sent(WorkspaceRole.Member, Olga)])
            .When(s => InviteMember.Decide(s, Invite(WorkspaceRole.Admin, Olga) with { InvitationId = second }, Now))
            .Then(new InvitationRevoked(Invitation), Sent(WorkspaceRole.Admin, Olga) with { InvitationId = second });
    }

    [Fact]
    public void Nobody_invites_above_their_own_role() =>
        Workspace.Given(Team).When(s => InviteMember.Decide(s, Invite(WorkspaceRole.Owner, Adam), Now)).ThenRefuses("role_above_own");

    [Fact]
    public void A_member_is_not_invited_again() =>
        Workspace.Given(Team).When(s => InviteMember.Decide(s, Invite(WorkspaceRole.Member, Olga, Mia), Now)).ThenRefuses("already_a_member");

    [Fact]
    public void The_last_owner_stays() =>
        Workspace.Given(Team).When(s => RemoveMember.Decide(s, new(Olga, Olga))).ThenRefuses("last_owner");

    [Fact]
    public void The_last_owner_keeps_the_role() =>
        Workspace.Given(Team).When(s => ChangeMemberRole.Decide(s, new(Olga, WorkspaceRole.Admin, Olga))).ThenRefuses("last_owner");

    [Fact]
    public void An_admin_does_not_touch_an_owner() =>
        Workspace.Given(Team).When(s => RemoveMember.Decide(s, new(Olga, Adam))).ThenRefuses("role_above_own");

    [Fact]
    public void An_admin_does_not_make_an_owner() =>
        Workspace.Given(Team).When(s => ChangeMemberRole.Decide(s, new(Mia, WorkspaceRole.Owner, Adam))).ThenRefuses("role_above_own");

    [Fact]
    public void Changing_a_role_to_what_it_is_does_nothing() =>
        Workspace.Given(Team).When(s => ChangeMemberRole.Decide(s, new(Mia, WorkspaceRole.Member, Adam))).ThenNothing();

    [Fact]
    public void Leaving_takes_ones_tokens_and_accesses_along_for_good()
    {
        var project = Guid.CreateVersion7();
        var token = Guid.CreateVersion7();
        var after = Workspace.Given([.. Team, new ApiTokenIssued(token, Mia, "ci", [Permission.TasksRead], Now.AddDays(1)), new VisibilityRestricted(project, [Mia])])
            .When(s => RemoveMember.Decide(s, new(Mia, Mia))).Then(new MemberRemoved(Mia));
        var back = WorkspaceState.Evolve(after, new MemberJoined(Mia, WorkspaceRole.Member, null));
        back.Tokens.ShouldBeEmpty();
        back.HiddenFrom(Mia).ShouldBe([project]);
    }

    [Fact]
    public void A_token_holds_no_scope_that_its_maker_does_not_hold() => Workspace.Given(Team)
        .When(s => IssueApiToken.Decide(s, new(Guid.NewGuid(), Mia, "ci", [Permission.AuditRead], Now.AddDays(1)), RolePermissions.Of(WorkspaceRole.Member), Now))
        .ThenRefuses("scope_above_own");

    [Fact]
    public void A_token_cannot_be_made_to_live_for_ever() => Workspace.Given(Team)
        .When(s => IssueApiToken.Decide(s, new(Guid.NewGuid(), Mia, "ci", [Permission.TasksRead], Now.AddDays(400)), RolePermissions.Of(WorkspaceRole.Member), Now))
        .ThenRefuses("bad_expiry");

    [Fact]
    public void Scopes_that_are_none_are_refused() => Workspace.Given(Team)
        .When(s => IssueApiToken.Decide(s, new(Guid.NewGuid(), Mia, "ci", ["tasks:everything"], Now.AddDays(1)), RolePermissions.Of(WorkspaceRole.Member), Now))
        .ThenRefuses("unknown_scope");

    [Fact]
    public void Another_members_token_is_not_found_rather_than_forbidden()
    {
        var token = Guid.CreateVersion7();
        Workspace.Given([.. Team, new ApiTokenIssued(token, Adam, "ci", [], Now.AddDays(1))])
            .When(s => RevokeApiToken.Decide(s, new(token, Mia))).ThenRefuses("token_not_found");
    }

    [Fact]
    public void A_restricted_project_is_hidden_from_members_but_not_from_admins()
    {
        var project = Guid.CreateVersion7();
        var after = Workspace.Given(Team).When(s => RestrictProject.Decide(s, new(project, []))).Then(new VisibilityRestricted(project, []));
        after.HiddenFrom(Mia).ShouldBe([project]);
        after.HiddenFrom(Adam).ShouldBeEmpty();
        after.HiddenFrom(Olga).ShouldBeEmpty();
    }

    [Fact]
    public void Naming_other_people_for_a_project_grants_and_withdraws()
    {
        var project = Guid.CreateVersion7();
        Workspace.Given([.. Team, new VisibilityRestricted(project, [Mia])])
            .When(s => RestrictProject.Decide(s, new(project, [Adam])))
            .Then(new VisibilityWithdrawn(project, Mia), new VisibilityGranted(project, Adam));
    }

    [Fact]
    public void Label_names_are_unique_whatever_their_case()
    {
        var label = new LabelDefined(Guid.CreateVersion7(), "Bug", "#ff0000", null);
        Workspace.Given([.. Founded, label]).When(s => DefineLabel.Decide(s, new(Guid.CreateVersion7(), "BUG", "#00ff00", null))).ThenRefuses("label_taken");
        Workspace.Given([.. Founded, label]).When(s => ChangeLabel.Decide(s, new(label.LabelId, "BUG", null, null)))
            .Then(new LabelChanged(label.LabelId, "BUG", "#ff0000", null));
    }

    [Fact]
    public void Repeating_a_change_of_settings_does_nothing()
    {
        Workspace.Given([.. Founded, new FeatureSwitched("beta", true)]).When(s => SwitchFeature.Decide(s, new("beta", true))).ThenNothing();
        Workspace.Given([.. Founded, new SettingChanged("timezone", "UTC")]).When(s => ChangeSetting.Decide(s, new("timezone", "UTC"))).ThenNothing();
        Workspace.Given(Founded).When(s => ChangeSetting.Decide(s, new("timezone", null))).ThenNothing();
    }
}
