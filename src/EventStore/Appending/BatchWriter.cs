using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.EventStore.Appending;

/// <summary>What became of one unit: an outcome, an error, or neither when the answer stored under its key is to be fetched.</summary>
internal readonly record struct WriteOutcome(AppendOutcome? Outcome, Exception? Error);

/// <summary>
/// Writes one batch at a time and settles whatever goes wrong: what failed for certain is tried again or taken apart, what
/// failed without certainty is looked up first.
/// </summary>
internal sealed partial class BatchWriter(NpgsqlDataSource dataSource, EventStoreOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private const int Tries = 5;

    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(100);

    private readonly AppendLane lane = new(dataSource, options);
    private readonly BatchInquiry inquiry = new(dataSource, options);

    public Task<WriteOutcome[]> WriteAsync(IReadOnlyList<PendingUnit> units, CancellationToken ct) => WriteAsync(units, Tries, ct);

    private async Task<WriteOutcome[]> WriteAsync(IReadOnlyList<PendingUnit> units, int tries, CancellationToken ct)
    {
        Exception? last = null;
        for (; tries > 0; tries--)
        {
            if (await ConnectAsync(ct) is { } unreachable)
                return All(units, new EventStoreUnavailableException("The database cannot be reached.", unreachable));

            var batch = Guid.CreateVersion7();
            try
            {
                var result = await lane.ExecuteAsync(batch, units, ct);
                return [.. Outcomes.Of(units, result).Select(outcome => new WriteOutcome(outcome, null))];
            }
            catch (PostgresException error) when (IsCertain(error))
            {
                last = error;
                if (IsPassing(error))
                {
                    Telemetry.Retries.Add(1, new KeyValuePair<string, object?>("reason", error.SqlState));
                    LogRetry(error, units.Count);
                    continue;
                }

                if (!IsAboutData(error))
                {
                    LogFailed(error, units.Count);
                    return All(units, new EventStoreUnavailableException("The database refused to write.", error));
                }

                LogApart(error, units.Count);
                return await WriteApartAsync(units, error, ct);
            }
            catch (Exception error)
            {
                // Whatever it was, the batch may have reached the server.
                Telemetry.InDoubt.Add(1);
                LogInDoubt(error, units.Count);
                await lane.DropAsync();
                return await SettleAsync(batch, units, tries - 1, error, ct);
            }
        }

        return All(units, new EventStoreUnavailableException("The database kept refusing the batch.", last));
    }

    /// <summary>Null when connected.</summary>
    private async Task<Exception?> ConnectAsync(CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await lane.ConnectAsync(ct);
                return null;
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
            {
                if (time.GetElapsedTime(started) > options.ReconnectFor)
                    return error;
                await Task.Delay(ReconnectPause, time, ct);
            }
        }
    }

    /// <summary>One unit has data that the checks let through and the database does not: it alone is to fail.</summary>
    private async Task<WriteOutcome[]> WriteApartAsync(IReadOnlyList<PendingUnit> units, PostgresException error, CancellationToken ct)
    {
        if (units.Count == 1)
            return All(units, new InvalidUnitException("rejected_by_database", $"{error.MessageText} ({error.SqlState})."));
        var half = units.Count / 2;
        var first = await WriteAsync([.. units.Take(half)], ct);
        var second = await WriteAsync([.. units.Skip(half)], ct);
        return [.. first, .. second];
    }

    /// <summary>What was written is told so; what was not can no longer happen by the lost batch, and is written now.</summary>
    private async Task<WriteOutcome[]> SettleAsync(Guid batch, IReadOnlyList<PendingUnit> units, int tries, Exception cause, CancellationToken ct)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                var found = await inquiry.FindAsync(batch, units, ct);
                LogSettled(found.Count(outcome => outcome is not null), units.Count);
                return await WriteMissingAsync(units, found, tries, cause, ct);
            }
            catch (Exception error) when (error is NpgsqlException or IOException or TimeoutException or System.Net.Sockets.SocketException)
            {
                if (time.GetElapsedTime(started) > options.SettleFor)
                {
                    LogUnsettled(error, units.Count);
                    return All(units, new UnknownOutcomeException(cause));
                }

                await Task.Delay(ReconnectPause, time, ct);
            }
        }
    }

    private async Task<WriteOutcome[]> WriteMissingAsync(IReadOnlyList<PendingUnit> units, AppendOutcome?[] found, int tries, Exception cause, CancellationToken ct)
    {
        var outcomes = new WriteOutcome[units.Count];
        List<int> missing = [];
        for (var i = 0; i < units.Count; i++)
        {
            outcomes[i] = new WriteOutcome(found[i], null);
            if (found[i] is null)
                missing.Add(i);
        }

        if (missing.Count == 0)
            return outcomes;
        List<PendingUnit> again = [.. missing.Select(i => units[i])];
        var written = tries > 0
            ? await WriteAsync(again, tries, ct)
            : All(again, new EventStoreUnavailableException("The connection was lost again and again; nothing was written.", cause));
        for (var i = 0; i < missing.Count; i++)
            outcomes[missing[i]] = written[i];
        return outcomes;
    }

    /// <summary>
    /// The server said so and lives: nothing was committed. A FATAL may come from a backend that was terminated after its
    /// commit, and a cancel may arrive after it too.
    /// </summary>
    private static bool IsCertain(PostgresException error) =>
        error.InvariantSeverity == "ERROR" && error.SqlState is not (PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.StatementCompletionUnknown);

    /// <summary>A foreign writer won a race, or the server is short of something for a moment.</summary>
    private static bool IsPassing(PostgresException error) =>
        error.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.LockNotAvailable;

    private static bool IsAboutData(PostgresException error) =>
        error.SqlState.StartsWith("22", StringComparison.Ordinal) || error.SqlState.StartsWith("23", StringComparison.Ordinal)
        || error.SqlState.StartsWith("54", StringComparison.Ordinal) || error.SqlState == PostgresErrorCodes.OutOfMemory;

    private static WriteOutcome[] All(IReadOnlyList<PendingUnit> units, Exception error) =>
        [.. units.Select(_ => new WriteOutcome(null, error))];

    public ValueTask DisposeAsync() => lane.DisposeAsync();

    [LoggerMessage(Level = LogLevel.Debug, Message = "A batch of {Units} units is tried again")]
    private partial void LogRetry(Exception error, int units);

    [LoggerMessage(Level = LogLevel.Error, Message = "A batch of {Units} units was refused")]
    private partial void LogFailed(Exception error, int units);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A batch of {Units} units holds data that the database rejects and is taken apart")]
    private partial void LogApart(Exception error, int units);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection was lost with a batch of {Units} units under way: looking what happened")]
    private partial void LogInDoubt(Exception error, int units);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Written} of {Units} units of the lost batch had been written")]
    private partial void LogSettled(int written, int units);

    [LoggerMessage(Level = LogLevel.Error, Message = "What happened to a batch of {Units} units could not be found out in time")]
    private partial void LogUnsettled(Exception error, int units);
}
