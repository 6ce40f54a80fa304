using System.Buffers;

namespace Events.Platform.ObjectStorage;

/// <summary>
/// The name of an object: segments of <c>a-z 0-9 . _ -</c> joined by <c>/</c>, none starting with a dot, 512 characters at most.
/// Nothing that a person typed is ever part of it, and what parses cannot leave the folder that it is resolved in.
/// </summary>
public readonly record struct ObjectKey
{
    public const int MaxLength = 512;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    private readonly string? value;

    private ObjectKey(string value) => this.value = value;

    public string Value => value ?? throw new InvalidOperationException("default(ObjectKey) names no object.");

    /// <exception cref="ArgumentException">The text is not a key.</exception>
    public static ObjectKey Parse(string text) =>
        TryParse(text, out var key) ? key : throw new ArgumentException($"'{text}' is not an object key.", nameof(text));

    public static bool TryParse(string? text, out ObjectKey key)
    {
        key = default;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
            return false;
        foreach (var range in text.AsSpan().Split('/'))
        {
            var segment = text.AsSpan(range);
            if (segment.IsEmpty || segment[0] == '.' || segment.ContainsAnyExcept(Allowed))
                return false;
        }
        key = new ObjectKey(text);
        return true;
    }

    public override string ToString() => Value;
}
