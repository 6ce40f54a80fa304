using System.Buffers;
using System.Text;

namespace Events.Projections.Search;

/// <summary>How text becomes words, for what is stored and for what is asked alike: letters and digits, in lower case.</summary>
internal static class SearchWords
{
    public const int LongestWord = 40;
    public const int MostTitleWords = 32;
    public const int MostLexemes = 256;

    private static readonly SearchValues<char> KeyLetters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>From how many letters on the middle of a word is found.</summary>
    public const int ShortestSuffix = 3;

    /// <summary>Without repeats, in order of appearance.</summary>
    public static List<string> Of(string? text, int most)
    {
        var words = new List<string>();
        if (text is null)
            return words;
        // The last letter may take two places.
        Span<char> word = stackalloc char[LongestWord + 1];
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                if (length < LongestWord)
                    length += Rune.ToLowerInvariant(rune).EncodeToUtf16(word[length..]);
                continue;
            }

            Take(words, word[..length]);
            length = 0;
            if (words.Count >= most)
                return words;
        }

        Take(words, word[..length]);
        return words;
    }

    private static void Take(List<string> words, ReadOnlySpan<char> word)
    {
        if (word.IsEmpty)
            return;
        foreach (var known in words)
        {
            if (word.SequenceEqual(known))
                return;
        }

        words.Add(word.ToString());
    }

    /// <summary>
    /// What type-ahead finds a task by: its number, the words of its title, and its key whole. The project's part of the key is not among them: every
    /// task of the project would have it, and it begins the whole key anyway.
    /// </summary>
    public static List<string> OfTask(string key, string title)
    {
        var words = Of($"{key.AsSpan(key.LastIndexOf('-') + 1)} {title}", MostTitleWords);
        var whole = key.ToLowerInvariant();
        if (whole.Length <= LongestWord && !words.Contains(whole))
            words.Add(whole);
        return words;
    }

    /// <summary>The first key, such as <c>WEB-12</c>, in what was typed: in lower case, as <see cref="OfTask"/> has it.</summary>
    /// <param name="rest">What else was typed.</param>
    public static bool TryKey(string text, out string key, out string rest)
    {
        foreach (var part in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.LastIndexOf('-') is > 0 and var dash && dash < part.Length - 1 && part.Length <= LongestWord
                && part.AsSpan(0, dash).IndexOfAnyExcept(KeyLetters) < 0 && part.AsSpan(dash + 1).IndexOfAnyExceptInRange('0', '9') < 0)
            {
                (key, rest) = (part.ToLowerInvariant(), text.Replace(part, " ", StringComparison.Ordinal));
                return true;
            }
        }

        (key, rest) = ("", text);
        return false;
    }

    /// <summary>Eight letters in front of each lexeme; two tenants may share them, so the tenant is compared too.</summary>
    /// <param name="tenant">Its key.</param>
    public static string Tag(Guid tenant) => tenant.ToString("N")[^8..];

    /// <summary>Lexemes with a position and its weight, A for the title and B for the description.</summary>
    /// <param name="tenant">Its key.</param>
    /// <param name="key">Of the task; the project's part of it is a lexeme too.</param>
    /// <param name="titleWords">As <see cref="OfTask"/> found them.</param>
    public static List<(string Lexeme, ushort Position)> Lexemes(Guid tenant, string key, List<string> titleWords, string? description)
    {
        const int WeightA = 3 << 14;
        const int WeightB = 2 << 14;
        var tag = Tag(tenant);
        var described = Of(description, MostLexemes);
        var lexemes = new List<(string, ushort)>(titleWords.Count + described.Count + 1);
        var known = new HashSet<string>(StringComparer.Ordinal);
        Add(Of(key, 1), WeightA);
        Add(titleWords, WeightA);
        Add(described, WeightB);
        return lexemes;

        void Add(List<string> words, int weight)
        {
            foreach (var word in words)
            {
                if (known.Add(word))
                    lexemes.Add((tag + word, (ushort)(weight | known.Count)));
            }
        }
    }

    /// <summary>The same as a literal. Words are letters, digits and dashes, so quotes are all that is needed.</summary>
    public static string Literal(List<(string Lexeme, ushort Position)> lexemes)
    {
        var text = new StringBuilder(lexemes.Count * 24);
        foreach (var (lexeme, position) in lexemes)
            text.Append(text.Length == 0 ? "'" : " '").Append(lexeme).Append("':").Append(position & 0x3FFF).Append(position >> 14 == 3 ? 'A' : 'B');
        return text.ToString();
    }
}
