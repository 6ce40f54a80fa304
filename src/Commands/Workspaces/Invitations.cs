using System.Text.Json;
using Events.Commands.Handling;
using Events.Commands.Mail;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.Workspaces;

using Answer = Func<CommandResult<WorkspaceState>.Done, StoredAnswer>;
using Result = CommandResult<WorkspaceState>;

/// <summary>Invites by mail, and lets in who follows the link.</summary>
public sealed class Invitations
{
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement.Clone();

    private readonly WorkspaceCommands workspaces;
    private readonly PersonCommands people;
    private readonly Access.AccessDirectory directory;
    private readonly SubjectKeys keys;
    private readonly IdentifierIndex index;
    private readonly MailTokens tokens;
    private readonly Mailing mailing;
    private readonly TimeProvider time;

    internal Invitations(
        WorkspaceCommands workspaces, PersonCommands people, Access.AccessDirectory directory, SubjectKeys keys, IdentifierIndex index, MailTokens tokens, Mailing mailing, TimeProvider time)
    {
        (this.workspaces, this.people, this.directory, this.keys) = (workspaces, people, directory, keys);
        (this.index, this.tokens, this.mailing, this.time) = (index, tokens, mailing, time);
    }

    public async Task<Result> InviteAsync(CommandContext context, Guid invitationId, EmailAddress email, WorkspaceRole role, Guid by, Answer answer, CancellationToken ct)
    {
        var texts = await keys.SealNewAsync(invitationId, [email.Value], ct);
        var command = new InviteMember(
            invitationId,
            texts[0],
            index.OfEmail(email.Value),
            await people.FindByEmailAsync(email, ct),
            role,
            by,
            time.GetUtcNow() + WorkspaceLimits.InvitationLifetime);
        var result = await workspaces.RunAsync(context, command, answer, ct);
        if (result is Result.Done { Events.Count: > 0 } done)
        {
            var secret = await tokens.IssueAsync(MailTokenPurpose.Invitation, new(invitationId, context.Tenant, Nothing), WorkspaceLimits.InvitationLifetime, ct);
            await mailing.SendAsync(
                invitationId, newSubject: false, email, $"Join {done.State.Name}", $"You are invited to {done.State.Name}: {mailing.Link("/join", secret)}", ct);
            foreach (var replaced in done.Events.OfType<InvitationRevoked>())
                await keys.DestroyAsync([replaced.InvitationId], ct);
        }
        else
        {
            await keys.DestroyAsync([invitationId], ct);
        }
        return result;
    }

    public async Task<Result> RevokeAsync(CommandContext context, RevokeInvitation command, Answer answer, CancellationToken ct)
    {
        var result = await workspaces.RunAsync(context, command, answer, ct);
        if (result is Result.Done)
            await keys.DestroyAsync([command.InvitationId], ct);
        return result;
    }

    /// <summary>What a link leads to, to show before it is followed; null when it is unknown, used or expired.</summary>
    public async Task<(TenantId Tenant, Guid InvitationId, string Workspace, string Email, WorkspaceRole Role)?> FindAsync(string secret, CancellationToken ct)
    {
        if (await tokens.FindAsync(MailTokenPurpose.Invitation, secret, ct) is not { Tenant: { } tenant } token)
            return null;
        var workspace = await directory.WorkspaceAsync(tenant, ct);
        return workspace.Invitations.TryGetValue(token.Subject, out var invitation) && invitation.ExpiresAt > time.GetUtcNow()
            && await keys.OpenAsync(invitation.Email, ct) is { } email
            ? (tenant, token.Subject, workspace.Name, email, invitation.Role)
            : null;
    }

    /// <summary>The person's list, then the workspace, then the link: each may be repeated until the last is done.</summary>
    public async Task<Result> AcceptAsync(string secret, Guid personId, CancellationToken ct)
    {
        if (await FindAsync(secret, ct) is not { } found)
            return new Result.Refused("invitation_not_found", "There is no such invitation, or it has expired.", null);
        if (await people.EnterWorkspaceAsync(personId, Guid.ParseExact(found.Tenant.Value, "D"), ct) is not CommandResult<PersonState>.Done)
            return new Result.Refused("too_many_workspaces", $"A person enters at most {EnterWorkspace.MaxWorkspaces} workspaces.", null);
        var context = new CommandContext(found.Tenant, personId.ToString("D"));
        var result = await workspaces.RunAsync(
            context, new AcceptInvitation(found.InvitationId, personId), _ => new StoredAnswer(204, null, null, ReadOnlyMemory<byte>.Empty), ct);
        if (result is Result.Done)
        {
            await tokens.TakeAsync(MailTokenPurpose.Invitation, secret, ct);
            await keys.DestroyAsync([found.InvitationId], ct);
        }
        return result;
    }
}
