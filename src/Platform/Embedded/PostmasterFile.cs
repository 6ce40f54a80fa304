using System.Diagnostics;
using Events.Platform.Startup;

namespace Events.Platform.Embedded;

/// <summary><c>postmaster.pid</c>: the process id in the first line, the state in the eighth.</summary>
internal static class PostmasterFile
{
    public const int Status = 7;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static string[] Read(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return [];
        }
    }

    /// <summary>
    /// After a <c>kill -9</c> of its owner the last server may still be shutting down, or its watchdog may have died with the
    /// owner. A second INT to one that already shuts down does nothing. The caller holds the directory's lock, so nobody else
    /// can start one meanwhile.
    /// </summary>
    public static async Task WaitForLeftoverAsync(string path, CancellationToken ct)
    {
        if (LivingServer(path) is not { } processId)
            return;
        foreach (var signal in (string[])["INT", "QUIT"])
        {
            await ChildProcess.SignalAsync(processId, signal, ct);
            var began = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                if (LivingServer(path) is null)
                    return;
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, ct);
            }
        }

        throw new CannotStartException($"An earlier PostgreSQL (process {processId}) still runs on {Path.GetDirectoryName(path)} and does not stop.");
    }

    private static int? LivingServer(string path)
    {
        if (Read(path) is not [var first, ..] || !int.TryParse(first, out var processId))
            return null;
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.ProcessName.StartsWith("postgres", StringComparison.Ordinal) ? processId : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
