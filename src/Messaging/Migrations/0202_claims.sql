-- How messages come into a node's hands, and back out of them unhandled.

-- Takes up to p_limit messages of a queue for a node, in fair shares of the tenants that have some.
-- Finding the tenants is one index probe a tenant (a loose scan over the primary key), whatever the backlog of each;
-- the scan starts after p_after, so that over several claims every tenant has its turn.
-- Such a walk passes over the entries that earlier claims deleted and vacuum has not removed. p_only names the tenants
-- instead, and p_from_* the place of each to go on after: a claim that continues another one touches only what it takes.
-- One claim of a queue at a time looks without locking rows: locking each before it is deleted would be a third of the claim's
-- cost. Whoever comes meanwhile locks what it takes with skip locked. So the one without locks may meet rows that such a claim or
-- a cancellation is deleting; it waits for their commit, never they for it, and what they took it does not get.
-- p_held_* is what the node has of each tenant already; together with it no tenant gets more than p_tenant_limit.
-- The foreign key to message_nodes is the fence: a node that was declared dead can claim no more.
create function claim_messages(
    p_claim_id bigint, p_node_id integer, p_queue varchar, p_limit integer, p_after varchar, p_only varchar[],
    p_from_priority smallint[], p_from_seq bigint[], p_tenant_limit integer,
    p_held_tenants varchar[], p_held_counts integer[], p_cluster_limit integer, p_cluster_tenant_limit integer)
returns table (
    seq bigint, id uuid, tenant_id varchar, type varchar, priority smallint, attempt smallint,
    takeovers smallint, enqueued_at timestamptz, body jsonb, order_key varchar, unique_key varchar, batch_id uuid,
    traceparent varchar, correlation_id varchar, is_job boolean)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_limit integer := p_limit;
    v_tenants varchar[] := '{}';
    v_tenant varchar := p_after;
    v_skip varchar[] := '{}';
    v_wrapped boolean := false;
    v_rows tid[];
    v_entries message_row[];
    v_first varchar;
    v_last varchar;
    v_has_jobs boolean;
    v_watched bigint;
