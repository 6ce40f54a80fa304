using System.Globalization;
using Events.Http.Problems;

namespace Events.Http.Answers;

/// <summary>A stream's version as a strong entity tag: <c>"v17"</c>.</summary>
public static class Versions
{
    public static string ETag(long version) => $"\"v{version}\"";

    /// <summary>The version that <c>If-Match</c> names; null: none named, or any (<c>*</c>).</summary>
    public static long? IfMatch(HttpRequest request, out Problem? problem)
    {
        problem = null;
        var header = request.Headers.IfMatch;
        if (header.Count == 0)
            return null;
        var tag = header.Count == 1 ? header[0].AsSpan().Trim() : [];
        if (tag is "*")
            return null;
        if (TryParse(tag, out var version))
            return version;
        problem = tag.StartsWith("W/", StringComparison.Ordinal)
            ? new Problem(412, "version_mismatch", "If-Match compares strong tags only; a weak one never matches.")
            : new Problem(400, "malformed_if_match", "If-Match takes one entity tag of this thing, such as \"v3\", or *.");
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
