using System.Diagnostics;
using Events.Platform.Embedded;

namespace Events.Fixtures;

/// <summary>Debian's package <c>postgresql-15</c>: the oldest version that is supported.</summary>
internal static class DebianPostgres
{
    private const string Programs = "/usr/lib/postgresql/15/bin";

    private static readonly SemaphoreSlim OneAtATime = new(1);

    public static async Task<PostgresBinaries> FindOrInstallAsync(CancellationToken ct)
    {
        await OneAtATime.WaitAsync(ct);
        try
        {
            if (!File.Exists(Path.Combine(Programs, "postgres")))
                await InstallAsync(ct);
            return new PostgresBinaries(Programs);
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private static async Task InstallAsync(CancellationToken ct)
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/apt-get"))
            throw new InvalidOperationException($"The tests on PostgreSQL 15 need {Programs}/postgres: install Debian's postgresql-15 (root installs it by itself).");
        foreach (var command in (string[])["-o DPkg::Lock::Timeout=300 update -q", "-o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends postgresql-15"])
        {
            var start = new ProcessStartInfo("/usr/bin/apt-get", command) { UseShellExecute = false };
            start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync(ct);
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"apt-get {command} failed with exit code {process.ExitCode}.");
        }
    }
}
