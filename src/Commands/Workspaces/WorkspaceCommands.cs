using Events.Commands.Access;
using Events.Commands.Deciding;
using Events.Commands.Handling;
using Events.Commands.Permissions;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.Workspaces;

using Answer = Func<CommandResult<WorkspaceState>.Done, StoredAnswer>;
using Result = CommandResult<WorkspaceState>;

/// <summary>Carries out what people want of a workspace: the one that the context's tenant names.</summary>
public sealed class WorkspaceCommands(
    AggregateLoader<WorkspaceState> workspaces,
    EventAppender appender,
    EventReader reader,
    AccessDirectory directory,
    ApiTokenSecrets secrets,
    TimeProvider time)
{
    private readonly CommandLoop<WorkspaceState> loop = new(IdentityAggregates.Workspace, workspaces, appender, reader);

    public ValueTask<Result> RunAsync(CommandContext context, FoundWorkspace command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => FoundWorkspace.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, RenameWorkspace command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => RenameWorkspace.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, InviteMember command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => InviteMember.Decide(state, command, time.GetUtcNow()), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, RevokeInvitation command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => RevokeInvitation.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, AcceptInvitation command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => AcceptInvitation.Decide(state, command, time.GetUtcNow()), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, ChangeMemberRole command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => ChangeMemberRole.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, RemoveMember command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => RemoveMember.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, DefineLabel command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => DefineLabel.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, ChangeLabel command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => ChangeLabel.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, RemoveLabel command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => RemoveLabel.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, SwitchFeature command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => SwitchFeature.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, ChangeSetting command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => ChangeSetting.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, RevokeApiToken command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => RevokeApiToken.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, RestrictProject command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => RestrictProject.Decide(state, command), answer, ct);

    public ValueTask<Result> RunAsync(CommandContext context, OpenProject command, Answer answer, CancellationToken ct) =>
        DecideAsync(context, state => OpenProject.Decide(state, command), answer, ct);

    /// <summary>
    /// Stores the secret's hash, then issues: a hash without its event opens nothing, an event without its hash would be a token
    /// that nobody can use.
    /// </summary>
    /// <param name="mayGrant">What the caller may do itself.</param>
    public async ValueTask<Result> RunAsync(
        CommandContext context, IssueApiToken command, byte[] secretHash, PermissionSet mayGrant, Answer answer, CancellationToken ct)
    {
        await secrets.StoreAsync(secretHash, context.Tenant, command.TokenId, ct);
        return await DecideAsync(context, state => IssueApiToken.Decide(state, command, mayGrant, time.GetUtcNow()), answer, ct);
    }

    private async ValueTask<Result> DecideAsync(CommandContext context, Func<WorkspaceState, Decision> decide, Answer answer, CancellationToken ct)
    {
        var id = Guid.ParseExact(context.Tenant.Value, "D");
        var result = await loop.RunAsync(context, id, (state, _) => new(decide(state)), answer, [], ct);
        // The tail would tell within milliseconds; the caller's next request may be faster.
        directory.Forget(context.Tenant, id);
        return result;
    }
}