begin
    if p_cluster_limit is not null or p_cluster_tenant_limit is not null then
        -- Counting and taking must not interleave with another node's. Such queues claim one message a batch.
        perform pg_advisory_xact_lock(hashtextextended('messages:' || p_queue, 0));
        v_limit := 1;
        if p_cluster_limit is not null
            and (select count(*) from claimed_batches c where c.queue = p_queue) >= p_cluster_limit then
            return;
        end if;
        if p_cluster_tenant_limit is not null then
            v_skip := array(
                select c.tenant_id from claimed_batches c
                where c.queue = p_queue and c.tenant_id is not null
                group by c.tenant_id having count(*) >= p_cluster_tenant_limit);
        end if;
    else
        -- Nobody waits for this commit to be on disk. What is written later, such as the marks of these messages, is later in the
        -- log too: after a crash either both are there or the messages are ready again, and none of their effects was committed.
        perform set_config('synchronous_commit', 'off', true);
    end if;

    if p_only is not null then
        v_tenants := p_only;
    else
        loop
            select r.tenant_id into v_tenant
            from ready_messages r
            where r.queue = p_queue and r.tenant_id > v_tenant
            order by r.tenant_id limit 1;
            if not found then
                exit when v_wrapped;
                v_wrapped := true;
                v_tenant := '';
                continue;
            end if;
            exit when v_wrapped and v_tenant > p_after;
            if not v_tenant = any (v_skip)
                and coalesce(p_held_counts[array_position(p_held_tenants, v_tenant)], 0) < p_tenant_limit then
                v_tenants := v_tenants || v_tenant;
                exit when cardinality(v_tenants) >= 64 or cardinality(v_tenants) >= v_limit;
            end if;
        end loop;
    end if;
    if cardinality(v_tenants) = 0 then
        return;
    end if;

    if pg_try_advisory_xact_lock(hashtextextended('messages:' || p_queue, 0)) then
        select array_agg(picked.row_id) into v_rows
        from (
            select taken.row_id
            from unnest(v_tenants, p_from_priority, p_from_seq) with ordinality as t (tenant_id, from_priority, from_seq, turn)
            cross join lateral (
                select r.ctid as row_id
                from ready_messages r
                where r.queue = p_queue and r.tenant_id = t.tenant_id
                    and (r.priority, r.seq) > (coalesce(t.from_priority, (-1)::smallint), coalesce(t.from_seq, 0))
                order by r.priority, r.seq
                limit greatest(0, least((v_limit + cardinality(v_tenants) - 1) / cardinality(v_tenants),
                    p_tenant_limit - coalesce(p_held_counts[array_position(p_held_tenants, t.tenant_id)], 0)))
            ) taken
            order by t.turn
            limit v_limit
        ) picked;
    else
        select array_agg(picked.row_id) into v_rows
        from (
            select taken.row_id
            from unnest(v_tenants, p_from_priority, p_from_seq) with ordinality as t (tenant_id, from_priority, from_seq, turn)
            cross join lateral (
                select r.ctid as row_id
                from ready_messages r
                where r.queue = p_queue and r.tenant_id = t.tenant_id
                    and (r.priority, r.seq) > (coalesce(t.from_priority, (-1)::smallint), coalesce(t.from_seq, 0))
                order by r.priority, r.seq
                limit greatest(0, least((v_limit + cardinality(v_tenants) - 1) / cardinality(v_tenants),
                    p_tenant_limit - coalesce(p_held_counts[array_position(p_held_tenants, t.tenant_id)], 0)))
                for update skip locked
            ) taken
            order by t.turn
            limit v_limit
        ) picked;
    end if;
    if v_rows is null then
        return;
    end if;

    -- A row id cannot have become another message's since it was read: this statement's snapshot keeps vacuum from reusing it.
    with taken as (
        delete from ready_messages r where r.ctid = any (v_rows)
        returning r.tenant_id, r.is_job, (r.seq, r.id, r.tenant_id, r.queue, r.type, r.priority, r.attempt, r.takeovers,
            r.enqueued_at, r.body, r.order_key, r.unique_key, r.batch_id, r.traceparent, r.correlation_id,
            r.is_job)::message_row as entry
    )
    select array_agg(t.entry), min(t.tenant_id), max(t.tenant_id), bool_or(t.is_job)
    into v_entries, v_first, v_last, v_has_jobs
    from taken t;
    if v_entries is null then
        return;
    end if;
    insert into claimed_batches (claim_id, node_id, queue, tenant_id, entries)
    values (p_claim_id, p_node_id, p_queue, case when v_first = v_last then v_first end, v_entries);

    if v_has_jobs then
        with watched as (
            update jobs j
            set status = 'running', attempts = attempts + 1, started_at = coalesce(j.started_at, now()),
                error_type = null, error_message = null
            where j.id = any (array(select e.id from unnest(v_entries) e where e.is_job))
            returning j.tenant_id, j.id
        )
        select count(pg_notify('job_changes', w.tenant_id || ' ' || w.id::text)) into v_watched from watched w;
    end if;

    return query
    select e.seq, e.id, e.tenant_id, e.type, e.priority, e.attempt, e.takeovers, e.enqueued_at, e.body,
        e.order_key, e.unique_key, e.batch_id, e.traceparent, e.correlation_id, e.is_job
    from unnest(v_entries) e;
end $$;

-- Stores messages that the sender's own process has room for, claimed for it in the same transaction: their handlers start when
-- this commits, without the way over ready_messages and a second round trip. Returns those that were claimed. The others are
-- stored as always: when the node was declared dead (the key share is the fence), and for a tenant that has messages
-- waiting already, because what came first goes first.
create function store_and_claim(
    p_claim_id bigint, p_node_id integer, p_queue varchar, p_id uuid[], p_tenant_id varchar[], p_type varchar[], p_body jsonb[],
    p_priority smallint[], p_traceparent varchar[], p_correlation_id varchar[])
