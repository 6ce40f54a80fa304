using System.Reflection;
using Events.Platform.Postgres;
using Events.Platform.Startup;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Platform.Migrations;

/// <summary>An assembly that embeds migrations; registered by <c>AddMigrations</c>.</summary>
public sealed record MigrationAssembly(Assembly Assembly);

/// <summary>
/// Brings the schema to what this build knows. Any number of processes may start at once: one applies, the others wait and
/// find nothing left to do. All pending steps are one transaction.
/// </summary>
public sealed partial class Migrator(DirectDataSource direct, PostgresOptions options, IEnumerable<MigrationAssembly> assemblies, ILogger<Migrator> logger)
{
    private const int LongestStepSeconds = 3600;

    private readonly IReadOnlyList<Migration> known = Migration.In(assemblies.Select(a => a.Assembly));

    /// <exception cref="CannotStartException">A step fails, or an applied one was changed since.</exception>
    public async Task MigrateAsync(CancellationToken ct)
    {
        await using var connection = await direct.DataSource.OpenConnectionAsync(ct);
        if (await IsCurrentAsync(connection, ct))
            return;

        // Read committed, and the lock before anything else: every statement after it sees what the holder before us
        // committed. The lock belongs to the transaction, so it ends with it also behind a pooler, and when we die. It is one
        // per database, not per schema, because the role's settings are shared by all schemas.
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync(connection, LockSql, ct);
        await using (var path = new NpgsqlCommand(SearchPathSql, connection) { Parameters = { new() { Value = PostgresDataSources.SearchPath(options.Schema) } } })
            await path.ExecuteNonQueryAsync(ct);
        await PrepareAsync(connection, ct);
        foreach (var step in Pending(await ReadAppliedAsync(connection, ct)))
            await ApplyAsync(connection, step, ct);
        await transaction.CommitAsync(ct);
    }

    /// <summary>Whether everything that this build knows has been applied; for readiness.</summary>
    public async Task<bool> IsCurrentAsync(CancellationToken ct)
    {
        await using var connection = await direct.DataSource.OpenConnectionAsync(ct);
        return await IsCurrentAsync(connection, ct);
    }

    private const string SettledSql =
        """
        select exists (
          select from pg_db_role_setting s
          where s.setdatabase = (select oid from pg_database where datname = current_database())
            and s.setrole = (select oid from pg_roles where rolname = current_user)
            and 'search_path=' || $1 = any (select replace(setting, ' ', '') from unnest(s.setconfig) setting))
        """;

    private async Task<bool> IsCurrentAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        try
        {
            if (Pending(await ReadAppliedAsync(connection, ct)).Count > 0)
                return false;
            await using var command = new NpgsqlCommand(SettledSql, connection) { Parameters = { new() { Value = PostgresDataSources.SearchPath(options.Schema) } } };
            return await command.ExecuteScalarAsync(ct) is true;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return false;
        }
    }

    private const string LockSql =
        """
        select pg_advisory_xact_lock(7305804402398142313)
        """;

    private const string SearchPathSql =
        """
        select set_config('search_path', $1, true)
        """;

    // The role's own search_path lets sessions behind a pooler resolve unqualified names: there nothing may be set per session.
    private const string PrepareSql =
        """
        do $$
        declare
          path text := current_setting('search_path');
          home text := split_part(path, ',', 1);
        begin
          if to_regnamespace(home) is null then
            execute format('create schema %I', home);
          end if;
          execute format('alter role %I in database %I set search_path = %s', current_user, current_database(), path);
          create table if not exists schema_migrations (
            number int primary key,
            name text not null,
            checksum text not null,
            applied_at timestamptz not null default now());
        end $$
        """;

    private async Task PrepareAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        try
        {
            await ExecuteAsync(connection, PrepareSql, ct);
        }
        catch (PostgresException error)
        {
            throw new CannotStartException($"The schema {options.Schema} cannot be made or used: {error.MessageText} ({error.SqlState}).", error);
        }
    }

    private const string AppliedSql =
        """
        select number, checksum
        from schema_migrations
        """;

    private static async Task<Dictionary<int, string>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(AppliedSql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var applied = new Dictionary<int, string>();
        while (await reader.ReadAsync(ct))
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        return applied;
    }

    /// <summary>Steps that the database has and this build does not know are a newer build's: it may run beside us.</summary>
    private List<Migration> Pending(Dictionary<int, string> applied)
    {
        foreach (var step in known)
        {
            if (applied.TryGetValue(step.Number, out var checksum) && checksum != step.Checksum)
                throw new CannotStartException($"Migration {step.Number:0000}_{step.Name} was changed after it had been applied to this database: restore it and add a new one.");
        }

        return [.. known.Where(step => !applied.ContainsKey(step.Number))];
    }

    private const string RecordSql =
        """
        insert into schema_migrations (number, name, checksum)
        values ($1, $2, $3)
        """;

    private async Task ApplyAsync(NpgsqlConnection connection, Migration step, CancellationToken ct)
    {
        try
        {
            await ExecuteAsync(connection, step.Sql, ct);
        }
        catch (PostgresException error)
        {
            throw new CannotStartException($"Migration {step.Number:0000}_{step.Name} failed: {error.MessageText} ({error.SqlState}).", error);
        }

        await using var record = new NpgsqlCommand(RecordSql, connection)
        {
            Parameters = { new() { Value = step.Number }, new() { Value = step.Name }, new() { Value = step.Checksum } },
        };
        await record.ExecuteNonQueryAsync(ct);
        LogApplied(step.Number, step.Name);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        // The text is a constant of this build: a migration embedded in an assembly, or one of the statements above.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = LongestStepSeconds };
        await command.ExecuteNonQueryAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied migration {Number}_{Name}")]
    private partial void LogApplied(int number, string name);
}
