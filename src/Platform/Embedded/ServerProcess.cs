using System.Diagnostics;
using Events.Platform.Startup;

namespace Events.Platform.Embedded;

/// <summary>A running postmaster under its watchdog.</summary>
internal sealed class ServerProcess : IDisposable
{
    // The watchdog lives in a session of its own, so that neither Ctrl-C nor a kill of our process group reaches it or the
    // server. It says the server's process id and goes on. Its standard input is a pipe that only we hold open: when we end, however we end, it reads the end of the file
    // and stops the server with a fast shutdown. A line on the pipe is a signal to pass on. It ends when the server ends.
    private const string Watchdog = """
        exec 3<&0 4>&1 </dev/null >>"$1" 2>&1
        shift
        "$@" 3<&- 4>&- &
        server=$!
        echo "$server" >&4
        exec 4>&-
        (
            while read -r signal <&3; do kill -s "$signal" "$server"; done
            kill -s INT "$server"
        ) &
        reader=$!
        wait "$server"
        status=$?
        kill "$reader" 2>/dev/null
        exit "$status"
        """;

    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LongestFastStop = TimeSpan.FromSeconds(30);

    private readonly Process watchdog;

    private ServerProcess(Process watchdog) => this.watchdog = watchdog;

    /// <summary>The postmaster's.</summary>
    public int ProcessId { get; private init; }

    public bool HasExited => watchdog.HasExited;

    /// <summary>Starts the server and waits until it takes connections; null when it ended before that (its log says why).</summary>
    public static async Task<ServerProcess?> StartAsync(PostgresCluster cluster, string[] command, CancellationToken ct)
    {
        string[] session = ChildProcess.FindOnPath("setsid") is { } setsid ? [setsid] : [];
        string[] whole = [.. session, "/bin/sh", "-c", Watchdog, "events-watchdog", cluster.Log, .. command];
        var start = new ProcessStartInfo(whole[0], whole[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        var watchdog = Process.Start(start)!;
        var server = new ServerProcess(watchdog) { ProcessId = int.Parse(await watchdog.StandardOutput.ReadToEndAsync(ct)) };
        try
        {
            return await server.WaitUntilReadyAsync(Path.Combine(cluster.Data, "postmaster.pid"), ct) ? server : null;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>
    /// pg_ctl's own way: the last line of the postmaster's file says when it is ready. The file of a server that was killed
    /// still says so of that one, until ours writes its own.
    /// </summary>
    private async Task<bool> WaitUntilReadyAsync(string pidFile, CancellationToken ct)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!watchdog.HasExited)
        {
            var lines = PostmasterFile.Read(pidFile);
            if (lines.Length > PostmasterFile.Status && lines[0] == ProcessId.ToString() && lines[PostmasterFile.Status].Trim() is "ready")
                return true;

            if (TimeProvider.System.GetElapsedTime(began) > LongestStart)
                throw new CannotStartException($"PostgreSQL was not ready after {LongestStart.TotalSeconds:0} s; its log is beside {pidFile}.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, ct);
        }

        return false;
    }

    /// <param name="signal">INT: disconnect everybody and shut down. QUIT: stop at once, as in a crash.</param>
    public async Task StopAsync(string signal, CancellationToken ct)
    {
        if (!watchdog.HasExited)
            await SendAsync(signal, ct);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(LongestFastStop);
        try
        {
            await watchdog.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            await SendAsync("QUIT", ct);
            await watchdog.WaitForExitAsync(ct);
        }
    }

    private async Task SendAsync(string signal, CancellationToken ct)
    {
        try
        {
            await watchdog.StandardInput.WriteLineAsync(signal.AsMemory(), ct);
            await watchdog.StandardInput.FlushAsync(ct);
        }
        catch (IOException)
        {
            // It ended in this moment: the wait that follows returns at once.
        }
    }

    public void Dispose() => watchdog.Dispose();
}
