using Events.Messaging.Handlers;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Running;

internal enum Outcome
{
    Retry,
    Dead,
    Cancelled,
    Released,
}

/// <param name="DueAt">Of the next attempt.</param>
/// <param name="Reason">Why it is dead: <c>permanent</c>, <c>poison</c> or <c>exhausted</c>.</param>
internal sealed record Settlement(Outcome Outcome, DateTimeOffset? DueAt = null, DateTimeOffset? StartedAt = null, string? Reason = null, Exception? Error = null);

/// <summary>Moves a claimed message that was not handled to where it belongs.</summary>
internal sealed partial class Settler(NpgsqlDataSource database, Completer completer, string node, TimeProvider time, ILogger logger, CancellationToken lost)
{
    private const int LongestText = 8000;
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(200);

    private const string Sql =
        """
        select settle_message($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    /// <returns>False when the message was no longer this node's.</returns>
    public async Task<bool> SettleAsync(ClaimedMessage message, Settlement settlement)
    {
        while (!lost.IsCancellationRequested)
        {
            try
            {
                var settled = await WriteAsync(message, settlement);
                await completer.EndAsync(message.Batch, 1);
                return settled;
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
            {
                // Also when the first try did commit: the second then finds the id among the settled and does nothing.
                LogAgain(error, message.Type, message.Id);
                // Not with the stop: what has ended is to be written. With the lease it is another node's to end.
                await Task.Delay(AgainAfter, time, lost).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return false;
    }

    private async Task<bool> WriteAsync(ClaimedMessage message, Settlement settlement)
    {
        await using var command = database.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = message.Batch.Id });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = message.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = NameOf(settlement.Outcome) });
        command.Parameters.Add(new() { Value = settlement.DueAt?.UtcDateTime ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new() { Value = settlement.StartedAt?.UtcDateTime ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = node });
        Text(settlement.Reason);
        Text(settlement.Error?.GetType().FullName);
        Text(settlement.Error?.Message);
        Text(settlement.Error?.ToString());
        return await command.ExecuteScalarAsync(CancellationToken.None) is true;

        void Text(string? value) => command.Parameters.Add(new()
        {
            Value = (object?)StorableText.Fit(value, LongestText) ?? DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.Varchar,
        });
    }

    private static string NameOf(Outcome outcome) => outcome switch
    {
        Outcome.Retry => "retry",
        Outcome.Dead => "dead",
        Outcome.Cancelled => "cancelled",
        _ => "released",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The end of {Type} {Id} could not be written; trying again")]
    private partial void LogAgain(Exception error, string type, Guid id);
}
