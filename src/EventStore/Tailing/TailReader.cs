using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Events.EventStore.Tailing;

/// <summary>The one reader of a process: finds what was appended and moves the high-water mark over what is complete.</summary>
internal sealed partial class TailReader(
    EventBuffer buffer,
    PageReader pages,
    GapWatch gaps,
    HighWaterMark mark,
    AppendSignal signal,
    EventStoreOptions options,
    TimeProvider time,
    ILogger<TailReader> logger) : BackgroundService
{
    private static readonly TimeSpan GapPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(500);

    private bool started;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            // Taken before the look: what is appended during it ends the wait after it.
            var appended = signal.Next;
            try
            {
                var seen = await RunOnceAsync(stoppingToken);
                if (seen == Seen.Everything)
                    await WaitAsync(appended, stoppingToken);
                else if (seen == Seen.UpToGap)
                    await Task.Delay(GapPause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(error);
                await Task.Delay(FailurePause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Reads one page and advances over what is complete of it.</summary>
    public async Task<Seen> RunOnceAsync(CancellationToken ct)
    {
        if (!started)
        {
            buffer.Start(await mark.ReadAsync(ct));
            started = true;
        }

        var high = buffer.HighWater;
        var page = await pages.ReadAsync(high, long.MaxValue, options.PageEvents, ct);
        var complete = 0;
        for (; complete < page.Count; complete++)
        {
            var position = page[complete].Position;
            if (position != high + 1 && !await gaps.IsDeadAsync(high + 1, position - 1, ct))
                break;
            high = position;
        }

        if (complete > 0)
        {
            buffer.Advance(complete == page.Count ? page : page.GetRange(0, complete), high);
            Telemetry.Advanced(page[complete - 1], complete, time);
        }

        Telemetry.OpenGaps.Record(complete < page.Count ? 1 : 0);
        await mark.WriteAsync(high, now: false, ct);
        if (complete < page.Count)
            return Seen.UpToGap;
        return page.Count < options.PageEvents ? Seen.Everything : Seen.More;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await mark.WriteAsync(buffer.HighWater, now: true, cancellationToken);
        }
        catch (Exception error)
        {
            LogFailed(error);
        }
    }

    private async Task WaitAsync(Task appended, CancellationToken ct)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await Task.WhenAny(appended, Task.Delay(options.TailPolling, time, over.Token));
        await over.CancelAsync();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The tail could not read; it tries again")]
    private partial void LogFailed(Exception error);
}

/// <summary>What a look found.</summary>
internal enum Seen
{
    Everything,
    More,
    UpToGap,
}
