using Events.Platform.Postgres;
using Npgsql;

namespace Events.Platform.Tests.Postgres;

public sealed class ConnectionUriTests
{
    [Fact]
    public void A_uri_reads_as_the_connection_string_that_it_stands_for()
    {
        var parsed = ConnectionUri.Parse("postgresql://ann:p%40ss%3Aword@db.example:6543/events%20x?sslmode=verify-full&connect_timeout=3");
        parsed.Host.ShouldBe("db.example");
        parsed.Port.ShouldBe(6543);
        parsed.Database.ShouldBe("events x");
        parsed.Username.ShouldBe("ann");
        parsed.Password.ShouldBe("p@ss:word");
        parsed.SslMode.ShouldBe(SslMode.VerifyFull);
        parsed.Timeout.ShouldBe(3);
    }

    [Fact]
    public void What_is_no_uri_is_read_as_Npgsql_reads_it() =>
        ConnectionUri.Parse("Host=/run/postgresql;Username=ann").Host.ShouldBe("/run/postgresql");

    [Theory]
    [InlineData("postgresql://ann:p%40ss@db.example:6543/events")]
    [InlineData("postgresql://ann@db.example:5432/events")]
    public void Formatting_gives_back_what_was_parsed(string uri) =>
        ConnectionUri.Format(ConnectionUri.Parse(uri).ConnectionString).ShouldBe(uri);

    [Theory]
    [InlineData("postgresql://ann@db/events?colour=blue")]
    [InlineData("postgresql://ann@db:port/events")]
    [InlineData("Host=db;Colour=blue")]
    [InlineData("db")]
    public void What_cannot_be_read_is_said(string text) => ConnectionUri.Problem(text).ShouldNotBeNullOrEmpty();
}
