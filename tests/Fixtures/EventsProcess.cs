using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Events.Fixtures;

/// <summary>What a running service wrote into <c>run.json</c>.</summary>
public sealed record RunningService(Uri Url, string? Email, string? Password, string? Token, string? WorkspaceId, int Pid, string Postgres);

/// <summary>The executable <c>events</c> as a process of its own on a free loopback port; killed when disposed.</summary>
/// <remarks>The caller's project references src/Http, so that <c>events.dll</c> stands beside the caller.</remarks>
public sealed class EventsProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly Process process;
    private readonly StringBuilder output;

    private EventsProcess(Process process, StringBuilder output, string dataDirectory)
    {
        this.process = process;
        this.output = output;
        DataDirectory = dataDirectory;
    }

    public string DataDirectory { get; }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>Both streams, as far as they have been read.</summary>
    public string Output
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    public RunningService Running { get; private set; } = null!;

    /// <summary>Starts it and returns when <c>run.json</c> says that it is ready.</summary>
    /// <param name="environment">Further variables, e.g. <c>ConnectionStrings__Postgres</c>.</param>
    /// <exception cref="InvalidOperationException">It ended before it was ready; the message holds what it printed.</exception>
    public static async Task<EventsProcess> StartAsync(
        string dataDirectory,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string?> environment,
        CancellationToken ct)
    {
        Directory.CreateDirectory(dataDirectory);
        var runFile = Path.Combine(dataDirectory, "run.json");
        File.Delete(runFile);
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(dataDirectory, "run.json");
        watcher.Created += (_, _) => written.TrySetResult();
        watcher.Renamed += (_, _) => written.TrySetResult();
        watcher.Changed += (_, _) => written.TrySetResult();
        watcher.EnableRaisingEvents = true;

        var events = Launch(dataDirectory, arguments, environment);
        var exited = events.process.WaitForExitAsync(ct);
        while (true)
        {
            if (await Task.WhenAny(written.Task, exited).WaitAsync(StartLimit, ct) == exited)
                throw new InvalidOperationException($"events ended with exit code {events.process.ExitCode} before it was ready:\n{events.Output}");
            written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (TryRead(runFile) is { } running)
            {
                events.Running = running;
                return events;
            }
        }
    }

    /// <summary>Starts it where it is expected to refuse, and returns when it has ended.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(
        string dataDirectory,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string?> environment,
        CancellationToken ct)
    {
        await using var events = Launch(dataDirectory, arguments, environment);
        await events.process.WaitForExitAsync(ct).WaitAsync(StartLimit, ct);
        return (events.process.ExitCode, events.Output);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        process.Kill();
        await process.WaitForExitAsync(ct);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await KillAsync(CancellationToken.None);
        process.Dispose();
    }

    private static EventsProcess Launch(string dataDirectory, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = dataDirectory };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "events.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["Events__DataDirectory"] = dataDirectory;
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{FreePort()}";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        var output = new StringBuilder();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(output, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new EventsProcess(process, output, dataDirectory);
    }

    private static void Append(StringBuilder output, string? line)
    {
        if (line is null)
            return;
        lock (output)
            output.AppendLine(line);
    }

    private static RunningService? TryRead(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<RunningService>(File.ReadAllText(path), JsonSerializerOptions.Web);
        }
        catch (Exception notYet) when (notYet is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
