using System.Reflection;
using System.Text.RegularExpressions;
using Events.Fixtures;
using Npgsql;

namespace Events.System.Tests.Architecture;

public sealed class Sql_on_PostgreSQL_18(PostgresServer server) : SqlTests(server);

public sealed class Sql_on_PostgreSQL_15(Debian15Server server) : SqlTests(server.Postgres), IClassFixture<Debian15Server>;

public abstract partial class SqlTests(PostgresServer server)
{
    private static readonly Assembly[] Migrated = [.. Repository.Assemblies];

    // The server cannot tell an untyped parameter's type from the statement; the program sends the type along.
    private static readonly string[] TypeComesWithTheParameter =
        [PostgresErrorCodes.IndeterminateDatatype, PostgresErrorCodes.AmbiguousFunction, PostgresErrorCodes.AmbiguousParameter];

    [Fact]
    public async Task Every_constant_is_understood_by_a_migrated_database()
    {
        await using var database = await server.CreateDatabaseAsync(Migrated);
        var refused = new List<string>();
        foreach (var sql in SqlConstants.All)
        {
            // A connection each: one that has failed to prepare is not asked again.
            await using var connection = await database.DataSource.OpenConnectionAsync();
            await using var command = new NpgsqlCommand(sql.Text, connection);
            try
            {
                await command.PrepareAsync();
            }
            catch (PostgresException error) when (!TypeComesWithTheParameter.Contains(error.SqlState, StringComparer.Ordinal))
            {
                refused.Add($"{sql.Name}: {error.MessageText} ({error.SqlState})");
            }
            catch (PostgresException)
            {
                // Understood as far as it can be without the types.
            }
        }

        refused.ShouldBeEmpty();
        SqlConstants.All.Count.ShouldBeGreaterThan(20);
    }

    [Fact]
    public void Every_constant_takes_positional_parameters_only() =>
        SqlConstants.All.Where(sql => NamedParameter().IsMatch(sql.Text)).Select(sql => sql.Name).ShouldBeEmpty();

    [GeneratedRegex(@"(?<![\w@])@[a-z_]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamedParameter();
}
