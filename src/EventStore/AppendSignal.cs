namespace Events.EventStore;

/// <summary>Tells this process's followers that something was appended: a wait that was begun before the signal ends with it.</summary>
public sealed class AppendSignal
{
    private TaskCompletionSource next = New();

    /// <summary>Take it before looking at the data, await it after: nothing between is missed.</summary>
    public Task Next => Volatile.Read(ref next).Task;

    internal void Raise() => Interlocked.Exchange(ref next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
