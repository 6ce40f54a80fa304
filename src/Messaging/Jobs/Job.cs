namespace Events.Messaging.Jobs;

/// <summary>A message that people watch.</summary>
/// <param name="Status"><c>queued running succeeded failed dead cancelled</c>; failed: it will be tried again.</param>
/// <param name="Attempts">Started so far, over all replays.</param>
/// <param name="Result">JSON, UTF-8.</param>
public sealed record Job(
    Guid Id,
    string Type,
    string Status,
    bool CancelRequested,
    int Attempts,
    long ProgressDone,
    long? ProgressTotal,
    string? ProgressMessage,
    ReadOnlyMemory<byte>? Result,
    string? ErrorType,
    string? ErrorMessage,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt);

/// <param name="Outcome"><c>retry dead cancelled</c>.</param>
public sealed record JobAttempt(int Attempt, DateTimeOffset? StartedAt, DateTimeOffset FinishedAt, string Outcome, string? Node, string? ErrorType, string? ErrorMessage);

public enum JobAnswer
{
    Done,

    /// <summary>There is no such job in the tenant.</summary>
    Unknown,

    /// <summary>Not from the status that it is in.</summary>
    NotPossible,

    /// <summary>It runs: its handler has been told, and ends by itself.</summary>
    Requested,
}
