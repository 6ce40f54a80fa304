using System.Security.Cryptography;
using Events.Platform.Startup;
using Npgsql;

namespace Events.Commands.Secrets;

/// <summary>The first process to start leaves a fingerprint of its master key; one with another key does not start.</summary>
public sealed class MasterKeyCheck(NpgsqlDataSource database, MasterKey master)
{
    private const string CheckSql =
        """
        insert into master_key (fingerprint)
        values ($1)
        on conflict (singleton) do update set fingerprint = master_key.fingerprint
        returning fingerprint
        """;

    /// <exception cref="CannotStartException">The database's personal data was sealed under another master key.</exception>
    public async Task RequireSameAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(CheckSql);
        command.Parameters.Add(new() { Value = master.Fingerprint() });
        var first = (byte[])(await command.ExecuteScalarAsync(ct))!;
        if (!CryptographicOperations.FixedTimeEquals(first, master.Fingerprint()))
        {
            throw new CannotStartException(
                "This database's personal data is sealed under another master key: set Events__Identity__MasterKey, or keys/master.key in the data directory, to the one that it began with.");
        }
    }
}
