using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace Events.Benchmarks.Load;

/// <summary>
/// A keep-alive HTTP/1.1 connection that sends prepared bytes and reads whole answers. It costs a fraction of HttpClient, so
/// that on a small machine the figures are the server's and not the client's; both sides of a comparison are driven by it.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket socket;
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private int filled;

    private HttpConnection(Socket socket) => this.socket = socket;

    public static async Task<HttpConnection> OpenAsync(Uri server, CancellationToken ct)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port), ct);
        return new HttpConnection(client);
    }

    /// <summary>The answer's status and body; the body is valid until the next call.</summary>
    public async ValueTask<(int Status, ReadOnlyMemory<byte> Body)> SendAsync(ReadOnlyMemory<byte> request, CancellationToken ct)
    {
        for (var sent = 0; sent < request.Length;)
            sent += await socket.SendAsync(request[sent..], SocketFlags.None, ct);
        filled = 0;
        int headEnd;
        while ((headEnd = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
            await FillAsync(ct);
        var status = ParseStatus(buffer);
        var bodyStart = headEnd + 4;
        if (ContentLength(buffer.AsSpan(0, headEnd + 2)) is { } length)
        {
            while (filled < bodyStart + length)
                await FillAsync(ct);
            return (status, buffer.AsMemory(bodyStart, length));
        }

        return (status, await ReadChunksAsync(bodyStart, ct));
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadChunksAsync(int start, CancellationToken ct)
    {
        var written = start;
        for (var at = start; ;)
        {
            int lineEnd;
            while ((lineEnd = buffer.AsSpan(at, filled - at).IndexOf("\r\n"u8)) < 0)
                await FillAsync(ct);
            if (!Utf8Parser.TryParse(buffer.AsSpan(at, lineEnd), out int size, out _, 'x'))
                throw new InvalidDataException("The answer's chunk has no size.");
            at += lineEnd + 2;
            while (filled < at + size + 2)
                await FillAsync(ct);
            if (size == 0)
                return buffer.AsMemory(start, written - start);
            buffer.AsSpan(at, size).CopyTo(buffer.AsSpan(written));
            written += size;
            at += size + 2;
        }
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        if (filled == buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
            buffer.AsSpan(0, filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        var read = await socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, ct);
        if (read == 0)
            throw new IOException("The server closed the connection in the middle of an answer.");
        filled += read;
    }

    private static int ParseStatus(ReadOnlySpan<byte> head) =>
        Utf8Parser.TryParse(head["HTTP/1.1 ".Length..], out int status, out _) ? status : throw new InvalidDataException("Not an HTTP answer.");

    private static int? ContentLength(ReadOnlySpan<byte> head)
    {
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        if (at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _))
            return length;
        return head.IndexOf("\r\nTransfer-Encoding: chunked"u8) >= 0 ? null : 0;
    }

    public void Dispose()
    {
        socket.Dispose();
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
