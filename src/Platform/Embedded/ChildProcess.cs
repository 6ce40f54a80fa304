using System.Diagnostics;

namespace Events.Platform.Embedded;

/// <summary>Runs short programs to their end.</summary>
internal static class ChildProcess
{
    internal sealed record Result(int ExitCode, string Output)
    {
        /// <summary>The last lines, on one line, for a sentence.</summary>
        public string Tail => string.Join(" · ", Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(3));
    }

    public static async Task<Result> RunAsync(string[] command, string? directory, string? input, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? Path.GetTempPath(),
        };
        using var process = Process.Start(start)!;
        try
        {
            // Both pipes are drained while it runs: a full one would stop it.
            var output = process.StandardOutput.ReadToEndAsync(ct);
            var error = process.StandardError.ReadToEndAsync(ct);
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), ct);
            process.StandardInput.Close();
            await process.WaitForExitAsync(ct);
            return new Result(process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static string? FindOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/bin", "/bin", "/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Sends a signal such as INT; a process that is already gone is no error.</summary>
    public static Task SignalAsync(int processId, string signal, CancellationToken ct) =>
        RunAsync(["/bin/sh", "-c", "kill -s \"$1\" \"$2\" 2>/dev/null || true", "sh", signal, processId.ToString()], null, null, ct);
}
