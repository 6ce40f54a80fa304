using System.Collections.Concurrent;
using Events.Messaging.Handlers;
using Events.Messaging.Running;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Events.Messaging.Jobs;

/// <summary>
/// Writes the newest progress of every job that reported some, all in one statement, and not more often than the interval.
/// The first report after a pause is written at once.
/// </summary>
internal sealed partial class ProgressWriter(NpgsqlDataSource database, MessagingOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly ConcurrentDictionary<Guid, JobProgress> newest = new();
    private readonly SemaphoreSlim reported = new(0, 1);

    public void Report(ClaimedMessage message, JobProgress progress)
    {
        newest[message.Id] = progress;
        if (reported.CurrentCount == 0)
        {
            try
            {
                reported.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another report was quicker; one signal is enough for both.
            }
        }
    }

    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await reported.WaitAsync(ct);
                await WriteAsync(ct);
                await Task.Delay(options.ProgressInterval, time, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // What was not written is older than the job's end, which is written elsewhere.
        }
    }

    // Only while it runs: a report that arrives late must not touch the final figures.
    private const string Sql =
        """
        with written as (
            update jobs j
            set progress_done = i.done, progress_total = i.total, progress_message = i.text
            from unnest($1, $2, $3, $4) as i (id, done, total, text)
            where j.id = i.id and j.status = 'running'
            returning j.tenant_id, j.id
        )
        select pg_notify('job_changes', w.tenant_id || ' ' || w.id::text)
        from written w
        """;

    private async Task WriteAsync(CancellationToken ct)
    {
        var taken = new List<KeyValuePair<Guid, JobProgress>>();
        foreach (var pair in newest)
        {
            if (newest.TryRemove(pair.Key, out var progress))
                taken.Add(new(pair.Key, progress));
        }

        try
        {
            await using var command = database.CreateCommand(Sql);
            command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. taken.Select(t => t.Key)] });
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. taken.Select(t => t.Value.Done)] });
            command.Parameters.Add(new() { Value = taken.Select(t => t.Value.Total).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            command.Parameters.Add(new() { Value = taken.Select(t => StorableText.Fit(t.Value.Text, 500)).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar });
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException)
        {
            LogMissed(error);
            foreach (var (id, progress) in taken)
                newest.TryAdd(id, progress);
        }
    }

    public void Dispose() => reported.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Progress of jobs could not be written; the next report will be")]
    private partial void LogMissed(Exception error);
}
