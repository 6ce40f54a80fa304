using Events.Commands.People;
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

    private async Task<bool> IsPlaceholderAsync(TenantId tenant, Guid person, CancellationToken ct)
    {
        await using var command = database.CreateCommand(PlaceholderSql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = person });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Placeholders.StreamType });
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }
}
