namespace Events.Commands.Deciding;

/// <summary>How large things may be. Characters are UTF-16 units.</summary>
public static class Limits
{
    public const int Title = 500;
    public const int Description = 64_000;
    public const int Comment = 20_000;
    public const int Label = 64;
    public const int LabelsOfTask = 50;
    public const int ChecklistText = 500;
    public const int ChecklistItems = 200;
    public const int Comments = 5_000;
    public const int Links = 100;
    public const int Watchers = 500;

    /// <summary>Tasks that are looked at for whether a link closes a ring.</summary>
    public const int LinkedOn = 100;

    public const int Rank = 64;
    public const int ParentDepth = 10;
    public const int ProjectKey = 10;
    public const int ProjectName = 200;
    public const int Estimate = 10_000;

    public static DateOnly FirstDate { get; } = new(1970, 1, 1);

    public static DateOnly LastDate { get; } = new(2199, 12, 31);
}
