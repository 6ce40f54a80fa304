-- Writes a batch of units of work in one round trip; each unit is accepted or refused on its own.
--
-- Arrays are parallel per prefix: u_ a unit, a_ an append to one stream (ascending by unit), s_ a distinct stream of the batch,
-- e_ an event (ascending by append), k_ an idempotency key (at most one a unit, no key twice in a batch), m_ a message.
--
-- outcomes per unit: 0 appended, 1 version conflict, 2 stream archived, 3 key known, 4 key reused, 5 stream busy.
-- faults per unit: the append (1-based) that made it refused, else 0. actuals: that stream's version then.
-- firsts per append: version of its first event, 0 when refused. positions: of the accepted events, in order.
create function append(
    batch_id uuid,
    u_count integer,
    a_unit integer[],
    a_stream integer[],
    a_expected bigint[],
    a_count integer[],
    s_tenant varchar[],
    s_id uuid[],
    s_type varchar[],
    e_tenant varchar[],
    e_append integer[],
    e_offset integer[],
    e_id uuid[],
    e_type varchar[],
    e_dotnet_type varchar[],
    e_data jsonb[],
    e_correlation_id varchar[],
    e_causation_id varchar[],
    e_headers jsonb[],
    k_unit integer[] default null,
    k_tenant varchar[] default null,
    k_key varchar[] default null,
    k_hash bytea[] default null,
    k_status integer[] default null,
    k_location varchar[] default null,
    k_etag varchar[] default null,
    k_body bytea[] default null,
    k_keep interval default null,
    m_unit integer[] default null,
    m_id uuid[] default null,
    m_tenant_id varchar[] default null,
    m_queue varchar[] default null,
    m_type varchar[] default null,
    m_body jsonb[] default null,
    m_priority smallint[] default null,
    m_scheduled_for timestamptz[] default null,
    m_order_key varchar[] default null,
    m_unique_key varchar[] default null,
    m_traceparent varchar[] default null,
    m_correlation_id varchar[] default null,
    m_is_job boolean[] default null,
    out outcomes smallint[],
    out faults integer[],
    out actuals bigint[],
    out firsts bigint[],
    out positions bigint[],
    out recorded_at timestamptz)
