using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Events.Projections.Engine;

/// <summary>What processes tell each other on channel <c>events_projected</c>: <c>POSITION NAME…</c>, with <c>=</c> before it when it may be lower than before, or rows changed without an event.</summary>
internal sealed record ProjectedMessage(long Position, bool IsReset, IReadOnlyList<string> Projections)
{
    public static string Format(IEnumerable<string> projections, long position) =>
        string.Create(CultureInfo.InvariantCulture, $"{position} {string.Join(' ', projections)}");

    public static string FormatReset(IEnumerable<string> projections, long position) => $"={Format(projections, position)}";

    public static bool TryParse(string text, [NotNullWhen(true)] out ProjectedMessage? message)
    {
        message = null;
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 2 || !long.TryParse(parts[0].TrimStart('='), NumberStyles.None, CultureInfo.InvariantCulture, out var position))
            return false;
        message = new ProjectedMessage(position, parts[0].StartsWith('='), parts[1..]);
        return true;
    }
}
