namespace Events.Projections.Engine;

/// <summary>
/// How far apart the pages of a lane are begun. What a page costs is shared by its events, so a lane whose pages take more than half of its time
/// takes them less often, and each holds more; it comes back when there is less to do. Not for several threads.
/// </summary>
internal sealed class PageDistance(TimeSpan shortest)
{
    /// <summary>How many times the shortest distance the longest one is.</summary>
    private const int MostStretched = 8;

    private const double Step = 1.5;

    private TimeSpan stretched;

    public TimeSpan Now => stretched > shortest ? stretched : shortest;

    /// <returns>How long to wait before the next page.</returns>
    /// <param name="page">How long the last one took.</param>
    public TimeSpan After(TimeSpan page)
    {
        if (page > Now * 0.5)
            stretched = Min(Now * Step, shortest * MostStretched);
        else if (page < Now * 0.2)
            stretched = Now / Step;
        return page < Now ? Now - page : TimeSpan.Zero;
    }

    public void Reset() => stretched = shortest;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
