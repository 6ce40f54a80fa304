using Events.Platform.Postgres;

namespace Events.Platform.Tests.Postgres;

public sealed class PostgresOptionsTests
{
    private static PostgresOptions Valid => new() { ConnectionString = "Host=127.0.0.1;Username=events" };

    [Fact]
    public void The_defaults_need_only_a_connection_string() => Valid.Problems().ShouldBeEmpty();

    [Fact]
    public void Every_wrong_value_is_named_with_its_variable_and_its_limits()
    {
        var options = Valid with { ConnectionString = "", Schema = "Drop Table", PoolSize = 1, PreparedStatements = -1, ConnectTimeout = 0 };
        options.Problems().ShouldBe(
        [
            "ConnectionStrings__Postgres is empty.",
            "Events__Postgres__Schema takes 1 to 63 lower-case letters, digits and underscores, starting with a letter.",
            "Events__Postgres__PoolSize takes 2 to 1000 connections.",
            "Events__Postgres__PreparedStatements takes 0 to 10000.",
            "Events__Postgres__ConnectTimeout takes 1 to 300 seconds.",
        ]);
    }
}
