using Events.Commands.Deciding;
using Events.EventStore;

namespace Events.Commands.Handling;

/// <summary>What became of a command. Refusals are values; exceptions are bugs or outages.</summary>
public abstract record CommandResult<TState>
{
    private CommandResult()
    {
    }

    /// <param name="Version">Of the stream now.</param>
    /// <param name="Position">Of the last event written; 0 when nothing had to change.</param>
    /// <param name="At">When it was written; null when nothing had to change.</param>
    /// <param name="Events">What happened; empty when nothing had to change.</param>
    public sealed record Done(TState State, long Version, long Position, DateTimeOffset? At, IReadOnlyList<object> Events) : CommandResult<TState>;

    /// <summary>The command is impossible as the thing stands now.</summary>
    public sealed record Refused(string Code, string Detail, string? Pointer) : CommandResult<TState>;

    /// <summary>The command is impossible whatever the thing.</summary>
    public sealed record Invalid(IReadOnlyList<FieldError> Errors) : CommandResult<TState>;

    /// <summary>The caller has seen another version.</summary>
    public sealed record VersionMismatch(IReadOnlyList<long> Expected, long Actual) : CommandResult<TState>;

    /// <summary>Others were faster, again and again: try later.</summary>
    public sealed record Contended : CommandResult<TState>;

    /// <summary>The key was used for this same request before: its answer.</summary>
    public sealed record Replayed(StoredAnswer Answer, long Position) : CommandResult<TState>;

    /// <summary>The key was used for another request.</summary>
    public sealed record KeyReused(string Key) : CommandResult<TState>;
}
