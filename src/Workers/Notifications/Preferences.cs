using Events.Platform.Tenancy;
using Npgsql;

namespace Events.Workers.Notifications;

/// <summary>What somebody wants to be written to about, in one workspace. By default: everything but the digest.</summary>
public sealed record NotificationPreferences(bool Assigned, bool Mentioned, bool Due, bool Digest)
{
    public static NotificationPreferences Default { get; } = new(Assigned: true, Mentioned: true, Due: true, Digest: false);
}

public sealed class PreferenceTable(NpgsqlDataSource database)
{
    private const string FindSql =
        """
        select assigned, mentioned, due, digest
        from notification_preferences
        where tenant_id = $1 and person_id = $2
        """;

    public async Task<NotificationPreferences> FindAsync(TenantId tenant, Guid person, CancellationToken ct)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = person });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct)
            ? new NotificationPreferences(reader.GetBoolean(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3))
            : NotificationPreferences.Default;
    }

    private const string SaveSql =
        """
        insert into notification_preferences (tenant_id, person_id, assigned, mentioned, due, digest)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id, person_id) do update
        set assigned = excluded.assigned, mentioned = excluded.mentioned, due = excluded.due, digest = excluded.digest
        """;

    public async Task SaveAsync(TenantId tenant, Guid person, NotificationPreferences wanted, CancellationToken ct)
    {
        await using var command = database.CreateCommand(SaveSql);
        command.Parameters.Add(new() { Value = tenant.Value });
        command.Parameters.Add(new() { Value = person });
        foreach (var on in (ReadOnlySpan<bool>)[wanted.Assigned, wanted.Mentioned, wanted.Due, wanted.Digest])
            command.Parameters.Add(new() { Value = on });
        await command.ExecuteNonQueryAsync(ct);
    }

    private const string DigestsSql =
        """
        select p.tenant_id, p.person_id
        from notification_preferences p
        where p.digest and (p.tenant_id, p.person_id) > ($1, $2)
        order by p.tenant_id, p.person_id
        limit 500
        """;

    /// <summary>A page of those who want the digest.</summary>
    public async Task<IReadOnlyList<(TenantId Tenant, Guid Person)>> DigestsAsync((string Tenant, Guid Person) after, CancellationToken ct)
    {
        await using var command = database.CreateCommand(DigestsSql);
        command.Parameters.Add(new() { Value = after.Tenant });
        command.Parameters.Add(new() { Value = after.Person });
        var page = new List<(TenantId, Guid)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            page.Add((new TenantId(reader.GetString(0)), reader.GetGuid(1)));
        return page;
    }
}
