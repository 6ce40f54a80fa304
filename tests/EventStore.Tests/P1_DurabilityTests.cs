using Events.Fixtures;
using Npgsql;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class P1_Acknowledged_is_durable(PostgresServer server) : StoreTests(server)
{
    [Fact]
    public async Task What_was_acknowledged_survives_an_immediate_stop_of_PostgreSQL()
    {
        await using var own = await PostgresServer.StartNewAsync();
        await using var database = await own.CreateDatabaseAsync(typeof(EventAppender).Assembly);
        await using var store = Store.On(database);
        var acknowledged = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", i))));

        await own.StopImmediateAsync();
        await own.StartAsync();
        database.DataSource.Clear();

        var stored = await store.Reader.ReadAllAsync(0, EventFilter.All, Stop).ToListAsync(Stop);
        stored.Select(e => e.Position).ShouldBe(acknowledged.Cast<AppendOutcome.Appended>().Select(o => o.Position).Order());
        (await store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("n", 101))).ShouldBeOfType<AppendOutcome.Appended>();
    }

    [Fact]
    public async Task A_unit_whose_answer_was_lost_after_the_commit_is_found_and_not_written_again()
    {
        await using var wire = new CuttingProxy(Server.Port);
        await using var dataSource = Through(wire);
        await using var store = Store.On(Database, more: services => Replace(services, dataSource));
        await store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("first", 1));
        var stream = Guid.CreateVersion7();

        wire.CutAtNextAnswer();
        var outcome = await store.AppendAsync(Tenant, stream, ExpectedVersion.Any, new NoteWritten("once", 1), new NoteRevised("once"));

        wire.Cuts.ShouldBe(1);
        var appended = outcome.ShouldBeOfType<AppendOutcome.Appended>();
        appended.Versions.ShouldBe([2]);
        var events = await Store.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).ToListAsync(Stop);
        events.Count.ShouldBe(2);
        appended.Position.ShouldBe(events[1].Position);
        appended.Timestamp.ShouldBe(events[1].Timestamp);
    }

    [Fact]
    public async Task A_message_whose_answer_was_lost_after_the_commit_is_not_sent_again()
    {
        await ExecuteAsync(FakeOutbox.Sql);
        await using var wire = new CuttingProxy(Server.Port);
        await using var dataSource = Through(wire);
        await using var store = Store.On(Database, more: services => Replace(services, dataSource));
        await store.AppendAsync(Tenant, Guid.CreateVersion7(), ExpectedVersion.NoStream, new NoteWritten("first", 1));

        wire.CutAtNextAnswer();
        var outcome = await store.Appender.AppendAsync(new UnitOfWork(Tenant, []) { Messages = [FakeOutbox.Message(Tenant, "once")] }, Stop);

        wire.Cuts.ShouldBe(1);
        outcome.ShouldBeOfType<AppendOutcome.Appended>();
        (await ScalarAsync<long>("select count(*) from sent")).ShouldBe(1);
    }

    [Fact]
    public async Task A_unit_whose_backend_was_terminated_before_the_commit_is_written_once()
    {
        await using var holder = await Database.DataSource.OpenConnectionAsync(Stop);
        await using var held = await holder.BeginTransactionAsync(Stop);
        await ExecuteAsync(holder, "select fence_append(gen_random_uuid())");
        var stream = Guid.CreateVersion7();
        var appending = Store.AppendAsync(Tenant, stream, ExpectedVersion.Any, new NoteWritten("once", 1));

        await UntilAsync(async () => await ScalarAsync<long>("select count(pg_terminate_backend(pid)) from pg_stat_activity where wait_event_type = 'Lock' and query like 'select append%' and datname = current_database()") > 0);
        await held.CommitAsync(Stop);

        (await appending).ShouldBeOfType<AppendOutcome.Appended>().Versions.ShouldBe([1]);
        (await Store.Reader.ReadStreamAsync(Tenant, stream, 1, Stop).ToListAsync(Stop)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_batch_that_was_given_up_does_nothing_when_it_comes_late()
    {
        var batch = Guid.CreateVersion7();
        await ExecuteAsync($"select fence_append('{batch}')");
        var late = $"select append('{batch}', array[null]::varchar[], array[null]::varchar[], array[null]::jsonb[], array[1], array[1], array[-1]::bigint[], array[1], array['t'], array[gen_random_uuid()], array['x'], array['a'], array['b'], array[1], array[0], array[gen_random_uuid()], array[1], array['{{}}']::jsonb[])";

        (await Should.ThrowAsync<PostgresException>(() => ExecuteAsync(late))).SqlState.ShouldBe("EV001");
        (await ScalarAsync<long>("select count(*) from mt_events")).ShouldBe(0);
        (await ScalarAsync<bool>("select is_called from mt_events_sequence")).ShouldBeFalse();
    }

    private NpgsqlDataSource Through(CuttingProxy wire)
    {
        var builder = new NpgsqlConnectionStringBuilder(Database.DataSource.ConnectionString) { Host = "127.0.0.1", Port = wire.Port, Password = new NpgsqlConnectionStringBuilder(Database.ConnectionString).Password };
        return NpgsqlDataSource.Create(builder);
    }

    private static void Replace(Microsoft.Extensions.DependencyInjection.IServiceCollection services, NpgsqlDataSource dataSource) =>
        Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton(services, dataSource);
}
