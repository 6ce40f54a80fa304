using System.Collections.Concurrent;
using System.Threading.Channels;
using Npgsql;

namespace Events.Projections.Rebuild;

/// <summary>
/// The events of one range of positions as the server sends them: read from the socket, up to some megabytes, while those before are
/// folded.
/// </summary>
internal sealed class EventRange : IAsyncDisposable
{
    /// <summary>Free at the beginning of each block, for the part of a row that the block before ended with.</summary>
    public const int Headroom = 1 << 13;

    private const int BlockBytes = 1 << 17;
    private const int BlocksAhead = 64;

    private readonly Channel<ArraySegment<byte>> blocks = Channel.CreateBounded<ArraySegment<byte>>(
        new BoundedChannelOptions(BlocksAhead) { SingleReader = true, SingleWriter = true });

    private readonly CancellationTokenSource stop;
    private readonly Task reading;

    private EventRange(NpgsqlDataSource dataSource, string copy, ConcurrentQueue<byte[]> spare, RebuildPace pace, CancellationToken ct)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        reading = Task.Run(() => ReadAsync(dataSource, copy, spare, pace, stop.Token), CancellationToken.None);
    }

    /// <param name="dataSource">Of which it takes a connection for as long as it reads.</param>
    /// <param name="copy">The COPY statement.</param>
    /// <param name="spare">Blocks that nobody reads any more.</param>
    /// <param name="pace">Its own.</param>
    /// <param name="ct">Ends the reading.</param>
    public static EventRange Begin(NpgsqlDataSource dataSource, string copy, ConcurrentQueue<byte[]> spare, RebuildPace pace, CancellationToken ct) =>
        new(dataSource, copy, spare, pace, ct);

    /// <summary>Block by block; rows go on from one to the next.</summary>
    public IAsyncEnumerable<ArraySegment<byte>> BlocksAsync(CancellationToken ct) => blocks.Reader.ReadAllAsync(ct);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    // Every range is a stream of its own: helpers of the server's would take the cores from the others.
    private const string AloneSql =
        """
        select set_config('max_parallel_workers_per_gather', '0', true)
        """;

    private async Task ReadAsync(NpgsqlDataSource dataSource, string copy, ConcurrentQueue<byte[]> spare, RebuildPace pace, CancellationToken ct)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await using (var alone = new NpgsqlCommand(AloneSql, connection))
                await alone.ExecuteNonQueryAsync(ct);
            await using var stream = await connection.BeginRawBinaryCopyAsync(copy, ct);
            while (await FillAsync(stream, spare.TryDequeue(out var used) ? used : new byte[Headroom + BlockBytes], ct) is { Count: > 0 } block)
            {
                await blocks.Writer.WriteAsync(block, ct);
                await pace.BreatheAsync(ct);
            }

            blocks.Writer.Complete();
        }
        catch (Exception error)
        {
            blocks.Writer.Complete(error);
        }
    }

    // The driver hands over a row at a time. To be told to stop between two blocks, of a millisecond each, is soon enough: listening for it
    // costs as much as a row.
    private static async ValueTask<ArraySegment<byte>> FillAsync(NpgsqlRawCopyStream stream, byte[] block, CancellationToken ct)
    {
        var end = Headroom;
        for (var read = await stream.ReadAsync(block.AsMemory(end), ct); read > 0; read = await stream.ReadAsync(block.AsMemory(end), CancellationToken.None))
        {
            end += read;
            if (end == block.Length)
                break;
        }

        return new ArraySegment<byte>(block, Headroom, end - Headroom);
    }
}
