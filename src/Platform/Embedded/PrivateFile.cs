using System.Text;

namespace Events.Platform.Embedded;

/// <summary>Files for this user alone (mode 600), whole or not there.</summary>
public static class PrivateFile
{
    public static async Task WriteAsync(string path, string text, CancellationToken ct)
    {
        var work = path + ".tmp";
        File.Delete(work);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var writer = new StreamWriter(work, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options))
            await writer.WriteAsync(text.AsMemory(), ct);
        File.Move(work, path, overwrite: true);
    }
}
