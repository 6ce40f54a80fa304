using System.Diagnostics;

namespace Events.Fixtures;

/// <summary>Programs of the distribution that some tests run; root installs what is absent.</summary>
public static class DebianPackages
{
    private static readonly SemaphoreSlim OneAtATime = new(1);

    /// <exception cref="InvalidOperationException">The program is absent and cannot be installed.</exception>
    public static async Task RequireAsync(string program, string package, CancellationToken ct)
    {
        await OneAtATime.WaitAsync(ct);
        try
        {
            if (!File.Exists(program))
                await InstallAsync(program, package, ct);
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private static async Task InstallAsync(string program, string package, CancellationToken ct)
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/apt-get"))
            throw new InvalidOperationException($"A test needs {program}: install Debian's {package} (root installs it by itself).");
        // Another test process may be installing: apt then waits for its lock.
        foreach (var command in (string[])["-o DPkg::Lock::Timeout=300 update -q", $"-o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends {package}"])
        {
            var start = new ProcessStartInfo("/usr/bin/apt-get", command) { UseShellExecute = false };
            start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
            // Debian starts a service at its installation otherwise; the tests start their own.
            start.Environment["RUNLEVEL"] = "1";
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync(ct);
            if (process.ExitCode != 0)
                throw new InvalidOperationException($"apt-get {command} failed with exit code {process.ExitCode}.");
        }
    }
}
