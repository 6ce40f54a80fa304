-- A unit that came alone: one stream, few events. What append does for a batch without its arrays of arrays, so that a lone caller
-- does not pay for company. Answers as append does when it refused nothing:
--   [1] the moment of recording, microseconds since 1970   [2] 0   then the positions   then the version of the first event
-- and null, having written nothing, when there is anything to refuse, to repeat or to fence: append is asked then.
create function append_one(
    batch_id uuid,
    p_tenant varchar,
    p_stream uuid,
    p_stream_type varchar,
    p_expected bigint,
    p_correlation_id varchar,
    p_causation_id varchar,
    p_headers jsonb,
    e_id uuid[],
    e_alias varchar[],
    e_dotnet_type varchar[],
    e_data jsonb[],
    p_key varchar default null,
    k_hash bytea default null,
    k_status integer default null,
    k_location varchar default null,
    k_etag varchar default null,
    k_body bytea default null,
    k_keep interval default null)
returns bigint[]
language plpgsql
-- As in append.
set enable_seqscan = off
as $append$
declare
    events constant integer := cardinality(e_id);
    recorded_at timestamptz;
    first bigint;
    drawn bigint;
    ignored boolean;
    answer bigint[];
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_one needs read committed: an older snapshot would not see the batch before this one';
    end if;
    if current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'on', true);
    end if;

    ignored := pg_advisory_xact_lock(4995144563013713920 + 'mt_events'::regclass::oid::bigint) is null;
    recorded_at := clock_timestamp();

    if p_key is not null then
        perform from idempotency_keys where tenant_id = p_tenant and key = p_key and expires_at > recorded_at;
        if found then
            return null;
        end if;
    end if;

    -- One statement for the stream and its first event: nothing is written, and no position drawn, unless all is as expected.
    if p_expected = 0 then
        with stream as (
            insert into mt_streams (tenant_id, id, type, version, timestamp, created)
            select p_tenant, p_stream, p_stream_type, events, recorded_at, recorded_at
            where not exists (select from append_fences where batch = batch_id)
            on conflict do nothing
            returning 0::bigint as version)
        insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id, headers)
        select nextval('mt_events_sequence'), e_id[1], p_stream, 1, e_data[1], e_alias[1], recorded_at, p_tenant, e_dotnet_type[1],
               p_correlation_id, p_causation_id, p_headers
        from stream
        returning seq_id, 1
        into drawn, first;
    else
        with stream as (
            update mt_streams s
            set version = s.version + events, timestamp = recorded_at
            where s.tenant_id = p_tenant and s.id = p_stream and not s.is_archived and (p_expected < 0 or s.version = p_expected)
              and not exists (select from append_fences where batch = batch_id)
            returning s.version - events as version)
        insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id, headers)
        select nextval('mt_events_sequence'), e_id[1], p_stream, stream.version + 1, e_data[1], e_alias[1], recorded_at, p_tenant,
               e_dotnet_type[1], p_correlation_id, p_causation_id, p_headers
        from stream
        returning seq_id, mt_events.version
        into drawn, first;
    end if;
    if drawn is null then
        return null;
    end if;

    answer := array[(extract(epoch from recorded_at) * 1000000)::bigint, 0, drawn];
    for i in 2 .. events loop
        drawn := nextval('mt_events_sequence');
        insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id, headers)
        values (drawn, e_id[i], p_stream, first + i - 1, e_data[i], e_alias[i], recorded_at, p_tenant, e_dotnet_type[i], p_correlation_id,
                p_causation_id, p_headers);
        answer := answer || drawn;
    end loop;
    ignored := pg_notify('events_appended', drawn::text) is null;

    if p_key is not null then
        insert into idempotency_keys as k (tenant_id, key, request_hash, status, location, etag, body, position, expires_at)
        values (p_tenant, p_key, k_hash, k_status, k_location, k_etag, k_body, drawn, recorded_at + k_keep)
        on conflict (tenant_id, key) do update
        set request_hash = excluded.request_hash, status = excluded.status, location = excluded.location, etag = excluded.etag,
            body = excluded.body, position = excluded.position, expires_at = excluded.expires_at;
    end if;
    return answer || first;
end
$append$;
