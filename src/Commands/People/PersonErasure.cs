using Events.Commands.Access;
using Events.Commands.Audit;
using Events.Commands.Handling;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Commands.People;

using Result = CommandResult<PersonState>;

/// <summary>
/// Erases a person: the events say that it happened and release what they signed in by; then the key is destroyed, which
/// makes every sealed text about them unreadable, and what is not in events is deleted.
/// </summary>
/// <remarks>
/// Each step may be repeated. <see cref="FinishAsync"/> runs in the request and again as a message stored with the erasure's
/// events, so a process that dies in between leaves nothing undone.
/// </remarks>
public sealed class PersonErasure
{
    private readonly PersonCommands people;
    private readonly WorkspaceCommands workspaces;
    private readonly AccessDirectory directory;
    private readonly SubjectKeys keys;
    private readonly AuditLog audit;
    private readonly NpgsqlDataSource database;

    internal PersonErasure(
        PersonCommands people, WorkspaceCommands workspaces, AccessDirectory directory, SubjectKeys keys, AuditLog audit, NpgsqlDataSource database)
    {
        (this.people, this.workspaces, this.directory) = (people, workspaces, directory);
        (this.keys, this.audit, this.database) = (keys, audit, database);
    }

    public async Task<Result> EraseAsync(Guid personId, CancellationToken ct)
    {
        var result = await people.EraseAsync(personId, await OwnedAloneAsync(personId, ct), ct);
        if (result is Result.Done)
            await FinishAsync(personId, ct);
        return result;
    }

    /// <summary>Everything after the events; for an erased person only.</summary>
    public async Task FinishAsync(Guid personId, CancellationToken ct)
    {
        var person = await directory.NewestPersonAsync(personId, ct);
        if (!person.Erased)
            return;
        await keys.DestroyAsync([personId], ct);
        await DeleteAsync(PasswordSql, personId, ct);
        await DeleteAsync(SessionsSql, personId, ct);
        await DeleteAsync(MailTokensSql, personId, ct);
        await audit.ForgetPersonAsync(personId, ct);
        foreach (var workspaceId in person.Workspaces)
            await LeaveAsync(personId, workspaceId, ct);
    }

    private async Task LeaveAsync(Guid personId, Guid workspaceId, CancellationToken ct)
    {
        var tenant = new TenantId(workspaceId);
        var workspace = await directory.WorkspaceAsync(tenant, ct);
        if (workspace.RoleOf(personId) is null)
            return;
        var context = new CommandContext(tenant, personId.ToString("D"));
        await workspaces.RunAsync(context, new RemoveMember(personId, personId), _ => new StoredAnswer(204, null, null, ReadOnlyMemory<byte>.Empty), ct);
    }

    private async Task<IReadOnlyList<Guid>> OwnedAloneAsync(Guid personId, CancellationToken ct)
    {
        var alone = new List<Guid>();
        foreach (var workspaceId in (await directory.PersonAsync(personId, ct)).Workspaces)
        {
            var workspace = await directory.WorkspaceAsync(new TenantId(workspaceId), ct);
            // A workspace of nobody else goes with its owner: there is no one to hand it to.
            if (workspace.RoleOf(personId) == WorkspaceRole.Owner && workspace.Owners == 1 && workspace.Members.Count > 1)
                alone.Add(workspaceId);
        }
        return alone;
    }

    private const string PasswordSql =
        """
        delete from passwords
        where person_id = $1
        """;

    private const string SessionsSql =
        """
        delete from session_secrets
        where person_id = $1
        """;

    private const string MailTokensSql =
        """
        delete from mail_tokens
        where subject_id = $1
        """;

    private async Task DeleteAsync(string sql, Guid personId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = personId });
        await command.ExecuteNonQueryAsync(ct);
    }
}
