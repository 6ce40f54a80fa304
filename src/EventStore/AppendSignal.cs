namespace Events.EventStore;

/// <summary>Tells this process's followers that something was appended: a wait that was begun before the signal ends with it.</summary>
public sealed class AppendSignal
{
    private TaskCompletionSource next = New();
    private TaskCompletionSource nextOwn = New();

    /// <summary>Take it before looking at the data, await it after: nothing between is missed.</summary>
    public Task Next => Volatile.Read(ref next).Task;

    /// <summary>As <see cref="Next"/>, of this process's appends alone.</summary>
    internal Task NextOwn => Volatile.Read(ref nextOwn).Task;

    /// <summary>This process has appended.</summary>
    internal void Appended()
    {
        Raise(ref next);
        Raise(ref nextOwn);
    }

    /// <summary>Another process says that it has appended.</summary>
    internal void Heard() => Raise(ref next);

    private static void Raise(ref TaskCompletionSource signal) => Interlocked.Exchange(ref signal, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
