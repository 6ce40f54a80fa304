using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>
/// The events of one range of positions as the server sends them: read from the socket, up to some megabytes, while those before are
/// folded; or, beside people who wait for pages, only when they are asked for.
/// </summary>
internal sealed class EventRange : IAsyncDisposable
{
    /// <summary>Free at the beginning of each block, for the part of a row that the block before ended with.</summary>
    public const int Headroom = 1 << 13;

    private const int BlockBytes = 1 << 17;
    private const int BlocksAhead = 64;

    private readonly NpgsqlDataSource dataSource;
    private readonly string copy;
    private readonly ConcurrentQueue<byte[]> spare;
    private readonly Channel<ArraySegment<byte>> blocks = Channel.CreateUnbounded<ArraySegment<byte>>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly SemaphoreSlim room = new(BlocksAhead);
    private readonly CancellationTokenSource stop = new();
    private Task? reading;

    /// <param name="dataSource">Of which it takes a connection for as long as it reads.</param>
    /// <param name="copy">The COPY statement.</param>
    /// <param name="spare">Blocks that nobody reads any more.</param>
    public EventRange(NpgsqlDataSource dataSource, string copy, ConcurrentQueue<byte[]> spare) => (this.dataSource, this.copy, this.spare) = (dataSource, copy, spare);

    /// <summary>
    /// Reads from now on. On a thread of its own, which sleeps in the socket: the driver hands over a row at a time, and a pool's threads
    /// would be called and sent away for each 8 KB that the server sends; a service has no two of them to spare.
    /// </summary>
    public EventRange Ahead(RebuildPace pace)
    {
        reading = Task.Factory.StartNew(() => Read(pace, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return this;
    }

    /// <summary>Block by block; rows go on from one to the next.</summary>
    public IAsyncEnumerable<ArraySegment<byte>> BlocksAsync(CancellationToken ct) => reading is null ? AskedForAsync(ct) : ReadAheadAsync(ct);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (reading is not null)
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        room.Dispose();
    }

    private async IAsyncEnumerable<ArraySegment<byte>> ReadAheadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var block in blocks.Reader.ReadAllAsync(ct))
        {
            yield return block;
            room.Release();
        }
    }

    private async IAsyncEnumerable<ArraySegment<byte>> AskedForAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await using var connection = await dataSource.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var alone = new NpgsqlCommand(AloneSql, connection))
            await alone.ExecuteNonQueryAsync(ct);
        await using var stream = await connection.BeginRawBinaryCopyAsync(copy, ct);
        while (await FillAsync(stream, Block(), ct) is { Count: > 0 } block)
            yield return block;
    }

    // Every range is a stream of its own: helpers of the server's would take the cores from the others.
    private const string AloneSql =
        """
        select set_config('max_parallel_workers_per_gather', '0', true)
        """;

    private void Read(RebuildPace pace, CancellationToken ct)
    {
        try
        {
            using var connection = dataSource.OpenConnection();
            using var transaction = connection.BeginTransaction();
            using (var alone = new NpgsqlCommand(AloneSql, connection))
                alone.ExecuteNonQuery();
            using var stream = connection.BeginRawBinaryCopy(copy);
            while (Fill(stream, Block()) is { Count: > 0 } block)
            {
                blocks.Writer.TryWrite(block);
                room.Wait(ct);
                pace.Breathe(ct);
            }

            blocks.Writer.Complete();
        }
        catch (Exception error)
        {
            blocks.Writer.Complete(error);
        }
    }

    private byte[] Block() => spare.TryDequeue(out var used) ? used : new byte[Headroom + BlockBytes];

    private static ArraySegment<byte> Fill(NpgsqlRawCopyStream stream, byte[] block)
    {
        var end = Headroom;
        for (int read; end < block.Length && (read = stream.Read(block.AsSpan(end))) > 0;)
            end += read;
        return new ArraySegment<byte>(block, Headroom, end - Headroom);
    }

    private static async ValueTask<ArraySegment<byte>> FillAsync(NpgsqlRawCopyStream stream, byte[] block, CancellationToken ct)
    {
        var end = Headroom;
        for (int read; end < block.Length && (read = await stream.ReadAsync(block.AsMemory(end), ct)) > 0;)
            end += read;
        return new ArraySegment<byte>(block, Headroom, end - Headroom);
    }
}
