using Events.Platform.Startup;

namespace Events.Platform.Embedded;

/// <summary>
/// One owner at a time. The lock is the kernel's, on an open file, so that it ends with its process however that ends;
/// the process id beside it only serves the sentence that the second owner is told.
/// </summary>
public sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream held;
    private readonly string processIdFile;

    private DataDirectoryLock(FileStream held, string processIdFile)
    {
        this.held = held;
        this.processIdFile = processIdFile;
    }

    /// <exception cref="CannotStartException">Another living process owns the directory, or it cannot be written.</exception>
    public static DataDirectoryLock Take(string directory)
    {
        var processIdFile = Path.Combine(directory, "owner.pid");
        try
        {
            Directory.CreateDirectory(directory);
            var held = new FileStream(Path.Combine(directory, "owner.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(processIdFile, $"{Environment.ProcessId}\n");
            return new DataDirectoryLock(held, processIdFile);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CannotStartException($"The data directory {directory} belongs to another user: {error.Message}", error);
        }
        catch (IOException error) when (File.Exists(processIdFile))
        {
            throw new CannotStartException($"The data directory {directory} is in use by process {ReadOwner(processIdFile)}: stop it first, or choose another with Events__DataDirectory.", error);
        }
        catch (IOException error)
        {
            throw new CannotStartException($"The data directory {directory} cannot be used: {error.Message}", error);
        }
    }

    private static string ReadOwner(string processIdFile)
    {
        var text = File.ReadAllText(processIdFile).Trim();
        return text.Length == 0 ? "(unknown)" : text;
    }

    public void Dispose()
    {
        File.Delete(processIdFile);
        held.Dispose();
    }
}
