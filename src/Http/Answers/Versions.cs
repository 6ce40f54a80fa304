using System.Globalization;
using Events.Http.Problems;

namespace Events.Http.Answers;

/// <summary>A stream's version as a strong entity tag: <c>"v17"</c>.</summary>
public static class Versions
{
    public static string ETag(long version) => $"\"v{version}\"";

    /// <summary>
    /// The versions that <c>If-Match</c> names (RFC 9110: one tag or several, compared strongly); null: none named, or any (<c>*</c>). A
    /// tag that is weak, or of something else, is none of a version and never matches.
    /// </summary>
    public static IReadOnlyList<long>? IfMatch(HttpRequest request, out Problem? problem)
    {
        problem = null;
        var header = request.Headers.IfMatch;
        if (header.Count == 0)
            return null;
        var tags = header.ToString().AsSpan();
        if (tags.Trim() is "*")
            return null;
        var versions = new List<long>(1);
        while (!tags.IsEmpty)
        {
            tags = tags.TrimStart(" \t");
            var weak = tags.StartsWith("W/", StringComparison.Ordinal);
            var tag = weak ? tags[2..] : tags;
            var length = tag.StartsWith('"') ? tag[1..].IndexOf('"') + 2 : 1;
            if (length < 2)
                break;
            if (!weak && TryParse(tag[..length], out var version))
                versions.Add(version);
            tags = tag[length..].TrimStart(" \t");
            if (tags.IsEmpty)
                return versions;
            if (tags[0] != ',')
                break;
            tags = tags[1..];
        }

        problem = new Problem(400, "malformed_if_match", "If-Match takes entity tags of this thing, such as \"v3\", with commas between, or *.");
        return null;
    }

    public static bool TryParse(ReadOnlySpan<char> tag, out long version)
    {
        version = 0;
        return tag.Length is > 3 and < 24 && tag[0] == '"' && tag[1] == 'v' && tag[^1] == '"'
            && long.TryParse(tag[2..^1], NumberStyles.None, CultureInfo.InvariantCulture, out version);
    }

    /// <summary>Whether the caller already holds what has this tag (<c>If-None-Match</c>, compared weakly).</summary>
    public static bool IsNotModified(HttpRequest request, string tag)
    {
        var header = request.Headers.IfNoneMatch;
        // Of a change there is always something to tell.
        if (header.Count == 0 || !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
            return false;
        var bare = Opaque(tag);
        foreach (var line in header)
        {
            foreach (var part in line.AsSpan().Split(','))
            {
                var candidate = line.AsSpan()[part].Trim();
                if (candidate is "*" || Opaque(candidate).SequenceEqual(bare))
                    return true;
            }
        }

        return false;
    }

    private static ReadOnlySpan<char> Opaque(ReadOnlySpan<char> tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
}
