-- A unit that came alone: one stream, one event. What append does for a batch without its arrays, so that a lone caller does not pay
-- for company. Both answer as append does when it refused nothing:
--   [1] the moment of recording, microseconds since 1970   [2] 0   [3] the position   [4] the version
-- Where there is anything to refuse, to repeat or to fence they write nothing, and append is asked.
--
-- In one expression each, because PL/pgSQL prepares every expression anew in every transaction: the appenders' lock, and what append
-- asks of its transaction.

-- The first event of a new stream; null when the key is known. Raises a unique violation when there is such a stream, before a
-- position is drawn: a position that is drawn in vain is a gap.
create function append_first(
    batch_id uuid,
    p_tenant varchar,
    p_stream uuid,
    p_stream_type varchar,
    p_correlation_id varchar,
    p_causation_id varchar,
    p_headers jsonb,
    e_id uuid,
    e_alias varchar,
    e_dotnet_type varchar,
    e_data jsonb,
    p_key varchar default null,
    k_hash bytea default null,
    k_status integer default null,
    k_location varchar default null,
    k_etag varchar default null,
    k_body bytea default null,
    k_keep interval default null)
returns bigint[]
language plpgsql
as $append$
declare
    answer bigint[];
begin
    if pg_advisory_xact_lock(4995144563013713920 + 'mt_events'::regclass::oid::bigint) is null
       or current_setting('transaction_isolation') <> 'read committed'
       or (current_setting('synchronous_commit') = 'off' and set_config('synchronous_commit', 'on', true) is null) then
        raise exception 'append_first needs read committed: an older snapshot would not see the batch before this one';
    end if;

    if p_key is not null and answer_is_kept(p_tenant, p_key) then
        return null;
    end if;

    insert into mt_streams (tenant_id, id, type, version, timestamp, created)
    values (p_tenant, p_stream, p_stream_type, 1, clock_timestamp(), clock_timestamp());
    insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id, headers)
    select nextval('mt_events_sequence'), e_id, p_stream, 1, e_data, e_alias, clock_timestamp(), p_tenant, e_dotnet_type, p_correlation_id,
           p_causation_id, p_headers
    where not exists (select from append_fences where batch = batch_id)
    returning array[(date_part('epoch', timestamp) * 1000000)::bigint, 0, seq_id, 1]
    into answer;

    if answer is null then
        raise exception 'batch % was given up by its appender', batch_id using errcode = 'EV001';
    elsif p_key is not null then
        perform keep_answer(p_tenant, p_key, k_hash, k_status, k_location, k_etag, k_body, k_keep, answer[3]);
    end if;
    return answer;
end
$append$;

-- The next event of a stream that is there; null when it is not as expected, the batch was fenced, or the key is known.
create function append_next(
    batch_id uuid,
    p_tenant varchar,
    p_stream uuid,
    p_expected bigint,
    p_correlation_id varchar,
    p_causation_id varchar,
    p_headers jsonb,
    e_id uuid,
    e_alias varchar,
    e_dotnet_type varchar,
    e_data jsonb,
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
    answer bigint[];
begin
    if pg_advisory_xact_lock(4995144563013713920 + 'mt_events'::regclass::oid::bigint) is null
       or current_setting('transaction_isolation') <> 'read committed'
       or (current_setting('synchronous_commit') = 'off' and set_config('synchronous_commit', 'on', true) is null) then
        raise exception 'append_next needs read committed: an older snapshot would not see the batch before this one';
    end if;

    if p_key is not null and answer_is_kept(p_tenant, p_key) then
        return null;
    end if;

    with stream as (
        update mt_streams s
        set version = s.version + 1, timestamp = clock_timestamp()
        where s.tenant_id = p_tenant and s.id = p_stream and not s.is_archived and (p_expected < 0 or s.version = p_expected)
          and not exists (select from append_fences where batch = batch_id)
        returning s.version, s.timestamp)
    insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id, causation_id, headers)
    select nextval('mt_events_sequence'), e_id, p_stream, stream.version, e_data, e_alias, stream.timestamp, p_tenant, e_dotnet_type,
           p_correlation_id, p_causation_id, p_headers
    from stream
    returning array[(date_part('epoch', timestamp) * 1000000)::bigint, 0, seq_id, version]
    into answer;

    if p_key is not null and answer is not null then
        perform keep_answer(p_tenant, p_key, k_hash, k_status, k_location, k_etag, k_body, k_keep, answer[3]);
    end if;
    return answer;
end
$append$;

create function answer_is_kept(p_tenant varchar, p_key varchar) returns boolean
language plpgsql
-- As in append.
set enable_seqscan = off
as $kept$
begin
    return exists (select from idempotency_keys where tenant_id = p_tenant and key = p_key and expires_at > clock_timestamp());
end
$kept$;

create function keep_answer(
    p_tenant varchar, p_key varchar, k_hash bytea, k_status integer, k_location varchar, k_etag varchar, k_body bytea, k_keep interval,
    k_position bigint)
returns void
language sql
as $keep$
    insert into idempotency_keys as k (tenant_id, key, request_hash, status, location, etag, body, position, expires_at)
    values (p_tenant, p_key, k_hash, k_status, k_location, k_etag, k_body, k_position, clock_timestamp() + k_keep)
    on conflict (tenant_id, key) do update
    set request_hash = excluded.request_hash, status = excluded.status, location = excluded.location, etag = excluded.etag,
        body = excluded.body, position = excluded.position, expires_at = excluded.expires_at
$keep$;
