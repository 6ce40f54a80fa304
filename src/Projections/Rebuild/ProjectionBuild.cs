namespace Events.Projections.Rebuild;

/// <summary>Where a rebuild stands, in the order in which it goes through them.</summary>
public static class BuildStates
{
    public const string Copying = "copying";
    public const string Indexing = "indexing";
    public const string CatchingUp = "catching_up";
    public const string Comparing = "comparing";
    public const string Switched = "switched";

    /// <summary>Compared and thrown away: it was asked for as a verification.</summary>
    public const string Verified = "verified";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    public static bool IsActive(string state) => state is Copying or Indexing or CatchingUp or Comparing;
}

/// <summary>A rebuild as status shows it.</summary>
/// <param name="Switches">False: it only verifies.</param>
/// <param name="Ceiling">What is copied in bulk; beyond it the build follows page by page.</param>
/// <param name="Position">What the next tables hold everything up to.</param>
/// <param name="RowsDifferent">Null: not compared, because the version changed.</param>
/// <param name="Differences">JSON, the first of them: <c>[{table, key, live, next}]</c>.</param>
public sealed record ProjectionBuild(
    string Projection,
    int Generation,
    int Version,
    string State,
    bool Switches,
    int Passes,
    int PassesDone,
    long EventsTotal,
    long EventsDone,
    long Ceiling,
    long Position,
    long RowsWritten,
    long? RowsCompared,
    long? RowsDifferent,
    string Differences,
    TimeSpan Throttled,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    string? Error)
{
    public bool IsActive => BuildStates.IsActive(State);

    /// <summary>Events per second so far.</summary>
    public double Rate(DateTimeOffset now)
    {
        var seconds = ((FinishedAt ?? now) - StartedAt).TotalSeconds;
        return seconds > 0 ? EventsDone / seconds : 0;
    }

    /// <summary>Until the events are folded, at the rate so far; null when nothing can be said.</summary>
    public TimeSpan? Remaining(DateTimeOffset now) =>
        IsActive && Rate(now) is > 0 and var rate ? TimeSpan.FromSeconds(Math.Max(0, EventsTotal - EventsDone) / rate) : null;
}
