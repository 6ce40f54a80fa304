using System.Diagnostics;

namespace Events.Messaging.Running;

/// <summary>One handler that runs. Its watch (QueueRunner.Watch) cancels it; why decides what becomes of the message.</summary>
internal sealed class Attempt(ClaimedMessage message, DateTimeOffset startedAt, long started, long deadline) : IDisposable
{
    private readonly CancellationTokenSource cancellation = new();

    public ClaimedMessage Message => message;

    public DateTimeOffset StartedAt => startedAt;

    /// <summary>Timestamps of the clock.</summary>
    public long Started => started;

    public long Deadline => deadline;

    public CancelReason Reason { get; private set; }

    public CancellationToken Token => cancellation.Token;

    /// <summary>The first reason counts.</summary>
    public void Cancel(CancelReason reason)
    {
        lock (cancellation)
        {
            if (Reason != CancelReason.None)
                return;
            Reason = reason;
        }

        try
        {
            cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at this very moment.
        }
        catch (AggregateException error)
        {
            // A callback of the handler threw: its own attempt will tell.
            Debug.Fail(error.Message);
        }
    }

    public void Dispose() => cancellation.Dispose();
}

internal enum CancelReason
{
    None,
    Requested,
    TimeLimit,
    Stopping,
    LeaseLost,
}
