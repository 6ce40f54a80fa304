using Npgsql;

namespace Events.Platform.Postgres;

/// <summary>libpq's <c>postgresql://user:password@host:port/database?sslmode=…</c>, which Npgsql does not read.</summary>
public static class ConnectionUri
{
    /// <exception cref="ArgumentException">Neither a URI nor Npgsql's form.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        if (!text.StartsWith("postgresql://", StringComparison.Ordinal) && !text.StartsWith("postgres://", StringComparison.Ordinal))
            return new NpgsqlConnectionStringBuilder(text);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
            throw new ArgumentException("the URI cannot be read.", nameof(text));

        var login = uri.UserInfo.Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host.Length > 0 ? uri.Host : "localhost",
            Port = uri.Port > 0 ? uri.Port : NpgsqlConnection.DefaultPort,
            Database = uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath[1..]) : null,
            Username = login[0].Length > 0 ? Uri.UnescapeDataString(login[0]) : null,
            Password = login.Length > 1 ? Uri.UnescapeDataString(login[1]) : null,
        };
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            // Npgsql spells the same words without dashes: verify-full is VerifyFull.
            var value = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
            builder[Keyword(parts[0])] = parts[0] == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }

        return builder;
    }

    /// <summary>The same as psql takes it, with the password.</summary>
    public static string Format(string connectionString)
    {
        var builder = Parse(connectionString);
        var login = builder.Password is { Length: > 0 } password
            ? $"{Uri.EscapeDataString(builder.Username ?? "")}:{Uri.EscapeDataString(password)}"
            : Uri.EscapeDataString(builder.Username ?? "");
        return $"postgresql://{login}@{builder.Host}:{builder.Port}/{Uri.EscapeDataString(builder.Database ?? builder.Username ?? "")}";
    }

    internal static string? Problem(string text)
    {
        try
        {
            Parse(text);
            return null;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or InvalidCastException or KeyNotFoundException)
        {
            return error.Message;
        }
    }

    private static string Keyword(string name) => name switch
    {
        "sslmode" => "SSL Mode",
        "sslrootcert" => "Root Certificate",
        "application_name" => "Application Name",
        "connect_timeout" => "Timeout",
        _ => name,
    };
}
