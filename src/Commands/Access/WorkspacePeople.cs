using Events.Commands.People;
using Events.Commands.Workspaces;
using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Commands.Access;

/// <summary>Whom tasks and projects of a workspace can name: its members, and the placeholders that imports noted.</summary>
public sealed class WorkspacePeople(AccessDirectory directory, NpgsqlDataSource database)
{
    private const string PlaceholderSql =
        """
        select exists (
            select from mt_streams
            where tenant_id = $1
              and id = $2
              and type = $3)
        """;

    public async ValueTask<bool> KnowsAsync(TenantId tenant, Guid person, CancellationToken ct) =>
        (await directory.WorkspaceAsync(tenant, ct)).RoleOf(person) is not null
        || await IsPlaceholderAsync(tenant, person, ct)
        // Joined a moment ago through another process, perhaps: one look at the store before a refusal.
        || (await directory.NewestWorkspaceAsync(tenant, ct)).RoleOf(person) is not null;

    /// <summary>Whether the project may be known to the person. Nobody signs in as a placeholder, so nothing is hidden from one.</summary>
    public async ValueTask<bool> SeesAsync(TenantId tenant, Guid person, Guid projectId, CancellationToken ct) =>
        IsShownTo(await directory.WorkspaceAsync(tenant, ct), person, projectId)
        // Let in a moment ago through another process, perhaps.
        || IsShownTo(await directory.NewestWorkspaceAsync(tenant, ct), person, projectId);

    private static bool IsShownTo(WorkspaceState workspace, Guid person, Guid projectId) =>
        workspace.RestrictedProjects.IsEmpty || workspace.RoleOf(person) is null || !workspace.HiddenFrom(person).Contains(projectId);

    private async Task<bool> IsPlaceholderAsync(TenantId tenant, Guid person, CancellationToken ct)
    {
        await using var command = database.CreateCommand(PlaceholderSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = person });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Placeholders.StreamType });
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }
}