language plpgsql
-- A generic plan made while the tables are small must not become a scan of them once they are large.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $append$
declare
    appends constant integer := cardinality(a_unit);
    streams constant integer := cardinality(s_id);
    before bigint[];  -- per stream: version on disk, 0 none, -1 archived, -2 held by a foreign writer
    after bigint[];   -- per stream: version after the units accepted so far
    starts integer[]; -- per append: accepted events before it
    lasts integer[];  -- per unit: accepted events up to its end
    accepted integer := 0;
    first_append integer := 1;
    last_append integer;
    verdict smallint;
    known bigint;
    refused boolean := false;
    starting boolean := false;
    growing boolean := false;
    r record;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append needs read committed: an older snapshot would not see the batch before this one';
    end if;
    if current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'on', true);
    end if;

    -- The appenders' lock. It is released after the commit is durable and visible, so the next holder's statements see this
    -- batch whole, draw higher positions and read a later clock: positions follow commit order.
    perform pg_advisory_xact_lock(4995144563013713920 + 'mt_events'::regclass::oid::bigint);
    if exists (select from append_fences f where f.batch = batch_id) then
        raise exception 'batch % was given up by its appender', batch_id using errcode = 'EV001';
    end if;
    recorded_at := clock_timestamp();

    outcomes := array_fill(0::smallint, array[u_count]);
    faults := array_fill(0, array[u_count]);
    actuals := array_fill(0::bigint, array[u_count]);
    lasts := array_fill(0, array[u_count]);
    firsts := array_fill(0::bigint, array[appends]);
    starts := array_fill(0, array[appends]);
    before := array_fill(0::bigint, array[streams]);

    for r in
        select s.ordinal, m.version, m.is_archived
        from unnest(s_tenant, s_id) with ordinality as s (tenant_id, id, ordinal)
        join mt_streams m on m.tenant_id = s.tenant_id and m.id = s.id
    loop
        before[r.ordinal] := case when r.is_archived then -1 else coalesce(r.version, 0) end;
        growing := true;
    end loop;
    after := before;

    if k_unit is not null then
        for r in
            select k.unit, i.request_hash = k.hash as same
            from unnest(k_unit, k_tenant, k_key, k_hash) as k (unit, tenant_id, key, hash)
            join idempotency_keys i on i.tenant_id = k.tenant_id and i.key = k.key
            where i.expires_at > recorded_at
        loop
            outcomes[r.unit] := case when r.same then 3 else 4 end;
        end loop;
    end if;

    for unit in 1 .. u_count loop
        verdict := outcomes[unit];
        last_append := first_append;
        while last_append <= appends and a_unit[last_append] = unit loop
            if verdict = 0 then
                known := after[a_stream[last_append]];
                if known = -1 then
                    verdict := 2;
                    faults[unit] := last_append;
                elsif a_expected[last_append] >= 0 and a_expected[last_append] <> known then
                    verdict := 1;
                    faults[unit] := last_append;
                    actuals[unit] := known;
                end if;
            end if;
            last_append := last_append + 1;
        end loop;
        if verdict = 0 then
            for i in first_append .. last_append - 1 loop
                known := after[a_stream[i]];
                firsts[i] := known + 1;
                starts[i] := accepted;
                after[a_stream[i]] := known + a_count[i];
                accepted := accepted + a_count[i];
            end loop;
        else
            outcomes[unit] := verdict;
            refused := true;
        end if;
        lasts[unit] := accepted;
        first_append := last_append;
    end loop;

    if accepted > 0 then
        insert into mt_streams (tenant_id, id, type, version, timestamp, created)
        select s.tenant_id, s.id, s.type, after[s.ordinal], recorded_at, recorded_at
        from unnest(s_tenant, s_id, s_type) with ordinality as s (tenant_id, id, type, ordinal)
        where before[s.ordinal] = 0 and after[s.ordinal] > 0;

        if growing then
            update mt_streams m
            set version = after[s.ordinal], timestamp = recorded_at
            from unnest(s_tenant, s_id) with ordinality as s (tenant_id, id, ordinal)
            where m.tenant_id = s.tenant_id and m.id = s.id
              and before[s.ordinal] > 0 and after[s.ordinal] > before[s.ordinal];
        end if;

        -- Drawn after every check, so that a refusal leaves no gap.
        select array_agg(nextval('mt_events_sequence')) into positions from generate_series(1, accepted);

        insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id,
                               causation_id, headers)
        select positions[starts[e.append] + e.position + 1], e.id, s_id[a_stream[e.append]], firsts[e.append] + e.position, e.data,
               e.type, recorded_at, e.tenant_id, e.dotnet_type, e.correlation_id, e.causation_id, e.headers
        from unnest(e_tenant, e_append, e_offset, e_id, e_type, e_dotnet_type, e_data, e_correlation_id, e_causation_id, e_headers)
            as e (tenant_id, append, position, id, type, dotnet_type, data, correlation_id, causation_id, headers)
        where firsts[e.append] > 0;

        perform pg_notify('events_appended', positions[accepted]::text);
    end if;

    if k_unit is not null then
        insert into idempotency_keys (tenant_id, key, request_hash, status, location, etag, body, position, expires_at)
        select k.tenant_id, k.key, k.hash, k.status, k.location, k.etag, k.body, coalesce(positions[lasts[k.unit]], 0),
               recorded_at + k_keep
        from unnest(k_unit, k_tenant, k_key, k_hash, k_status, k_location, k_etag, k_body)
            as k (unit, tenant_id, key, hash, status, location, etag, body)
        where outcomes[k.unit] = 0
        on conflict (tenant_id, key) do update
        set request_hash = excluded.request_hash, status = excluded.status, location = excluded.location, etag = excluded.etag,
            body = excluded.body, position = excluded.position, expires_at = excluded.expires_at;
    end if;

    if m_unit is not null then
        if refused then
            perform enqueue_messages(
                array_agg(m.id), array_agg(m.tenant_id), array_agg(m.queue), array_agg(m.type), array_agg(m.body),
                array_agg(m.priority), array_agg(m.scheduled_for), array_agg(m.order_key), array_agg(m.unique_key),
                array_agg(m.traceparent), array_agg(m.correlation_id), array_agg(m.is_job))
            from unnest(m_unit, m_id, m_tenant_id, m_queue, m_type, m_body, m_priority, m_scheduled_for, m_order_key, m_unique_key,
                        m_traceparent, m_correlation_id, m_is_job)
                as m (unit, id, tenant_id, queue, type, body, priority, scheduled_for, order_key, unique_key, traceparent,
                      correlation_id, is_job)
            where outcomes[m.unit] = 0
            having count(*) > 0;
        else
            perform enqueue_messages(m_id, m_tenant_id, m_queue, m_type, m_body, m_priority, m_scheduled_for, m_order_key,
                                     m_unique_key, m_traceparent, m_correlation_id, m_is_job);
        end if;
    end if;
end
$append$;

-- Waits for a batch that may still run, then bars it; the caller looks for its events in the same transaction.
create function fence_append(batch_id uuid) returns void
language plpgsql
as $fence$
begin
    perform pg_advisory_xact_lock(4995144563013713920 + 'mt_events'::regclass::oid::bigint);
    insert into append_fences (batch) values (batch_id) on conflict do nothing;
end
$fence$;
