using Npgsql;
using NpgsqlTypes;

namespace Events.Platform.Tenancy;

/// <summary>
/// Where requests read from. With row-level security the statement runs as a role that sees one tenant's rows, whatever the
/// statement itself says: a forgotten condition answers nothing instead of somebody else's data.
/// </summary>
public sealed class TenantReads(NpgsqlDataSource dataSource)
{
    /// <summary>May select from the read models, under their policies, and nothing else.</summary>
    public const string Role = "events_reader";

    /// <summary>What the policies compare <c>tenant_id</c> with.</summary>
    public const string Setting = "events.tenant";

    /// <summary>Whether statements run as <see cref="Role"/>; decided once, before the first request.</summary>
    public bool Guarded { get; set; }

    /// <param name="tenantKey">As it stands in the read models' <c>tenant_id</c>.</param>
    public TenantCommand CreateCommand(Guid tenantKey, string sql) => new(dataSource.CreateBatch(), Guarded ? tenantKey : null, sql);
}

/// <summary>One statement of one tenant.</summary>
public sealed class TenantCommand : IAsyncDisposable
{
    // Both settings are the transaction's own: they end with it, so the connection goes back as it came, through a transaction
    // pooler too. A batch is sent in one go and is one transaction, so this costs no round trip.
    private const string GuardSql =
        """
        select set_config('role', 'events_reader', true), set_config('events.tenant', $1, true)
        """;

    private readonly NpgsqlBatch batch;
    private readonly NpgsqlBatchCommand command;
    private readonly bool guarded;

    internal TenantCommand(NpgsqlBatch batch, Guid? guardedTenant, string sql)
    {
        this.batch = batch;
        guarded = guardedTenant is not null;
        if (guardedTenant is { } tenant)
        {
            var guard = new NpgsqlBatchCommand(GuardSql);
            guard.Parameters.Add(new NpgsqlParameter<string> { TypedValue = tenant.ToString("D"), NpgsqlDbType = NpgsqlDbType.Text });
            batch.BatchCommands.Add(guard);
        }

        command = new NpgsqlBatchCommand(sql);
        batch.BatchCommands.Add(command);
    }

    public NpgsqlParameterCollection Parameters => command.Parameters;

    public async Task<NpgsqlDataReader> ExecuteReaderAsync(CancellationToken ct)
    {
        var reader = await batch.ExecuteReaderAsync(ct);
        try
        {
            if (guarded)
                await reader.NextResultAsync(ct);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => batch.DisposeAsync();
}
