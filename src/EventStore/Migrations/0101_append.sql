-- Writes a batch of units of work in one round trip; each unit is accepted or refused on its own.
--
-- Arrays are parallel per prefix: u_ a unit, a_ an append to one stream (ascending by unit), s_ a distinct stream of the batch,
-- t_ a distinct event type, e_ an event (ascending by append), k_ an idempotency key (at most one a unit, no key twice in a
-- batch), m_ a message, o_ metadata that an event has in place of its unit's (e_own, 0 for none; null when no event of the batch
-- has any). Inside, array parameters are in PostgreSQL's expanded form: a subscript costs the same at any index,
-- and is a good deal cheaper than unnest, which stores every column once more.
--
-- The answer is one array, which is cheaper to pass on than a row of arrays:
--   [1]    the moment of recording, microseconds since 1970
--   [2]    1 when a unit was refused, else 0
--   then   per accepted event, in order, its position
--   then   per append the version of its first event, 0 when its unit was refused
--   then   only when a unit was refused, per unit three figures: outcome, the append (1-based) that made it refused or 0, and that
--          stream's version
-- Outcomes: 0 appended, 1 version conflict, 2 stream archived, 3 key known, 4 key reused.
create function append(
    batch_id uuid,
    u_correlation_id varchar[],
    u_causation_id varchar[],
    u_headers jsonb[],
    a_unit integer[],
    a_stream integer[],
    a_expected bigint[],
    a_count integer[],
    s_tenant varchar[],
    s_id uuid[],
    s_type varchar[],
    t_alias varchar[],
    t_dotnet_type varchar[],
    e_append integer[],
    e_offset integer[],
    e_id uuid[],
    e_type integer[],
    e_data jsonb[],
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
    e_own integer[] default null,
    o_correlation_id varchar[] default null,
    o_causation_id varchar[] default null,
    o_headers jsonb[] default null)
