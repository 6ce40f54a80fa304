using System.Text.Json;

namespace Events.Messaging.Retrying;

public enum FailureKind
{
    /// <summary>May go well the next time: tried again until the attempts are used up.</summary>
    Transient,

    /// <summary>Will fail the same way: a dead letter at once.</summary>
    Permanent,

    /// <summary>The message itself cannot be understood, or takes its worker down: a dead letter at once.</summary>
    Poison,
}

public static class FailureKinds
{
    /// <summary>Everything that is not known to be hopeless is transient.</summary>
    public static FailureKind Of(Exception error) => error switch
    {
        PoisonMessageException or JsonException => FailureKind.Poison,
        PermanentFailureException or NotSupportedException or NotImplementedException => FailureKind.Permanent,
        _ => FailureKind.Transient,
    };
}

/// <summary>Thrown by a handler that knows that another attempt would fail alike.</summary>
public sealed class PermanentFailureException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The message cannot be understood.</summary>
public sealed class PoisonMessageException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Thrown by a handler that was told when to come back (<c>Retry-After</c>). It counts as an attempt.</summary>
public sealed class RetryLaterException(TimeSpan delay, string message, Exception? cause = null) : Exception(message, cause)
{
    public TimeSpan Delay { get; } = delay;
}
