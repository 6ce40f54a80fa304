using Events.Fixtures;
using Npgsql;

namespace Events.Platform.Tests.Embedded;

public sealed class EmbeddedPostgresTests(PostgresServer server)
{
    [Fact]
    public async Task Serves_version_18_to_a_role_that_is_no_superuser()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var command = database.DataSource.CreateCommand("select current_setting('server_version_num')::int / 10000 || ' ' || current_setting('is_superuser')");
        (await command.ExecuteScalarAsync()).ShouldBe("18 off");
    }
}
