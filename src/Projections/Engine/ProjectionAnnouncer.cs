using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Projections.Engine;

/// <summary>
/// Tells other processes how far the projections are that this one feeds. Behind the page and not in it: NOTIFY holds one lock for
/// the whole server until its transaction has ended, and the append's, which holds it while the log is flushed, would hold up every page.
/// </summary>
/// <remarks>
/// What is told was committed before. What is lost with this process, others learn when they look: once when they begin to listen
/// and once before they give up a wait.
/// </remarks>
internal sealed partial class ProjectionAnnouncer(NpgsqlDataSource dataSource, ILogger<ProjectionAnnouncer> logger) : BackgroundService
{
    private readonly Lock access = new();
    private readonly SemaphoreSlim news = new(0, 1);
    private Dictionary<string, long> pending = new(StringComparer.Ordinal);

    /// <summary>Returns at once; of several positions that wait to be told, the latest is.</summary>
    public void Tell(IReadOnlyList<ProjectionHead> heads, long position)
    {
        lock (access)
        {
            var first = pending.Count == 0;
            foreach (var head in heads)
                pending[head.Name] = position;
            if (first && heads.Count > 0)
                news.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await news.WaitAsync(stoppingToken);
                await AnnounceAsync(Take(), stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops, and the daemon with it.
        }
    }

    public override void Dispose()
    {
        news.Dispose();
        base.Dispose();
    }

    private Dictionary<string, long> Take()
    {
        lock (access)
            return Interlocked.Exchange(ref pending, new Dictionary<string, long>(StringComparer.Ordinal));
    }

    // Nothing is written that would have to survive: no reason to wait for the disk.
    private const string AnnounceSql =
        """
        select set_config('synchronous_commit', 'off', true), pg_notify('events_projected', m.message)
        from unnest($1::text[]) as m (message)
        """;

    private async Task AnnounceAsync(Dictionary<string, long> reached, CancellationToken ct)
    {
        try
        {
            await using var command = dataSource.CreateCommand(AnnounceSql);
            command.Parameters.Add(new NpgsqlParameter<string[]>
            {
                TypedValue = [.. reached.GroupBy(r => r.Value, (position, names) => ProjectedMessage.Format(names.Select(n => n.Key), position))],
            });
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (NpgsqlException error)
        {
            LogUntold(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Other processes were not told how far the projections are; they find out when they look")]
    private partial void LogUntold(Exception error);
}
