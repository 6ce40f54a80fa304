using System.Security.Cryptography;
using Events.EventStore;
using Events.Platform.Postgres;
using Events.Platform.Tenancy;
using Microsoft.Extensions.Logging.Abstractions;

namespace Events.Chaos.Store;

/// <summary>A process that appends until it is killed: to new streams, to streams that everybody writes, with and without versions and keys.</summary>
internal static class StoreWorker
{
    public const string Argument = "store-worker";
    public const string ConnectionVariable = "EVENTS_CHAOS_POSTGRES";

    private const int Writers = 8;
    private const int Attempts = 20;

    public static TenantId Tenant { get; } = new("chaos");

    /// <summary>Streams that all writers of all processes compete for.</summary>
    public static IReadOnlyList<Guid> Contended { get; } = [.. Enumerable.Range(1, 12).Select(i => new Guid(i, 0, 0, new byte[8]))];

    public static EventTypes Types() => new EventTypes().Add("unit_marked", StoreJson.Default.UnitMarked);

    /// <param name="args">The journal's path.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        using var journal = new Journal(args[1]);
        var postgres = new PostgresOptions { ConnectionString = Environment.GetEnvironmentVariable(ConnectionVariable)! };
        await using var dataSource = PostgresDataSources.Create(postgres, logging: null);
        var options = new EventStoreOptions { BatchUnits = 32 };
        var types = Types();
        var reader = new EventReader(dataSource, types, options);
        await using var appender = new EventAppender(dataSource, types, reader, new AppendSignal(), options, TimeProvider.System, NullLogger<EventAppender>.Instance);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(() => WriteForeverAsync(appender, reader, journal))));
        return 0;
    }

    private static async Task WriteForeverAsync(EventAppender appender, EventReader reader, Journal journal)
    {
        while (true)
        {
            var unit = Guid.CreateVersion7();
            journal.Begin(unit);
            journal.End(unit, await WriteAsync(appender, reader, unit));
        }
    }

    private static async Task<Told> WriteAsync(EventAppender appender, EventReader reader, Guid unit)
    {
        try
        {
            return RandomNumberGenerator.GetInt32(4) switch
            {
                0 => await OnceAsync(appender, Work(unit, 1 + RandomNumberGenerator.GetInt32(3), (Guid.CreateVersion7(), ExpectedVersion.NoStream))),
                1 => await OnceAsync(appender, Work(unit, 1, (AnyContended(), ExpectedVersion.Any), (Guid.CreateVersion7(), ExpectedVersion.NoStream))),
                2 => await VersionedAsync(appender, reader, unit),
                _ => await KeyedAsync(appender, unit),
            };
        }
        catch (EventStoreUnavailableException)
        {
            return Told.NotWritten;
        }
        catch (EventStoreBusyException)
        {
            return Told.NotWritten;
        }
        catch (UnknownOutcomeException)
        {
            return Told.Unknown;
        }
    }

    private static async Task<Told> OnceAsync(EventAppender appender, UnitOfWork work) =>
        await appender.AppendAsync(work, CancellationToken.None) is AppendOutcome.Appended ? Told.Written : Told.NotWritten;

    /// <summary>Reads a contended stream's version and appends on it; another attempt for each conflict.</summary>
    private static async Task<Told> VersionedAsync(EventAppender appender, EventReader reader, Guid unit)
    {
        var stream = AnyContended();
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            long version;
            try
            {
                version = await reader.ReadStreamVersionAsync(StoreWorker.Tenant, stream, CancellationToken.None);
            }
            catch (Exception error) when (error is Npgsql.NpgsqlException or TimeoutException)
            {
                return Told.NotWritten;
            }

            if (await OnceAsync(appender, Work(unit, 1, (stream, ExpectedVersion.Exactly(version)))) == Told.Written)
                return Told.Written;
        }

        return Told.NotWritten;
    }

    /// <summary>Repeats the same request until it has an answer, as a caller with an idempotency key may.</summary>
    private static async Task<Told> KeyedAsync(EventAppender appender, Guid unit)
    {
        var work = Work(unit, 2, (AnyContended(), ExpectedVersion.Any)) with
        {
            Idempotency = new IdempotencyRecord(unit.ToString(), unit.ToByteArray(), new StoredAnswer(201, null, null, default)),
        };
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            try
            {
                // Twice at once, as an impatient client would.
                var outcomes = await Task.WhenAll(appender.AppendAsync(work, CancellationToken.None), appender.AppendAsync(work, CancellationToken.None));
                return outcomes.All(outcome => outcome is AppendOutcome.Appended or AppendOutcome.Replayed) ? Told.Written : Told.Unknown;
            }
            catch (Exception error) when (error is EventStoreUnavailableException or UnknownOutcomeException)
            {
                // The same key again: whether it was written is the store's to know.
            }
        }

        return Told.Unknown;
    }

    private static Guid AnyContended() => Contended[RandomNumberGenerator.GetInt32(Contended.Count)];

    private static UnitOfWork Work(Guid unit, int each, params (Guid Id, ExpectedVersion Expected)[] streams)
    {
        var marked = new UnitMarked(unit, each * streams.Length);
        return new UnitOfWork(Tenant, [.. streams.Select(s => new StreamAppend(s.Id, "chaos", s.Expected, [.. Enumerable.Repeat(marked, each)]))]);
    }
}
