namespace Events.Commands.Deciding;

/// <summary>
/// What a decider says to a command: these events, nothing to do (a repeat), or no. A decider never throws for business and
/// never reads a clock, an id or a database: they come in as values.
/// </summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>The command is already true.</summary>
    public static Decision Nothing { get; } = new Unchanged();

    public static Decision Accept(params IReadOnlyList<object> events) => new Accepted(events);

    /// <param name="code">Stable, snake_case: clients match on it.</param>
    /// <param name="detail">One sentence for people. Holds no secret.</param>
    /// <param name="pointer">JSON pointer of the member that is at fault, e.g. <c>/role</c>.</param>
    public static Decision Refuse(string code, string detail, string? pointer = null) => new Refused(code, detail, pointer);

    public sealed record Accepted(IReadOnlyList<object> Events) : Decision
    {
        /// <summary>Other streams that the decision read, each with its version: when one is another by the time of writing, it is decided anew.</summary>
        public IReadOnlyList<(Guid Stream, long Version)> RestsOn { get; init; } = [];
    }

    public sealed record Unchanged : Decision;

    public sealed record Refused(string Code, string Detail, string? Pointer) : Decision;
}
