using System.Diagnostics;

namespace Events.System.Tests.Whole;

/// <summary>A data directory for a test's service; deleted once its database has ended.</summary>
public sealed class ServiceDirectory : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Short, so that the database's socket fits below it.</summary>
    public string Path { get; } = global::System.IO.Path.Combine(global::System.IO.Path.GetTempPath(), $"events-{Guid.NewGuid():N}"[..18]);

    public string File(params string[] names) => global::System.IO.Path.Combine([Path, .. names]);

    /// <summary>The process id of the database's first process; null when none has been started, or it has ended.</summary>
    public int? PostmasterId => global::System.IO.File.Exists(File("postgres", "postmaster.pid"))
        ? int.Parse(global::System.IO.File.ReadLines(File("postgres", "postmaster.pid")).First())
        : null;

    public static async Task EndedAsync(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (ArgumentException)
        {
            // It has ended already.
        }
    }

    // A service that was killed leaves its database shutting down for a moment.
    public async ValueTask DisposeAsync()
    {
        if (PostmasterId is { } postmaster)
            await EndedAsync(postmaster);
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
