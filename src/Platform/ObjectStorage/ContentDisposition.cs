using System.Text;

namespace Events.Platform.ObjectStorage;

/// <summary>File names as people gave them: kept for people, never used as a path.</summary>
public static class ContentDisposition
{
    private const int MaxNameLength = 200;

    /// <summary>The <c>Content-Disposition</c> of a download: always an attachment, so that no stored page runs as this site.</summary>
    public static string Attachment(string fileName)
    {
        var name = Clean(fileName);
        var ascii = new string([.. name.Select(c => c is >= ' ' and < (char)127 and not '"' and not '\\' and not '%' ? c : '_')]);
        return $"attachment; filename=\"{ascii}\"; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }

    /// <summary>The last part of what may be a path, without control or direction-changing characters, 200 characters at most; never empty.</summary>
    public static string Clean(string fileName)
    {
        var last = fileName[(fileName.LastIndexOfAny(['/', '\\']) + 1)..];
        var name = new StringBuilder();
        foreach (var rune in last.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.Format)
                continue;
            if (name.Length + rune.Utf16SequenceLength > MaxNameLength)
                break;
            name.Append(rune.ToString());
        }
        var cleaned = name.ToString().Trim().TrimStart('.');
        return cleaned.Length == 0 ? "file" : cleaned;
    }
}
