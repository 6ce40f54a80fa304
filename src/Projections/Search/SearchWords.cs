using System.Text;
using Events.Platform.Tenancy;
using Events.Projections.Engine;

namespace Events.Projections.Search;

/// <summary>How text becomes words, for what is stored and for what is asked alike: letters and digits, in lower case.</summary>
internal static class SearchWords
{
    public const int LongestWord = 40;
    public const int MostTitleWords = 32;
    public const int MostLexemes = 256;

    /// <summary>From how many letters on the middle of a word is found.</summary>
    public const int ShortestSuffix = 3;

    /// <summary>Without repeats, in order of appearance.</summary>
    public static List<string> Of(string? text, int most)
    {
        var words = new List<string>();
        if (text is null)
            return words;
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                if (word.Length < LongestWord)
                    word.Append(Rune.ToLowerInvariant(rune).ToString());
                continue;
            }

            Take();
            if (words.Count >= most)
                return words;
        }

        Take();
        return words;

        void Take()
        {
            if (word.Length > 0 && word.ToString() is var found && !words.Contains(found))
                words.Add(found);
            word.Clear();
        }
    }

    /// <summary>The key whole and in parts, then the title.</summary>
    public static List<string> OfTask(string key, string title)
    {
        var words = Of($"{key} {title}", MostTitleWords);
        var whole = key.ToLowerInvariant();
        if (whole.Length <= LongestWord && !words.Contains(whole))
            words.Add(whole);
        return words;
    }

    /// <summary>Eight letters in front of each lexeme; two tenants may share them, so the tenant is compared too.</summary>
    public static string Tag(TenantId tenant) => TenantKey.Of(tenant).ToString("N")[^8..];

    /// <summary>Lexemes with positions and weights, A for the title and B for the description, sorted as PostgreSQL sorts them.</summary>
    public static List<(string Lexeme, IReadOnlyList<ushort> Positions)> Lexemes(TenantId tenant, string key, string title, string? description)
    {
        const ushort WeightA = 3 << 14;
        const ushort WeightB = 2 << 14;
        var tag = Tag(tenant);
        var lexemes = new List<(string, IReadOnlyList<ushort>)>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        ushort position = 1;
        foreach (var word in OfTask(key, title))
        {
            if (known.Add(word))
                lexemes.Add((tag + word, [(ushort)(WeightA | position++)]));
        }

        foreach (var word in Of(description, MostLexemes))
        {
            if (known.Add(word))
                lexemes.Add((tag + word, [(ushort)(WeightB | position++)]));
        }

        return lexemes;
    }

    /// <summary>The same as a literal. Words are letters, digits and dashes, so quotes are all that is needed.</summary>
    public static string Literal(List<(string Lexeme, IReadOnlyList<ushort> Positions)> lexemes) =>
        string.Join(' ', lexemes.Select(l => $"'{l.Lexeme.Replace("'", "''", StringComparison.Ordinal).Replace("\\", "\\\\", StringComparison.Ordinal)}':{l.Positions[0] & 0x3FFF}{(l.Positions[0] >> 14 == 3 ? 'A' : 'B')}"));
}
