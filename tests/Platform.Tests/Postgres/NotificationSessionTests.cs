using System.Threading.Channels;
using Events.Fixtures;
using Events.Platform.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Events.Platform.Tests.Postgres;

public sealed class NotificationSessionTests(PostgresServer server)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Everybody_hears_what_he_asked_for_over_one_session()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await using var session = new NotificationSession(database.Direct, TimeProvider.System, NullLogger<NotificationSession>.Instance);
        var first = new Listener("apples");
        using var firstSubscription = session.Subscribe(first.Subscription);
        await first.ExpectAsync("listening");
        var second = new Listener("apples", "pears");
        using var secondSubscription = session.Subscribe(second.Subscription);
        await second.ExpectAsync("listening");

        await SayAsync(database, "pears", "a");
        await SayAsync(database, "apples", "b");

        await first.ExpectAsync("apples b");
        await second.ExpectAsync("pears a");
        await second.ExpectAsync("apples b");
        (await SessionsAsync(database)).ShouldBe(1);
    }

    [Fact]
    public async Task When_the_session_is_lost_everybody_is_told_and_hears_again_when_it_is_back()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await using var session = new NotificationSession(database.Direct, TimeProvider.System, NullLogger<NotificationSession>.Instance);
        var listeners = new[] { new Listener("apples"), new Listener("pears") };
        foreach (var listener in listeners)
        {
            session.Subscribe(listener.Subscription);
            await listener.ExpectAsync("listening");
        }

        await ExecuteAsync(database, "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and datname = current_database()");

        foreach (var listener in listeners)
        {
            await listener.ExpectAsync("lost");
            await listener.ExpectAsync("listening");
        }

        await SayAsync(database, "apples", "again");
        await SayAsync(database, "pears", "again");
        await listeners[0].ExpectAsync("apples again");
        await listeners[1].ExpectAsync("pears again");
        (await SessionsAsync(database)).ShouldBe(1);
    }

    [Fact]
    public async Task One_who_fails_or_has_left_keeps_nobody_else_from_hearing()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await using var session = new NotificationSession(database.Direct, TimeProvider.System, NullLogger<NotificationSession>.Instance);
        var left = new Listener("apples");
        var leaving = session.Subscribe(left.Subscription);
        await left.ExpectAsync("listening");
        session.Subscribe(new NotificationSubscription(["apples"], (_, _) => throw new FormatException("Not understood.")));
        var stays = new Listener("apples");
        session.Subscribe(stays.Subscription);
        await stays.ExpectAsync("listening");
        leaving.Dispose();

        await SayAsync(database, "apples", "a");

        await stays.ExpectAsync("apples a");
        left.IsSilent.ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("Apples")]
    [InlineData("a; drop table b")]
    public void A_name_that_is_none_is_refused(string channel) =>
        Should.Throw<ArgumentException>(() => new NotificationSubscription([channel], (_, _) => { }));

    private static Task SayAsync(TestDatabase database, string channel, string payload) => ExecuteAsync(database, "select pg_notify($1, $2)", channel, payload);

    private static async Task ExecuteAsync(TestDatabase database, string sql, params string[] values)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> SessionsAsync(TestDatabase database)
    {
        await using var command = database.DataSource.CreateCommand("select count(*) from pg_stat_activity where query like 'listen%' and datname = current_database()");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Writes down all that it is told.</summary>
    private sealed class Listener
    {
        private readonly Channel<string> told = Channel.CreateUnbounded<string>();

        public Listener(params string[] channels) => Subscription = new NotificationSubscription(channels, (channel, payload) => told.Writer.TryWrite($"{channel} {payload}"))
        {
            Listening = _ =>
            {
                told.Writer.TryWrite("listening");
                return Task.CompletedTask;
            },
            Lost = () => told.Writer.TryWrite("lost"),
        };

        public NotificationSubscription Subscription { get; }

        public bool IsSilent => !told.Reader.TryRead(out _);

        public async Task ExpectAsync(string expected)
        {
            using var limit = new CancellationTokenSource(Limit);
            (await told.Reader.ReadAsync(limit.Token)).ShouldBe(expected);
        }
    }
}
