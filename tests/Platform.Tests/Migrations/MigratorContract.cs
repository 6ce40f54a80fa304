using Events.Fixtures;
using Events.Platform.Migrations;
using Events.Platform.Postgres;
using Events.Platform.Startup;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Events.Platform.Tests.Migrations;

public sealed class Migrator_on_PostgreSQL_18(PostgresServer server) : MigratorContract(server);

public sealed class Migrator_on_PostgreSQL_15(Debian15Server server) : MigratorContract(server.Postgres), IClassFixture<Debian15Server>;

public abstract class MigratorContract(PostgresServer server)
{
    [Fact]
    public async Task Ten_processes_that_start_at_once_apply_every_step_once()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
        {
            await using var direct = PostgresDataSources.CreateDirect(database.Options, logging: null);
            await MigratorFor(database, direct).MigrateAsync(CancellationToken.None);
        }));
        (await AskAsync(database, "select string_agg(number || ' ' || name, ', ' order by number) from schema_migrations where number > 9000")).ShouldBe("9001 widgets, 9002 widget_colours");
    }

    [Fact]
    public async Task Says_whether_the_schema_is_current()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        var migrator = MigratorFor(database);
        (await migrator.IsCurrentAsync(CancellationToken.None)).ShouldBeFalse();
        await migrator.MigrateAsync(CancellationToken.None);
        (await migrator.IsCurrentAsync(CancellationToken.None)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_step_that_was_changed_after_it_was_applied_is_refused()
    {
        await using var database = await server.CreateDatabaseAsync(typeof(MigratorContract).Assembly);
        await AskAsync(database, "update schema_migrations set checksum = 'another' where number = 9002");
        var refusal = await Should.ThrowAsync<CannotStartException>(() => MigratorFor(database).MigrateAsync(CancellationToken.None));
        refusal.Message.ShouldBe("Migration 9002_widget_colours was changed after it had been applied to this database: restore it and add a new one.");
    }

    [Fact]
    public async Task A_step_that_fails_leaves_nothing_of_the_whole_upgrade()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await AskAsync(database, "create schema events create table widget_colours (in_the_way int)");
        var refusal = await Should.ThrowAsync<CannotStartException>(() => MigratorFor(database).MigrateAsync(CancellationToken.None));
        refusal.Message.ShouldBe("Migration 9002_widget_colours failed: relation \"widget_colours\" already exists (42P07).");
        (await AskAsync(database, "select concat(to_regclass('widgets'), to_regclass('schema_migrations'))")).ShouldBe("");
    }

    [Fact]
    public async Task A_newer_build_s_steps_are_left_alone()
    {
        await using var database = await server.CreateDatabaseAsync(typeof(MigratorContract).Assembly);
        await AskAsync(database, "insert into schema_migrations (number, name, checksum) values (9999, 'later', 'x')");
        await MigratorFor(database).MigrateAsync(CancellationToken.None);
        (await MigratorFor(database).IsCurrentAsync(CancellationToken.None)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_session_that_sets_nothing_finds_the_tables_by_the_role_s_own_path()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await MigratorFor(database).MigrateAsync(CancellationToken.None);
        await using var plain = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = plain.CreateCommand("select count(*) from widgets");
        (await command.ExecuteScalarAsync()).ShouldBe(0L);
    }

    [Fact]
    public async Task Another_schema_beside_it_is_another_installation()
    {
        await using var database = await server.CreateDatabaseAsync(typeof(MigratorContract).Assembly);
        var options = database.Options with { Schema = "second" };
        await using var direct = PostgresDataSources.CreateDirect(options, logging: null);
        await MigratorFor(options, direct).MigrateAsync(CancellationToken.None);
        (await AskAsync(database, "select count(*)::text from pg_tables where tablename = 'widgets'")).ShouldBe("2");
    }

    [Fact]
    public async Task Everything_resolves_through_a_pooler_in_transaction_mode()
    {
        await using var database = await server.CreateEmptyDatabaseAsync();
        await using var pooler = await PgBouncerServer.StartAsync(database, sessions: 2);
        await using var direct = PostgresDataSources.CreateDirect(pooler.Options, logging: null);
        await MigratorFor(pooler.Options, direct).MigrateAsync(CancellationToken.None);

        await using var pooled = PostgresDataSources.Create(pooler.Options, logging: null);
        // More clients than sessions, several uses each: a statement that one session had prepared would be missed by another.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async n =>
        {
            await using var insert = pooled.CreateCommand("insert into widgets (id, label) values ($1, $2)");
            insert.Parameters.Add(new() { Value = n });
            insert.Parameters.Add(new() { Value = $"widget {n}" });
            await insert.ExecuteNonQueryAsync();
            for (var turn = 0; turn < 10; turn++)
            {
                await using var select = pooled.CreateCommand("select widget_label($1)");
                select.Parameters.Add(new() { Value = n });
                (await select.ExecuteScalarAsync()).ShouldBe($"widget {n}");
            }
        }));
    }

    private static Migrator MigratorFor(TestDatabase database) => MigratorFor(database, database.Direct.DataSource);

    private static Migrator MigratorFor(TestDatabase database, NpgsqlDataSource direct) => MigratorFor(database.Options, direct);

    private static Migrator MigratorFor(PostgresOptions options, NpgsqlDataSource direct) =>
        new(new DirectDataSource(direct), options, [new MigrationAssembly(typeof(PlatformServices).Assembly), new MigrationAssembly(typeof(MigratorContract).Assembly)], NullLogger<Migrator>.Instance);

    private static async Task<string?> AskAsync(TestDatabase database, string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as string;
    }
}
