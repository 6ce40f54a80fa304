using System.Diagnostics;
using Events.Fixtures;
using Events.Messaging;
using Events.Messaging.Handlers;
using Events.Messaging.Running;
using Events.Messaging.Sending;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Benchmarks.Jobs;

internal sealed record Noop(int N);

internal sealed record Timed(int N);

internal sealed class NoopHandler(Counters counters) : IMessageHandler<Noop>
{
    public Task Handle(Noop message, MessageContext context, CancellationToken ct)
    {
        counters.Handled();
        return Task.CompletedTask;
    }
}

internal sealed class TimedHandler(Counters counters) : IMessageHandler<Timed>
{
    public Task Handle(Timed message, MessageContext context, CancellationToken ct)
    {
        counters.PickedUp(message.N);
        return Task.CompletedTask;
    }
}

internal sealed class Counters
{
    private int handled;
    private long first;

    /// <summary>When a message was to be sent.</summary>
    public long[] Intended { get; set; } = [];

    public double[] Waits { get; set; } = [];

    public int Total => Volatile.Read(ref handled);

    /// <summary>When the first handler was called.</summary>
    public long First => Volatile.Read(ref first);

    public void Handled()
    {
        if (Interlocked.Increment(ref handled) == 1)
            Volatile.Write(ref first, Stopwatch.GetTimestamp());
    }

    public void PickedUp(int n) => Waits[n] = Stopwatch.GetElapsedTime(Intended[n]).TotalMilliseconds;
}

/// <summary>This project's queue in a database of its own.</summary>
internal sealed class Subject : IAsyncDisposable
{
    private readonly PostgresServer server;
    private readonly TestDatabase database;
    private readonly ServiceProvider services;
    private readonly Counters counters = new();
    private readonly TenantId tenant = new(Guid.CreateVersion7());
    private readonly TenantId flooding = new(Guid.CreateVersion7());

    private Subject(PostgresServer server, TestDatabase database)
    {
        this.server = server;
        this.database = database;
        var collection = new ServiceCollection();
        collection.AddLogging(l => l.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole());
        collection.AddSingleton(database.DataSource);
        collection.AddSingleton(database.Direct);
        collection.AddSingleton(counters);
        collection.AddMessaging(m => m
            .Handle<Noop, NoopHandler>("noop", json: JobsJson.Default.Noop)
            .Handle<Timed, TimedHandler>("timed", json: JobsJson.Default.Timed));
        collection.AddMessageWorker();
        services = collection.BuildServiceProvider();
    }

    public static async Task<Subject> CreateAsync(PostgresServer server) =>
        new(server, await server.CreateDatabaseAsync(typeof(MessagingServices).Assembly));

    private MessageWorker Worker => services.GetRequiredService<MessageWorker>();

    private MessageBus Bus => services.GetRequiredService<MessageBus>();

    private const string FillSql =
        """
        insert into ready_messages (seq, id, tenant_id, queue, type, priority, body, traceparent)
        select nextval('message_sequence'), uuidv7(), $1, 'default', 'noop', 5, jsonb_build_object('n', n),
            '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
        from generate_series(1, $2) n
        """;

    private async Task FillAsync(TenantId owner, int count, CancellationToken ct)
    {
        await using var fill = database.DataSource.CreateCommand(FillSql);
        fill.CommandTimeout = 120;
        fill.Parameters.Add(new() { Value = owner.Value });
        fill.Parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
        await fill.ExecuteNonQueryAsync(ct);
    }

    /// <summary>As the peers' scripts do before they begin. While a flood is kept up, that is autovacuum's business.</summary>
    private async Task VacuumAsync(CancellationToken ct)
    {
        await using var vacuum = database.DataSource.CreateCommand("vacuum analyze ready_messages");
        await vacuum.ExecuteNonQueryAsync(ct);
    }

    private const string LeftSql =
        """
        select exists (select from ready_messages) or exists (select from claimed_batches)
        """;

