using Events.Platform.Startup;

namespace Events.Http.Hosting;

/// <summary>What a process does: <c>Events__Roles</c>, e.g. <c>api,projections</c>. All by default, so one machine needs one process.</summary>
[Flags]
public enum Roles
{
    None = 0,

    /// <summary>Answers HTTP requests.</summary>
    Api = 1,

    /// <summary>Folds events into read models.</summary>
    Projections = 2,

    /// <summary>Runs background jobs.</summary>
    Jobs = 4,

    All = Api | Projections | Jobs,
}

internal static class RoleSetting
{
    public const string Key = "Events:Roles";

    /// <exception cref="CannotStartException">A word is not a role.</exception>
    public static Roles Read(IConfiguration configuration)
    {
        var words = (configuration[Key] ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var roles = words.Aggregate(Roles.None, (all, word) => all | Parse(word));
        return roles == Roles.None ? Roles.All : roles;
    }

    private static Roles Parse(string word) => word switch
    {
        "api" => Roles.Api,
        "projections" => Roles.Projections,
        "jobs" => Roles.Jobs,
        "all" => Roles.All,
        _ => throw new CannotStartException($"Events__Roles takes api, projections and jobs, separated by commas; {word} is none of them."),
    };
}
