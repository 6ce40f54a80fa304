using Events.Platform.Postgres;
using Events.Platform.Startup;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Platform.Tenancy;

/// <summary>
/// Before the first request: puts the read models under row-level security, those of a later migration too, and turns
/// guarded reading on where the role is there.
/// </summary>
public sealed partial class RowSecurity(NpgsqlDataSource dataSource, TenantReads reads, PostgresOptions options, ILogger<RowSecurity> logger) : IHostedService
{
    private const string SecureSql =
        """
        select secure_read_models()
        """;

    /// <exception cref="CannotStartException">It is demanded and cannot be had.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.RowSecurity == RowSecurityMode.Off)
            return;
        await using var command = dataSource.CreateCommand(SecureSql);
        reads.Guarded = (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
        if (reads.Guarded)
            return;
        if (options.RowSecurity == RowSecurityMode.On)
            throw new CannotStartException($"Events__Postgres__RowSecurity is on, but the role {TenantReads.Role} is missing or not granted: create role {TenantReads.Role} nologin; grant {TenantReads.Role} to the service's role.");
        LogOff(TenantReads.Role);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "Row-level security is off: the role {Role} is missing and could not be made.")]
    private partial void LogOff(string role);
}
