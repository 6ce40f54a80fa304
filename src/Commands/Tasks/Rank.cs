using System.Buffers;
using Events.Commands.Deciding;

namespace Events.Commands.Tasks;

/// <summary>
/// Places on a board as fractions in base 36: between any two there is always a third, so moving a card writes one task.
/// Compared byte by byte. A rank never ends in 0, so that nothing lies between a rank and itself with zeros.
/// </summary>
public static class Rank
{
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(Digits);

    /// <summary>Where a new task starts: after all earlier numbers of its project.</summary>
    public static string OfNumber(long number)
    {
        Span<char> digits = stackalloc char[9];
        digits[8] = 'i';
        for (var i = 7; i >= 0; i--)
        {
            digits[i] = Digits[(int)(number % 36)];
            number /= 36;
        }

        return new string(digits);
    }

    public static bool IsValid(string? rank) =>
        rank is { Length: > 0 and <= Limits.Rank } && rank[^1] != '0' && !rank.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>
    /// A place of a task's own between two others: the task's number is part of it, so that two tasks that are dropped into one
    /// gap at the same moment do not share a place.
    /// </summary>
    public static string OfPlace(string? before, string? after, long number)
    {
        // What begins with a rank between the two is between the two, however it goes on.
        var result = new System.Text.StringBuilder(Between(before, after));
        for (; number > 0; number /= 36)
            result.Append(Digits[(int)(number % 36)]);
        return result.Append('i').ToString();
    }

    /// <param name="before">The left neighbour's rank; null: the very first place.</param>
    /// <param name="after">The right neighbour's rank; null: the very last place. Greater than <paramref name="before"/>.</param>
    public static string Between(string? before, string? after)
    {
        var result = new System.Text.StringBuilder();
        var bounded = after is not null;
        for (var i = 0; ; i++)
        {
            var low = before is not null && i < before.Length ? Digits.IndexOf(before[i], StringComparison.Ordinal) : 0;
            var high = bounded && i < after!.Length ? Digits.IndexOf(after[i], StringComparison.Ordinal) : 36;
            if (high - low > 1)
                return result.Append(Digits[(low + high) / 2]).ToString();
            result.Append(Digits[low]);
            // One digit apart: from here on anything is below the right neighbour.
            if (high != low)
                bounded = false;
        }
    }
}
