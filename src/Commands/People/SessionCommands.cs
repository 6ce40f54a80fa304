using System.Globalization;
using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.Secrets;
using Events.EventStore;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Options;

namespace Events.Commands.People;

/// <param name="Secret">For the cookie; it is nowhere else.</param>
public sealed record StartedSession(string Secret, Guid SessionId, Guid PersonId, Guid? WorkspaceId, DateTimeOffset ExpiresAt);

/// <summary>Starts, switches and ends sessions.</summary>
public sealed class SessionCommands(
    AggregateLoader<SessionState> sessions,
    EventAppender appender,
    EventReader reader,
    SessionSecrets secrets,
    AccessDirectory directory,
    IOptions<IdentityOptions> options,
    TimeProvider time)
{
    private readonly CommandLoop<SessionState> loop = new(IdentityAggregates.Session, sessions, appender, reader);

    /// <param name="epoch">
    /// The person's, read before the proof was checked: when a new password comes in between, this session is over before it begins.
    /// </param>
    public async Task<StartedSession> StartAsync(Guid personId, int epoch, SignInMethod method, Guid? workspaceId, CancellationToken ct)
    {
        var sessionId = Guid.CreateVersion7(time.GetUtcNow());
        var secret = TokenSecret.New(TokenSecret.Session);
        var expiresAt = time.GetUtcNow().AddDays(options.Value.SessionDays);
        await secrets.StoreAsync(TokenSecret.Hash(secret), sessionId, personId, expiresAt, ct);
        var started = new SessionStarted(personId, epoch, workspaceId, method, expiresAt);
        var outcome = await appender.AppendAsync(
            new UnitOfWork(PeopleTenant.Id, [new(sessionId, SessionState.StreamType, ExpectedVersion.NoStream, [started])])
            {
                Metadata = EventMetadata.None with { Actor = personId.ToString("D", CultureInfo.InvariantCulture) },
            },
            ct);
        return outcome is AppendOutcome.Appended
            ? new(secret, sessionId, personId, workspaceId, expiresAt)
            : throw new InvalidOperationException($"A new session was answered {outcome.GetType().Name}.");
    }

    public async Task<CommandResult<SessionState>> SwitchAsync(CommandContext context, Guid sessionId, Guid personId, SwitchWorkspace command, CancellationToken ct)
    {
        var workspace = await directory.WorkspaceAsync(new TenantId(command.WorkspaceId), ct);
        return await RunAsync(context, sessionId, state => SwitchWorkspace.Decide(state, command, workspace.RoleOf(personId) is not null), ct);
    }

    public Task<CommandResult<SessionState>> EndAsync(CommandContext context, Guid sessionId, CancellationToken ct) =>
        RunAsync(context, sessionId, EndSession.Decide, ct);

    private async Task<CommandResult<SessionState>> RunAsync(
        CommandContext context, Guid sessionId, Func<SessionState, Deciding.Decision> decide, CancellationToken ct)
    {
        var result = await loop.RunAsync(
            context with { Tenant = PeopleTenant.Id, Idempotency = null }, sessionId, (state, _) => new(decide(state)), NoAnswer, [], ct);
        directory.Forget(PeopleTenant.Id, sessionId);
        return result;
    }

    private static StoredAnswer NoAnswer(CommandResult<SessionState>.Done done) => new(204, null, null, ReadOnlyMemory<byte>.Empty);
}
