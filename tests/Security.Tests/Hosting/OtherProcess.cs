using System.Diagnostics;

namespace Events.Security.Tests.Hosting;

/// <summary>The same service in a process of its own, over the same database: another node.</summary>
internal sealed class OtherProcess : IAsyncDisposable
{
    private const string Ready = "ready at ";

    private readonly Process process;
    private readonly DirectoryInfo data;

    private OtherProcess(Process process, DirectoryInfo data, Uri url) => (this.process, this.data, Url) = (process, data, url);

    public Uri Url { get; }

    public static async Task<OtherProcess> StartAsync(Service service, CancellationToken ct)
    {
        var data = Directory.CreateTempSubdirectory("events-other");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "events.dll"), "serve"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in service.Settings())
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Events__DataDirectory"] = data.FullName;
        start.Environment["Events__Roles"] = "api";
        start.Environment["Events__Identity__MasterKey"] = await File.ReadAllTextAsync(Path.Combine(service.DataDirectory, "keys", "master.key"), ct);
        var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        while (await process.StandardOutput.ReadLineAsync(ct) is { } line)
        {
            var at = line.IndexOf(Ready, StringComparison.Ordinal);
            if (at >= 0)
                return new(process, data, new Uri(line[(at + Ready.Length)..].Split(' ')[0]));
        }

        throw new InvalidOperationException($"The other process did not start: {await process.StandardError.ReadToEndAsync(ct)}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        data.Delete(recursive: true);
    }
}
