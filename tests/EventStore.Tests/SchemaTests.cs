using System.Reflection;
using Events.Fixtures;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class SchemaTests(PostgresServer server) : StoreTests(server)
{
    /// <summary>Marten's tables as Marten makes them: column, type, nullable, default.</summary>
    public static TheoryData<string, string[]> Tables => new()
    {
        {
            "mt_streams",
            [
                "tenant_id|character varying|NO|'*DEFAULT*'::character varying", "id|uuid|NO|", "type|character varying|YES|", "version|bigint|YES|",
                "timestamp|timestamp with time zone|NO|now()", "created|timestamp with time zone|NO|now()", "is_archived|boolean|YES|false",
            ]
        },
        {
            "mt_events",
            [
                "seq_id|bigint|NO|", "id|uuid|NO|", "stream_id|uuid|YES|", "version|bigint|NO|", "data|jsonb|NO|", "bdata|bytea|YES|", "type|character varying(500)|NO|",
                "timestamp|timestamp with time zone|NO|now()", "tenant_id|character varying|YES|'*DEFAULT*'::character varying", "mt_dotnet_type|character varying|YES|",
                "correlation_id|character varying|YES|", "causation_id|character varying|YES|", "headers|jsonb|YES|", "is_archived|boolean|YES|false",
            ]
        },
        { "mt_event_progression", ["name|character varying|NO|", "last_seq_id|bigint|YES|", "last_updated|timestamp with time zone|YES|transaction_timestamp()"] },
        { "mt_high_water_skips", ["ending_sequence|bigint|NO|", "starting_sequence|bigint|NO|", "timestamp|timestamp with time zone|YES|transaction_timestamp()"] },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Martens_tables_are_as_Marten_makes_them(string table, string[] columns) =>
        (await ScalarAsync<string[]>($"""
            select array_agg(a.attname || '|' || format_type(a.atttypid, a.atttypmod) || '|' || case when a.attnotnull then 'NO' else 'YES' end || '|'
                || replace(coalesce(pg_get_expr(d.adbin, d.adrelid), ''), 'CURRENT_TIMESTAMP', 'now()') order by a.attnum)
            from pg_attribute a
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = '{table}'::regclass and a.attnum > 0 and not a.attisdropped
            """)).ShouldBe(columns);

    [Fact]
    public async Task Constraints_indexes_and_the_sequence_have_Martens_names_and_nothing_is_added()
    {
        (await ScalarAsync<string[]>("select array_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname) from pg_constraint where conrelid in ('mt_streams'::regclass, 'mt_events'::regclass) and contype <> 'n'")).ShouldBe(
        [
            "fkey_mt_events_stream_id_tenant_id FOREIGN KEY (tenant_id, stream_id) REFERENCES mt_streams(tenant_id, id)",
            "pkey_mt_events_seq_id PRIMARY KEY (seq_id)",
            "pkey_mt_streams_tenant_id_id PRIMARY KEY (tenant_id, id)",
        ]);
        (await ScalarAsync<string[]>("select array_agg(indexrelid::regclass::text order by 1) from (select indexrelid from pg_index where indrelid in ('mt_streams'::regclass, 'mt_events'::regclass) order by indexrelid::regclass::text) i"))
            .Order(StringComparer.Ordinal).ShouldBe(["pk_mt_events_stream_and_version", "pkey_mt_events_seq_id", "pkey_mt_streams_tenant_id_id"]);
        (await ScalarAsync<string>("select pg_get_serial_sequence('mt_events', 'seq_id')")).ShouldBe("events.mt_events_sequence");
        (await ScalarAsync<string>("select start_value || ' ' || increment_by || ' ' || cache_size || ' ' || data_type from pg_sequences where sequencename = 'mt_events_sequence'")).ShouldBe("1 1 1 bigint");
    }

    [Fact]
    public async Task Every_statement_of_the_engine_is_one_that_the_migrated_database_understands()
    {
        var statements = typeof(EventAppender).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(field => field.IsLiteral && field.Name.EndsWith("Sql", StringComparison.Ordinal) && !field.Name.StartsWith("Listen", StringComparison.Ordinal))
            .Select(field => (field.Name, Sql: (string)field.GetRawConstantValue()!))
            .ToList();
        statements.Count.ShouldBeGreaterThan(15);
        await ExecuteAsync(FakeOutbox.Sql);
        await using var connection = await Database.DataSource.OpenConnectionAsync(Stop);
        foreach (var (name, sql) in statements)
        {
            // Arrays of several types hide behind one $n in unnest: those name their types in the driver, not in the text.
            if (sql.Contains("unnest($", StringComparison.Ordinal))
                continue;
            await Should.NotThrowAsync(() => ExecuteAsync(connection, $"prepare s as {sql}; deallocate s"), name);
        }
    }
}
