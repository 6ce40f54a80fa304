using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using RabbitMQ.Client;

namespace Events.Messaging.Tests.RabbitMq;

/// <summary>Debian's rabbitmq-server on free loopback ports, with its files in a folder of its own. Root installs it when it is absent.</summary>
internal sealed class RabbitServer : IAsyncDisposable
{
    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";

    private readonly string home = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "events-tests", $"rabbit-{RandomNumberGenerator.GetHexString(8, lowercase: true)}")).FullName;
    private readonly int port = FreePort();
    private readonly int distributionPort = FreePort();
    private Process? process;

    public string Uri => $"amqp://guest:guest@127.0.0.1:{port}/";

    public static async Task<RabbitServer> StartNewAsync()
    {
        if (!File.Exists(Program))
            await InstallAsync();
        var server = new RabbitServer();
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["HOME"] = home;
        start.Environment["RABBITMQ_NODENAME"] = $"{Path.GetFileName(home)}@localhost";
        start.Environment["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1";
        start.Environment["RABBITMQ_NODE_PORT"] = $"{port}";
        start.Environment["RABBITMQ_DIST_PORT"] = $"{distributionPort}";
        start.Environment["RABBITMQ_MNESIA_BASE"] = Path.Combine(home, "data");
        start.Environment["RABBITMQ_LOG_BASE"] = Path.Combine(home, "log");
        start.Environment["RABBITMQ_PID_FILE"] = Path.Combine(home, "pid");
        start.Environment["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(home, "plugins");
        start.Environment["RABBITMQ_LOGS"] = "-";
        await File.WriteAllTextAsync(Path.Combine(home, "plugins"), "[].");
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await UntilItAnswersAsync();
    }

    /// <summary>As in a crash: the whole tree of the server's processes at once.</summary>
    public async Task KillAsync()
    {
        process!.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    private async Task UntilItAnswersAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var factory = new ConnectionFactory { Uri = new Uri(Uri) };
        while (true)
        {
            try
            {
                await using var connection = await factory.CreateConnectionAsync(limit.Token);
                return;
            }
            catch (Exception) when (!limit.IsCancellationRequested && !process!.HasExited)
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
    }

    private static async Task InstallAsync()
    {
        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/apt-get"))
            throw new InvalidOperationException($"The tests with RabbitMQ need {Program}: install Debian's rabbitmq-server (root installs it by itself).");
        foreach (var arguments in (string[])["-o DPkg::Lock::Timeout=300 update -q", "-o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends rabbitmq-server"])
        {
            var start = new ProcessStartInfo("/usr/bin/apt-get", arguments);
            start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
            using var install = Process.Start(start)!;
            await install.WaitForExitAsync();
            if (install.ExitCode != 0)
                throw new InvalidOperationException($"apt-get {arguments} failed with exit code {install.ExitCode}.");
        }
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
            await KillAsync();
        Directory.Delete(home, recursive: true);
    }
}