returns table (id uuid, seq bigint, enqueued_at timestamptz)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_entries message_row[];
begin
    -- One statement: at rest, what a message waits for is the number of steps that the server has to wake up for.
    insert into claimed_batches (claim_id, node_id, queue, tenant_id, entries)
    select p_claim_id, p_node_id, p_queue, case when count(*) = 1 then min(i.tenant_id) end,
        array_agg((nextval('message_sequence'), i.id, i.tenant_id, p_queue, i.type, i.priority, 0::smallint, 0::smallint,
            now(), i.body, null, null, null, i.traceparent, i.correlation_id, false)::message_row)
    from (select n.node_id from message_nodes n where n.node_id = p_node_id for key share) node
    cross join unnest(p_id, p_tenant_id, p_type, p_body, p_priority, p_traceparent, p_correlation_id)
        as i (id, tenant_id, type, body, priority, traceparent, correlation_id)
    where not exists (select 1 from handled_messages h where h.id = i.id)
        and not exists (select 1 from ready_messages r where r.queue = p_queue and r.tenant_id = i.tenant_id)
    having count(*) > 0
    returning entries into v_entries;
    if v_entries is null or cardinality(v_entries) < cardinality(p_id) then
        perform store_messages(array_agg(i.id), array_agg(i.tenant_id), array_agg(p_queue), array_agg(i.type), array_agg(i.body),
            array_agg(i.priority), array_agg(null::timestamptz), array_agg(null::varchar), array_agg(null::varchar),
            array_agg(i.traceparent), array_agg(i.correlation_id), array_agg(false), array_agg(null::uuid))
        from unnest(p_id, p_tenant_id, p_type, p_body, p_priority, p_traceparent, p_correlation_id)
            as i (id, tenant_id, type, body, priority, traceparent, correlation_id)
        where not exists (select 1 from unnest(v_entries) e where e.id = i.id);
    end if;
    return query select e.id, e.seq, e.enqueued_at from unnest(v_entries) e;
end $$;

-- A claim whose answer never reached its node: nobody has started its messages, so they are ready again. Returns how many.
create function hand_back_claim(p_claim_id bigint) returns integer
language plpgsql as $$
declare
    v_back message_row[];
begin
    delete from claimed_batches where claim_id = p_claim_id returning entries into v_back;
    if v_back is null then
        return 0;
    end if;
    insert into ready_messages select e.* from unnest(v_back) e;
    update jobs set status = 'queued', attempts = greatest(0, attempts - 1)
    where id in (select e.id from unnest(v_back) e where e.is_job);
    perform pg_notify('messages', woken.payload)
    from (select distinct e.queue || ' ' || e.tenant_id as payload from unnest(v_back) e limit 32) woken;
    return cardinality(v_back);
end $$;

-- Gives a dead node's messages back, except those that were handled or left their batch. Returns how many, or null when
-- the node is alive or already gone. A batch that a transaction of the dead node still locks is left for the next round:
-- only when no such transaction lives on can its effects no longer commit.
create function take_over_node(p_node_id integer, p_lease interval) returns integer
language plpgsql as $$
declare
    v_back message_row[];
    v_repeated message_row[];
begin
    perform 1 from message_nodes where node_id = p_node_id and heartbeat_at < now() - p_lease for update skip locked;
    if not found then
        return null;
    end if;
    with taken as (
        delete from claimed_batches c
        where c.claim_id = any (array(
            select b.claim_id from claimed_batches b where b.node_id = p_node_id order by b.claim_id limit 200 for update skip locked))
        returning c.entries, c.settled
    )
    select array_agg(row(e.*)::message_row) filter (where h.id is null),
        array_agg(row(e.*)::message_row) filter (where h.id is not null and e.order_key is not null)
    into v_back, v_repeated
    from taken t
    cross join unnest(t.entries) e
    left join handled_messages h on h.id = e.id
    where not e.id = any (t.settled);

    -- A repeated message whose first copy was handled may have come to the head of its line: with it the line must go on.
    perform release_lines(v_repeated);

    insert into ready_messages
    select e.seq, e.id, e.tenant_id, e.queue, e.type, e.priority, e.attempt, e.takeovers + 1, e.enqueued_at, e.body,
        e.order_key, e.unique_key, e.batch_id, e.traceparent, e.correlation_id, e.is_job
    from unnest(v_back) e;
    update jobs set status = 'queued' where id in (select e.id from unnest(v_back) e where e.is_job);
    perform pg_notify('messages', woken.payload)
    from (select distinct e.queue || ' ' || e.tenant_id as payload from unnest(v_back) e limit 32) woken;

    if not exists (select 1 from claimed_batches where node_id = p_node_id) then
        delete from message_nodes where node_id = p_node_id;
    end if;
    return coalesce(cardinality(v_back), 0);
end $$;
