using System.Text.Json;
using Events.Commands.Secrets;
using Events.Platform.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Events.Commands.People;

internal enum MailTokenPurpose
{
    SignUp,
    PasswordReset,
    Invitation,
}

/// <param name="Subject">Person or invitation; its erasure takes the row along.</param>
/// <param name="Tenant">Of an invitation.</param>
internal sealed record MailToken(Guid Subject, TenantId? Tenant, JsonElement Body);

/// <summary>The secrets in mailed links, stored as hashes: each works once and for a while.</summary>
internal sealed class MailTokens(NpgsqlDataSource database, TimeProvider time)
{
    private const string StoreSql =
        """
        insert into mail_tokens (hash, purpose, subject_id, tenant_id, body, expires_at)
        values ($1, $2, $3, $4, $5, $6)
        """;

    /// <returns>The secret for the link.</returns>
    public async Task<string> IssueAsync(MailTokenPurpose purpose, MailToken token, TimeSpan lifetime, CancellationToken ct)
    {
        var secret = TokenSecret.New(TokenSecret.Mail);
        await using var command = database.CreateCommand(StoreSql);
        command.Parameters.Add(new() { Value = TokenSecret.Hash(secret) });
        command.Parameters.Add(new() { Value = NameOf(purpose) });
        command.Parameters.Add(new() { Value = token.Subject });
        command.Parameters.Add(new() { Value = (object?)token.Tenant?.Value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = token.Body.GetRawText(), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = time.GetUtcNow() + lifetime });
        await command.ExecuteNonQueryAsync(ct);
        return secret;
    }

    private const string FindSql =
        """
        select subject_id, tenant_id, body
        from mail_tokens
        where hash = $1
        and purpose = $2
        and expires_at > $3
        """;

    /// <summary>Looks without using it up. Null when it is unknown, used or expired.</summary>
    public Task<MailToken?> FindAsync(MailTokenPurpose purpose, string secret, CancellationToken ct) => ReadAsync(FindSql, purpose, secret, ct);

    private const string TakeSql =
        """
        delete from mail_tokens
        where hash = $1
        and purpose = $2
        and expires_at > $3
        returning subject_id, tenant_id, body
        """;

    /// <summary>Uses it up: of two who try at once, one gets it.</summary>
    public Task<MailToken?> TakeAsync(MailTokenPurpose purpose, string secret, CancellationToken ct) => ReadAsync(TakeSql, purpose, secret, ct);

    private async Task<MailToken?> ReadAsync(string sql, MailTokenPurpose purpose, string secret, CancellationToken ct)
    {
        if (secret.Length > TokenSecret.MaxLength)
            return null;
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = TokenSecret.Hash(secret) });
        command.Parameters.Add(new() { Value = NameOf(purpose) });
        command.Parameters.Add(new() { Value = time.GetUtcNow() });
        await using var rows = await command.ExecuteReaderAsync(ct);
        if (!await rows.ReadAsync(ct))
            return null;
        using var body = JsonDocument.Parse(rows.GetString(2));
        return new(rows.GetGuid(0), await rows.IsDBNullAsync(1, ct) ? null : new TenantId(rows.GetString(1)), body.RootElement.Clone());
    }

    private static string NameOf(MailTokenPurpose purpose) => purpose switch
    {
        MailTokenPurpose.SignUp => "sign_up",
        MailTokenPurpose.PasswordReset => "password_reset",
        MailTokenPurpose.Invitation => "invitation",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
