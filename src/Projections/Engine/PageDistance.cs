namespace Events.Projections.Engine;

/// <summary>
/// How far apart the pages of a lane are begun: as far as leaves half of its time to others, within bounds. What a page costs is shared by its
/// events, so where pages take most of the time they are taken less often, and each holds more. Not for several threads.
/// </summary>
internal sealed class PageDistance(TimeSpan shortest)
{
    /// <summary>How many times the shortest distance the longest one is.</summary>
    private const int MostStretched = 8;

    /// <summary>Of how many pages the time is averaged: a single slow one is no flood.</summary>
    private const int Pages = 4;

    private TimeSpan usual;

    public TimeSpan Now => usual * 2 < shortest ? shortest : AtMost(usual * 2);

    /// <returns>How long to wait before the next page.</returns>
    /// <param name="page">How long the last one took.</param>
    public TimeSpan After(TimeSpan page)
    {
        usual += (AtMost(page) - usual) / Pages;
        return page < Now ? Now - page : TimeSpan.Zero;
    }

    public void Reset() => usual = TimeSpan.Zero;

    private TimeSpan AtMost(TimeSpan time) => time > shortest * MostStretched ? shortest * MostStretched : time;
}
