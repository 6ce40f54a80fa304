using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Platform.Postgres;

/// <summary>The one place where connections to PostgreSQL are configured.</summary>
public static class PostgresDataSources
{
    /// <param name="logging">Null: nothing is logged.</param>
    public static NpgsqlDataSource Create(PostgresOptions options, ILoggerFactory? logging)
    {
        var builder = Configure(options.ConnectionString, options);
        // Nothing outlives its transaction on a session, with a pooler or without: there is nothing to reset, and a reset costs as
        // much as a small query.
        builder.NoResetOnClose = true;
        if (options.TransactionPooler)
        {
            // A server session serves many clients in turn: what one prepares or sets, another would find or miss. The schema
            // is found by the role's own search_path, which the migrations set.
            builder.MaxAutoPrepare = 0;
        }
        else
        {
            builder.MaxAutoPrepare = options.PreparedStatements;
            builder.AutoPrepareMinUsages = 2;
            builder.SearchPath = SearchPath(options.Schema);
        }

        return Build(builder, logging);
    }

    /// <param name="logging">Null: nothing is logged.</param>
    public static NpgsqlDataSource CreateDirect(PostgresOptions options, ILoggerFactory? logging)
    {
        var throughPooler = options.TransactionPooler && string.IsNullOrWhiteSpace(options.DirectConnectionString);
        var builder = Configure(string.IsNullOrWhiteSpace(options.DirectConnectionString) ? options.ConnectionString : options.DirectConnectionString, options);
        builder.MaxPoolSize = 4;
        if (throughPooler)
            builder.NoResetOnClose = true;
        else
            builder.SearchPath = SearchPath(options.Schema);
        return Build(builder, logging);
    }

    /// <summary>Ours first; <c>public</c> holds extensions that an administrator installed there.</summary>
    internal static string SearchPath(string schema) => $"{schema},public";

    private static NpgsqlConnectionStringBuilder Configure(string connectionString, PostgresOptions options)
    {
        var builder = ConnectionUri.Parse(connectionString);
        builder.ApplicationName ??= "events";
        builder.MaxPoolSize = options.PoolSize;
        builder.Timeout = options.ConnectTimeout;
        // Kerberos would be asked first by default, which costs a library load and never helps here.
        builder.GssEncryptionMode = GssEncryptionMode.Disable;
        return builder;
    }

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder connection, ILoggerFactory? logging)
    {
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString);
        if (logging is not null)
            builder.UseLoggerFactory(logging);
        return builder.Build();
    }
}
