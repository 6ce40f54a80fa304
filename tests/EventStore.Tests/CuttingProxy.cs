using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Events.EventStore.Tests;

/// <summary>A wire to PostgreSQL that can be cut at the worst moment: the server has answered, and the client never learns what.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<Task> wires = [];
    private readonly Task accepting;
    private readonly int server;
    private int armed;
    private int cuts;

    public CuttingProxy(int server)
    {
        this.server = server;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Cuts => Volatile.Read(ref cuts);

    public void CutAtNextAnswer() => Volatile.Write(ref armed, 1);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                wires.Add(CarryAsync(await listener.AcceptTcpClientAsync(stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient();
        await far.ConnectAsync(IPAddress.Loopback, server, stopping.Token);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        await Task.WhenAny(
            PumpAsync(near.GetStream(), far.GetStream(), answers: false, cut.Token),
            PumpAsync(far.GetStream(), near.GetStream(), answers: true, cut.Token));
        await cut.CancelAsync();
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, bool answers, CancellationToken ct)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await from.ReadAsync(buffer, ct) is var read and > 0)
            {
                if (answers && Interlocked.Exchange(ref armed, 0) == 1)
                {
                    Interlocked.Increment(ref cuts);
                    return;
                }

                await to.WriteAsync(buffer.AsMemory(0, read), ct);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone; the other follows.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await accepting;
        await Task.WhenAll(wires);
        listener.Dispose();
        stopping.Dispose();
    }
}