returns bigint[]
language plpgsql
-- The plans do not depend on the values, and making one costs more than running it; made while the tables are small, it must
-- not become a scan of them once they are large.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $append$
declare
    units constant integer := cardinality(u_headers);
    appends constant integer := cardinality(a_unit);
    recorded_at timestamptz;
    fenced boolean;
    accepts_all boolean;
    ignored boolean;
    outcomes bigint[];      -- per unit
    faults bigint[];        -- per unit
    actuals bigint[];       -- per unit
    before bigint[];        -- per stream: version on disk, 0 none, -1 archived
    after bigint[];         -- per stream: version after the units accepted so far
    firsts bigint[] := '{}'; -- per append
    starts integer[] := '{}'; -- per append: accepted events before it
    lasts integer[] := '{}'; -- per unit: accepted events up to its end
    positions bigint[] := '{}';
    accepted integer := 0;
    streams integer := 0;
    first_append integer := 1;
    last_append integer;
    verdict integer;
    known bigint;
    refused boolean := false;
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
    -- (An assignment of an expression without a table costs a fraction of a statement; so does nextval below.)
    ignored := pg_advisory_xact_lock(4995144563013713920 + 'mt_events'::regclass::oid::bigint) is null;
    recorded_at := clock_timestamp();

    select exists (select from append_fences f where f.batch = batch_id), array_agg(s.version), array_agg(s.version + 1),
           cardinality(s_id) = appends and bool_and(s.version >= 0 and (a_expected[s.stream] < 0 or a_expected[s.stream] = s.version))
    into fenced, before, firsts, accepts_all
    from (select s.stream, case when m.is_archived then -1 else coalesce(m.version, 0) end as version
          from generate_series(1, cardinality(s_id)) as s (stream)
          left join mt_streams m on m.tenant_id = s_tenant[s.stream] and m.id = s_id[s.stream]) s;
    -- (A nested loop, the only join left, keeps the order of the streams.)
    if fenced then
        raise exception 'batch % was given up by its appender', batch_id using errcode = 'EV001';
    end if;
    after := before;

    if k_unit is not null then
        outcomes := array_fill(0::bigint, array[units]);
        for r in
            select k.unit, i.request_hash = k.hash as same
            from unnest(k_unit, k_tenant, k_key, k_hash) as k (unit, tenant_id, key, hash)
            join idempotency_keys i on i.tenant_id = k.tenant_id and i.key = k.key
            where i.expires_at > recorded_at
        loop
            outcomes[r.unit] := case when r.same then 3 else 4 end;
            refused := true;
        end loop;
    end if;

    -- Streams are numbered as the appends meet them. Where each is met once and as expected, there is nothing to decide.
    if accepts_all and not refused then
        for i in 1 .. appends loop
            starts[i] := accepted;
            after[i] := before[i] + a_count[i];
            accepted := accepted + a_count[i];
            lasts[a_unit[i]] := accepted;
        end loop;
    else
        firsts := '{}';
        for unit in 1 .. units loop
            verdict := 0;
            if refused then
                verdict := outcomes[unit];
            end if;
            last_append := first_append;
            while last_append <= appends and a_unit[last_append] = unit loop
                if verdict = 0 then
                    known := after[a_stream[last_append]];
                    if known < 0 or (a_expected[last_append] >= 0 and a_expected[last_append] <> known) then
                        if not refused then
                            refused := true;
                            outcomes := array_fill(0::bigint, array[units]);
                        end if;
                        if faults is null then
                            faults := array_fill(0::bigint, array[units]);
                            actuals := faults;
                        end if;
                        verdict := case when known < 0 then 2 else 1 end;
                        faults[unit] := last_append;
                        actuals[unit] := known;
                        outcomes[unit] := verdict;
                    end if;
                end if;
                last_append := last_append + 1;
            end loop;
            for i in first_append .. last_append - 1 loop
                starts[i] := accepted;
                if verdict = 0 then
                    known := after[a_stream[i]];
                    firsts[i] := known + 1;
                    after[a_stream[i]] := known + a_count[i];
                    accepted := accepted + a_count[i];
                else
                    firsts[i] := 0;
                end if;
            end loop;
            lasts[unit] := accepted;
            first_append := last_append;
        end loop;
    end if;

    if accepted > 0 then
        -- Drawn after every check, so that a refusal leaves no gap.
        for i in 1 .. accepted loop
            positions[i] := nextval('mt_events_sequence');
        end loop;

        insert into mt_streams (tenant_id, id, type, version, timestamp, created)
        select s_tenant[s.stream], s_id[s.stream], s_type[s.stream], after[s.stream], recorded_at, recorded_at
        from generate_series(1, cardinality(s_id)) as s (stream)
        where before[s.stream] = 0 and after[s.stream] > 0;

        if 0 < any (before) then
            update mt_streams m
            set version = after[s.stream], timestamp = recorded_at
            from generate_series(1, cardinality(s_id)) as s (stream)
            where m.tenant_id = s_tenant[s.stream] and m.id = s_id[s.stream]
              and before[s.stream] > 0 and after[s.stream] > before[s.stream];
        end if;

        if e_own is null then
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id,
                                   causation_id, headers)
            select positions[starts[e_append[e.i]] + e_offset[e.i] + 1], e_id[e.i], s_id[a_stream[e_append[e.i]]],
                   firsts[e_append[e.i]] + e_offset[e.i], e_data[e.i], t_alias[e_type[e.i]], recorded_at, s_tenant[a_stream[e_append[e.i]]],
                   t_dotnet_type[e_type[e.i]], u_correlation_id[a_unit[e_append[e.i]]], u_causation_id[a_unit[e_append[e.i]]],
                   u_headers[a_unit[e_append[e.i]]]
            from generate_series(1, cardinality(e_id)) as e (i)
            where firsts[e_append[e.i]] > 0;
        else
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type, correlation_id,
                                   causation_id, headers)
            select positions[starts[e_append[e.i]] + e_offset[e.i] + 1], e_id[e.i], s_id[a_stream[e_append[e.i]]],
                   firsts[e_append[e.i]] + e_offset[e.i], e_data[e.i], t_alias[e_type[e.i]], recorded_at, s_tenant[a_stream[e_append[e.i]]],
                   t_dotnet_type[e_type[e.i]],
                   case when e_own[e.i] > 0 then o_correlation_id[e_own[e.i]] else u_correlation_id[a_unit[e_append[e.i]]] end,
                   case when e_own[e.i] > 0 then o_causation_id[e_own[e.i]] else u_causation_id[a_unit[e_append[e.i]]] end,
                   case when e_own[e.i] > 0 then o_headers[e_own[e.i]] else u_headers[a_unit[e_append[e.i]]] end
            from generate_series(1, cardinality(e_id)) as e (i)
            where firsts[e_append[e.i]] > 0;
        end if;
    end if;

    if k_unit is not null then
        insert into idempotency_keys (tenant_id, key, request_hash, status, location, etag, body, position, expires_at)
        select k.tenant_id, k.key, k.hash, k.status, k.location, k.etag, k.body, coalesce(positions[lasts[k.unit]], 0),
               recorded_at + k_keep
        from unnest(k_unit, k_tenant, k_key, k_hash, k_status, k_location, k_etag, k_body)
            as k (unit, tenant_id, key, hash, status, location, etag, body)
        where not refused or outcomes[k.unit] = 0
        on conflict (tenant_id, key) do update
        set request_hash = excluded.request_hash, status = excluded.status, location = excluded.location, etag = excluded.etag,
            body = excluded.body, position = excluded.position, expires_at = excluded.expires_at;
    end if;

    if cardinality(m_unit) > 0 then
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

    if not refused then
        return array[(extract(epoch from recorded_at) * 1000000)::bigint, 0] || positions || firsts;
    end if;
    if faults is null then
        faults := array_fill(0::bigint, array[units]);
        actuals := faults;
    end if;
    return array[(extract(epoch from recorded_at) * 1000000)::bigint, 1] || positions || firsts || outcomes || faults || actuals;
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

-- Closes a stream for ever, under the appenders' lock so that no unit of theirs is halfway; null when there is no such stream.
create function archive_stream(p_tenant varchar, p_stream uuid) returns bigint
language plpgsql
as $archive$
declare
    last_version bigint;
begin
    perform pg_advisory_xact_lock(4995144563013713920 + 'mt_events'::regclass::oid::bigint);
    update mt_streams
    set is_archived = true
    where tenant_id = p_tenant and id = p_stream
    returning version into last_version;
    update mt_events
    set is_archived = true
    where tenant_id = p_tenant and stream_id = p_stream and not is_archived;
    return last_version;
end
$archive$;
