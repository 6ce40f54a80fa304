using System.Text.RegularExpressions;

namespace Events.Platform.Postgres;

/// <summary>Section <c>Events:Postgres</c>; the two connection strings come from <c>ConnectionStrings</c>.</summary>
public sealed partial record PostgresOptions
{
    public const string Section = "Events:Postgres";

    /// <summary>The oldest server that everything here is tested on.</summary>
    public const int OldestVersion = 15;

    /// <summary><c>ConnectionStrings:Postgres</c>: Npgsql's form, or a <c>postgresql://</c> URI.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>
    /// <c>ConnectionStrings:PostgresDirect</c>: the server itself, past a transaction pooler, for LISTEN and migrations.
    /// Null: the same as <see cref="ConnectionString"/>.
    /// </summary>
    public string? DirectConnectionString { get; set; }

    /// <summary>Every table lives in it; all SQL is unqualified.</summary>
    public string Schema { get; set; } = "events";

    /// <summary>
    /// Whether <see cref="ConnectionString"/> leads to a pooler in transaction mode such as PgBouncer: nothing is prepared and
    /// nothing is set per session.
    /// </summary>
    public bool TransactionPooler { get; set; }

    /// <summary>Connections that one process may open.</summary>
    public int PoolSize { get; set; } = 40;

    /// <summary>Whether requests read under row-level security: <c>auto</c> when its role is there.</summary>
    public RowSecurityMode RowSecurity { get; set; } = RowSecurityMode.Auto;

    /// <summary>Statements that a connection keeps prepared; they are prepared by use.</summary>
    public int PreparedStatements { get; set; } = 200;

    /// <summary>Seconds until an attempt to connect is given up.</summary>
    public int ConnectTimeout { get; set; } = 10;

    /// <summary>What is wrong, a sentence each.</summary>
    internal IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(ConnectionString))
            yield return "ConnectionStrings__Postgres is empty.";
        else if (ConnectionUri.Problem(ConnectionString) is { } problem)
            yield return $"ConnectionStrings__Postgres is not a connection string: {problem}";
        if (!string.IsNullOrWhiteSpace(DirectConnectionString) && ConnectionUri.Problem(DirectConnectionString) is { } directProblem)
            yield return $"ConnectionStrings__PostgresDirect is not a connection string: {directProblem}";
        if (!SchemaName().IsMatch(Schema))
            yield return "Events__Postgres__Schema takes 1 to 63 lower-case letters, digits and underscores, starting with a letter.";
        if (PoolSize is < 2 or > 1000)
            yield return "Events__Postgres__PoolSize takes 2 to 1000 connections.";
        if (PreparedStatements is < 0 or > 10_000)
            yield return "Events__Postgres__PreparedStatements takes 0 to 10000.";
        if (ConnectTimeout is < 1 or > 300)
            yield return "Events__Postgres__ConnectTimeout takes 1 to 300 seconds.";
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SchemaName();
}

public enum RowSecurityMode
{
    Auto,
    On,
    Off,
}
