using Events.Commands.Deciding;

namespace Events.Http.Bodies;

/// <summary>What is wrong with a body; the first <see cref="Most"/> are kept.</summary>
public sealed class BodyErrors
{
    public const int Most = 50;

    private List<FieldError>? found;

    public IReadOnlyList<FieldError> Found => found ?? (IReadOnlyList<FieldError>)[];

    public void Add(string pointer, string code, string detail)
    {
        if ((found ??= []).Count < Most)
            found.Add(new FieldError(pointer, code, detail));
    }
}
