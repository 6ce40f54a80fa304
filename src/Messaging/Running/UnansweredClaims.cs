using System.Collections.Concurrent;
using Npgsql;

namespace Events.Messaging.Running;

/// <summary>
/// Claims that were asked for and never answered. If one was committed all the same, its messages belong to this node, which
/// lives, so nobody takes them over, and are in nobody's hands here. They are handed back; and asked for again for a while,
/// because a server can still commit for a client that it has not yet noticed to be gone.
/// </summary>
internal sealed class UnansweredClaims(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<long, long> claims = new();

    public void Add(long claimId) => claims[claimId] = time.GetTimestamp();

    private const string HandBackSql =
        """
        select hand_back_claim($1)
        """;

    /// <returns>How many messages became ready again.</returns>
    public async Task<int> HandBackAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        var total = 0;
        foreach (var (claimId, askedAt) in claims)
        {
            await using var command = database.CreateCommand(HandBackSql);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = claimId });
            var count = (int)(await command.ExecuteScalarAsync(ct))!;
            if (count > 0 || time.GetElapsedTime(askedAt) > Patience)
                claims.TryRemove(claimId, out _);
            total += count;
        }

        return total;
    }
}
