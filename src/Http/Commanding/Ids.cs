using Events.Commands.Deciding;
using Events.Commands.Handling;

namespace Events.Http.Commanding;

/// <summary>Ids that clients make themselves are UUIDv7, so that rows made together lie together.</summary>
public static class Ids
{
    /// <summary>null: none was made, or it may be.</summary>
    public static FieldError? Refuse(Guid? made, string pointer) =>
        made is { } id && id.Version != 7 ? new FieldError(pointer, "not_uuidv7", "An id that the client makes is a UUID of version 7.") : null;

    public static CommandResult<TState> Of<TState>(this FieldError error) => new CommandResult<TState>.Invalid([error]);
}
