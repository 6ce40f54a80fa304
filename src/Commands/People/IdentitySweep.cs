using Events.Commands.Secrets;
using Npgsql;

namespace Events.Commands.People;

/// <param name="Sessions">Secrets of sessions that are over.</param>
/// <param name="Links">Mailed links that nobody followed.</param>
public sealed record SweptIdentity(int Sessions, int Links);

/// <summary>Deletes what has expired, and the keys of people who never came.</summary>
internal sealed class IdentitySweep(NpgsqlDataSource database, SubjectKeys keys, TimeProvider time)
{
    private const string SessionsSql =
        """
        delete from session_secrets
        where expires_at < $1
        """;

    // A sign-up's or invitation's subject is nobody yet: their key seals nothing that is still wanted. A reset's is a person.
    private const string LinksSql =
        """
        delete from mail_tokens
        where expires_at < $1
        returning subject_id, purpose <> 'password_reset'
        """;

    public async Task<SweptIdentity> RunOnceAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var sessions = database.CreateCommand(SessionsSql);
        sessions.Parameters.Add(new() { Value = now });
        var ended = await sessions.ExecuteNonQueryAsync(ct);

        var nobodys = new List<Guid>();
        var links = 0;
        await using var command = database.CreateCommand(LinksSql);
        command.Parameters.Add(new() { Value = now });
        await using (var rows = await command.ExecuteReaderAsync(ct))
        {
            for (; await rows.ReadAsync(ct); links++)
            {
                if (rows.GetBoolean(1))
                    nobodys.Add(rows.GetGuid(0));
            }
        }

        if (nobodys.Count > 0)
            await keys.DestroyAsync(nobodys, ct);
        return new(ended, links);
    }
}
