using System.Net.Sockets;
using Events.Platform.Startup;
using Npgsql;

namespace Events.Platform.Postgres;

public static class PostgresVersion
{
    /// <summary>Asks the server for nothing but to be there and new enough.</summary>
    /// <exception cref="CannotStartException">It cannot be reached, refuses the login, or is too old.</exception>
    public static async Task RequireAsync(NpgsqlDataSource dataSource, CancellationToken ct)
    {
        try
        {
            await using var connection = await dataSource.OpenConnectionAsync(ct);
            if (connection.PostgreSqlVersion.Major < PostgresOptions.OldestVersion)
                throw new CannotStartException($"PostgreSQL at {Where(dataSource)} is version {connection.PostgreSqlVersion}; {PostgresOptions.OldestVersion} or later is needed.");
        }
        catch (Exception error) when (error is PostgresException or NpgsqlException or SocketException or TimeoutException)
        {
            throw new CannotStartException($"PostgreSQL at {Where(dataSource)} cannot be reached: {OneLine(error)}", error);
        }
    }

    private static string Where(NpgsqlDataSource dataSource)
    {
        var connection = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        return $"{connection.Host}:{connection.Port}/{connection.Database ?? connection.Username}";
    }

    private static string OneLine(Exception error) => (error.InnerException ?? error).Message.ReplaceLineEndings(" ").TrimEnd('.') + ".";
}
