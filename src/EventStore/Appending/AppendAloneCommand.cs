using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore.Appending;

/// <summary>
/// A unit that came alone as the parameters of the SQL functions <c>append_first</c> and <c>append_next</c> (0103_append_alone.sql
/// tells what they mean). The parameters are reused from unit to unit.
/// </summary>
internal sealed class AppendAloneCommand : IDisposable
{
    private const string FirstSql =
        """
        select append_first($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """;

    private const string FirstWithKeySql =
        """
        select append_first($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        """;

    private const string NextSql =
        """
        select append_next($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """;

    private const string NextWithKeySql =
        """
        select append_next($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        """;

    private readonly NpgsqlParameter<Guid> batchId = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<string> tenant = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<Guid> stream = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<string?> streamType = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<long> expected = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<string?> correlation = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<string?> causation = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<byte[]?> headers = new() { NpgsqlDbType = NpgsqlDbType.Jsonb };
    private readonly NpgsqlParameter<Guid> eventId = new() { NpgsqlDbType = NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<string> eventAlias = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<string> eventDotNet = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<byte[]> eventData = new() { NpgsqlDbType = NpgsqlDbType.Jsonb };

    private readonly NpgsqlParameter<string?> key = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<byte[]?> keyHash = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<int> keyStatus = new() { NpgsqlDbType = NpgsqlDbType.Integer };
    private readonly NpgsqlParameter<string?> keyLocation = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<string?> keyETag = new() { NpgsqlDbType = NpgsqlDbType.Varchar };
    private readonly NpgsqlParameter<byte[]?> keyBody = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<TimeSpan> keep = new() { NpgsqlDbType = NpgsqlDbType.Interval };

    private readonly NpgsqlParameter[] metadata;
    private readonly NpgsqlParameter[] keyed;
    private readonly int timeout;
    private NpgsqlCommand command;

    public AppendAloneCommand(EventStoreOptions options)
    {
        timeout = options.CommandTimeout;
        command = new NpgsqlCommand { CommandTimeout = timeout };
        keep.TypedValue = options.IdempotencyKept;
        metadata = [correlation, causation, headers, eventId, eventAlias, eventDotNet, eventData];
        keyed = [key, keyHash, keyStatus, keyLocation, keyETag, keyBody, keep];
    }

    /// <summary>One event that has its unit's metadata, no messages.</summary>
    public static bool Takes(PendingUnit pending) =>
        pending.Unit is { Streams.Count: 1, Messages.Count: 0 }
        && pending.Encoded.Events is [{ Own: null }];

    /// <returns>The answer as <see cref="Outcomes"/> reads it; null when nothing was written and <c>append</c> is to be asked.</returns>
    /// <exception cref="NpgsqlException">Refused, broken, or timed out.</exception>
    public async Task<long[]?> ExecuteAsync(NpgsqlConnection connection, Guid batch, PendingUnit pending, CancellationToken ct)
    {
        Fill(batch, pending);
        command.Connection = connection;
        try
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            var answer = await reader.IsDBNullAsync(0, ct) ? null : reader.GetFieldValue<long[]>(0);
            // The end of the command is where an error at the commit would show.
            await reader.NextResultAsync(ct);
            return answer;
        }
        catch (PostgresException error) when (error is { InvariantSeverity: "ERROR", SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // The stream is there already, and append tells how far.
            Renew();
            return null;
        }
    }

    /// <summary>After an error: the driver's command may remember a statement that was never prepared.</summary>
    public void Renew()
    {
        command.Parameters.Clear();
        command.Dispose();
        command = new NpgsqlCommand { CommandTimeout = timeout };
    }

    public void Dispose() => command.Dispose();

    private void Arrange(bool first, bool withKey)
    {
        var sql = (first, withKey) switch
        {
            (true, false) => FirstSql,
            (true, true) => FirstWithKeySql,
            (false, false) => NextSql,
            (false, true) => NextWithKeySql,
        };
        if (ReferenceEquals(command.CommandText, sql))
            return;
        command.CommandText = sql;
        command.Parameters.Clear();
        foreach (var parameter in (NpgsqlParameter[])[batchId, tenant, stream, first ? streamType : expected, .. metadata])
            command.Parameters.Add(parameter);
        if (!withKey)
            return;
        foreach (var parameter in keyed)
            command.Parameters.Add(parameter);
    }

    private void Fill(Guid batch, PendingUnit pending)
    {
        var unit = pending.Unit;
        var append = unit.Streams[0];
        Arrange(append.Expected == ExpectedVersion.NoStream, pending.Key is not null);
        batchId.TypedValue = batch;
        tenant.TypedValue = unit.Tenant.Value;
        stream.TypedValue = append.StreamId;
        streamType.TypedValue = append.StreamType;
        expected.TypedValue = append.Expected.Value;
        correlation.TypedValue = unit.Metadata.CorrelationId;
        causation.TypedValue = unit.Metadata.CausationId;
        headers.TypedValue = pending.Encoded.Headers;
        var e = pending.Encoded.Events[0];
        eventId.TypedValue = e.Id;
        eventAlias.TypedValue = e.Type.Alias;
        eventDotNet.TypedValue = e.Type.DotNetType;
        eventData.TypedValue = e.Data;
        if (pending.Key is not { } record)
            return;
        key.TypedValue = record.Key;
        keyHash.TypedValue = record.RequestHash.ToArray();
        keyStatus.TypedValue = record.Answer.Status;
        keyLocation.TypedValue = record.Answer.Location;
        keyETag.TypedValue = record.Answer.ETag;
        keyBody.TypedValue = record.Answer.Body.ToArray();
    }
}