    /// <returns>Messages a second, from the first handler's call until every mark is durable.</returns>
    public async Task<double> ProcessAsync(int count, CancellationToken ct)
    {
        await FillAsync(tenant, count, ct);
        await VacuumAsync(ct);
        await Worker.StartAsync(ct);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (counters.Total < count || await LeftAsync(ct))
            await timer.WaitForNextTickAsync(ct);
        return count / Stopwatch.GetElapsedTime(counters.First).TotalSeconds;
    }

    private async Task<bool> LeftAsync(CancellationToken ct)
    {
        await using var command = database.DataSource.CreateCommand(LeftSql);
        return await command.ExecuteScalarAsync(ct) is true;
    }

    /// <returns>Messages a second; every caller sends its next one when the one before is durable.</returns>
    public async Task<double> EnqueueAsync(int count, int callers, CancellationToken ct)
    {
        await Bus.EnqueueAsync(tenant, new Noop(0), null, ct);
        var next = 0;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            for (int n; (n = Interlocked.Increment(ref next)) <= count;)
                await Bus.EnqueueAsync(tenant, new Noop(n), null, ct);
        }, ct)));
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Messages before those that count: what this database's sessions run is prepared by then. The peer has as many.</summary>
    public const int PickupWarmUp = 100;

    private static readonly TimeSpan PickupInterval = TimeSpan.FromMilliseconds(20);

    /// <param name="flood">Messages that another tenant has waiting, kept up while the measurement lasts.</param>
    public async Task<Latencies> PickupAsync(int count, int flood, CancellationToken ct)
    {
        var all = count + PickupWarmUp;
        counters.Waits = new double[all];
        Array.Fill(counters.Waits, double.NaN);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (flood > 0)
        {
            await FillAsync(flooding, flood, ct);
            await VacuumAsync(ct);
        }

        await Worker.StartAsync(ct);
        await Worker.Started.WaitAsync(ct);
        var refill = flood > 0 ? RefillAsync(flood, ended.Token) : Task.CompletedTask;

        var start = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 10;
        var before = counters.Total;
        counters.Intended = [.. Enumerable.Range(0, all).Select(n => Schedule.At(start, PickupInterval, n))];
        var sending = new Task[all];
        await Schedule.RunAsync(start, PickupInterval, all, n => sending[n] = Bus.EnqueueAsync(tenant, new Timed(n), null, ct));
        await Task.WhenAll(sending);
        var beside = (counters.Total - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        while (counters.Waits.Any(double.IsNaN))
            await Task.Delay(5, ct);
        await ended.CancelAsync();
        await refill;
        var waits = counters.Waits.Skip(PickupWarmUp).Order().ToArray();
        return new Latencies(waits[waits.Length / 2], waits[(int)(waits.Length * 0.99)], beside);
    }

    // As a tenant who goes on sending would: steadily, and no more at a time than a call of the API can bring.
    private static readonly TimeSpan RefillInterval = TimeSpan.FromMilliseconds(10);
    private const int MostRefilled = 200;

    private async Task RefillAsync(int flood, CancellationToken ct)
    {
        try
        {
            using var timer = new PeriodicTimer(RefillInterval);
            for (var filled = flood; await timer.WaitForNextTickAsync(ct);)
            {
                var gone = Math.Min(flood - (filled - counters.Total), MostRefilled);
                if (gone <= 0)
                    continue;
                await FillAsync(flooding, gone, ct);
                filled += gone;
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The measurement is over.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.StopAsync(CancellationToken.None);
        await services.DisposeAsync();
        await server.DropAsync(database);
    }
}

[System.Text.Json.Serialization.JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[System.Text.Json.Serialization.JsonSerializable(typeof(Noop))]
[System.Text.Json.Serialization.JsonSerializable(typeof(Timed))]
internal sealed partial class JobsJson : System.Text.Json.Serialization.JsonSerializerContext;
