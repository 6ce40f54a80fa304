-- Takes up to p_limit messages of a queue for a node, in fair shares of the tenants that have some.
-- Finding the tenants is one index probe a tenant (a loose scan over the primary key), whatever the backlog of each;
-- the scan starts after p_after, so that over several claims every tenant has its turn.
-- Such a walk passes over the entries that earlier claims deleted and vacuum has not removed. p_only names the tenants
-- instead, and p_from_* the place of each to go on after: a claim that continues another one touches only what it takes.
-- skip locked: another node that takes from the same tenant at the same moment gets the next ones, nobody waits.
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
    if v_rows is null then
        return;
    end if;

    return query
    with taken as (
        delete from ready_messages r where r.ctid = any (v_rows)
        returning r.seq, r.id, r.tenant_id, r.queue, r.type, r.priority, r.attempt, r.takeovers, r.enqueued_at, r.body,
            r.order_key, r.unique_key, r.batch_id, r.traceparent, r.correlation_id, r.is_job
    ), claimed as (
        insert into claimed_batches (claim_id, node_id, queue, tenant_id, entries)
        select p_claim_id, p_node_id, p_queue,
            case when min(t.tenant_id) = max(t.tenant_id) then min(t.tenant_id) end, array_agg(row(t.*)::message_row)
        from taken t
    ), watched as (
        update jobs j
        set status = 'running', attempts = attempts + 1, started_at = coalesce(j.started_at, now()),
            error_type = null, error_message = null
        where j.id = any (array(select t.id from taken t where t.is_job))
        returning pg_notify('job_changes', j.tenant_id || ' ' || j.id::text)
    )
    select t.seq, t.id, t.tenant_id, t.type, t.priority, t.attempt, t.takeovers, t.enqueued_at, t.body,
        t.order_key, t.unique_key, t.batch_id, t.traceparent, t.correlation_id, t.is_job
    from taken t;
end $$;

-- One of a message batch's members has ended.
create function leave_batches(p_batch_id uuid[], p_failed integer) returns void
language plpgsql as $$
declare
    v_completion message_row;
begin
    for v_completion in
        with ended as (
            select b.id, count(*)::integer as n from unnest(p_batch_id) as b (id) where b.id is not null group by b.id
        ), locked as (
            select m.id from message_batches m where m.id = any (p_batch_id) order by m.id for update
        ), counted as (
            update message_batches m
            set remaining = m.remaining - e.n, failed = m.failed + p_failed * e.n,
                completed_at = case when m.remaining - e.n <= 0 then now() end
            from ended e join locked l on l.id = e.id
            where m.id = e.id
            returning m.remaining, m.completion
        )
        select (c.completion).* from counted c where c.remaining <= 0 and (c.completion).id is not null
    loop
        perform store_messages(array[v_completion.id], array[v_completion.tenant_id], array[v_completion.queue],
            array[v_completion.type], array[v_completion.body], array[v_completion.priority],
            array[null::timestamptz], array[v_completion.order_key], array[v_completion.unique_key],
            array[v_completion.traceparent], array[v_completion.correlation_id], array[v_completion.is_job],
            array[null::uuid]);
    end loop;
end $$;

-- Jobs whose mark is there already: an attempt's commit went through although its node never heard of it.
create function end_repeated(p_id uuid[]) returns void
language plpgsql as $$
begin
    update jobs set status = 'succeeded', finished_at = coalesce(finished_at, now()), cancel_requested = false
    where id = any (p_id) and status = 'running';
end $$;

-- Marks messages as handled, in the transaction of their effects. Returns the ids that are marked by this call: an id
-- that does not come back was handled before, or its claim was taken over, and its effects must not be committed.
create function complete_messages(p_claim_id bigint[], p_id uuid[], p_result jsonb[]) returns setof uuid
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    v_live bigint[];
    v_ended message_row[];
    v_repeated message_row[];
    v_line record;
begin
    -- Key share: a takeover (which deletes the row) waits or skips; other completions and retries of the batch do not.
    select array_agg(c.claim_id) into v_live
    from (select claim_id from claimed_batches where claim_id = any (p_claim_id) for key share) c;
    if v_live is null then
        return;
    end if;

    with marked as (
        insert into handled_messages (id)
        select distinct i.id
        from unnest(p_claim_id, p_id) as i (claim_id, id)
        where i.claim_id = any (v_live)
        order by i.id
        on conflict do nothing
        returning id
    )
    select array_agg(row(e.*)::message_row) filter (where m.id is not null),
        array_agg(row(e.*)::message_row) filter (where m.id is null and (e.order_key is not null or e.is_job))
    into v_ended, v_repeated
    from claimed_batches c
    cross join unnest(c.entries) e
    left join marked m on m.id = e.id
    where c.claim_id = any (v_live) and e.id = any (p_id);

    -- A repeated message that heads its line must not stop it, and a repeated job has ended already.
    perform end_repeated(array(select e.id from unnest(v_repeated) e where e.is_job));
    for v_line in
        select e.tenant_id, e.order_key, e.id from unnest(v_repeated) e
        where e.order_key is not null
        order by e.tenant_id, e.order_key
    loop
        perform release_line(v_line.tenant_id, v_line.order_key, v_line.id);
    end loop;
    if v_ended is null then
        return;
    end if;

    update jobs j
    set status = 'succeeded', finished_at = now(), result = i.result, cancel_requested = false,
        progress_done = coalesce(j.progress_total, j.progress_done)
    from unnest(p_id, p_result) as i (id, result)
    where j.id = i.id and i.id in (select e.id from unnest(v_ended) e where e.is_job);

    perform pg_notify('job_changes', e.tenant_id || ' ' || e.id::text) from unnest(v_ended) e where e.is_job;
    perform let_go(v_ended, 0);
    return query select e.id from unnest(v_ended) e;
end $$;

-- What an ended message held: its unique key, its place in a message batch, the head of its line.
create function let_go(p_ended message_row[], p_failed integer) returns void
language plpgsql as $$
declare
    v_line record;
begin
    delete from message_unique_keys u
    using unnest(p_ended) e
    where e.unique_key is not null and u.tenant_id = e.tenant_id and u.unique_key = e.unique_key and u.message_id = e.id;

    if exists (select 1 from unnest(p_ended) e where e.batch_id is not null) then
        perform leave_batches(array(select e.batch_id from unnest(p_ended) e), p_failed);
    end if;

    for v_line in
        select e.tenant_id, e.order_key, e.id from unnest(p_ended) e
        where e.order_key is not null
        order by e.tenant_id, e.order_key
    loop
        perform release_line(v_line.tenant_id, v_line.order_key, v_line.id);
    end loop;
end $$;

-- A claimed message leaves its batch without being handled. p_outcome: retry (at p_due_at), dead, cancelled or released
-- (handed back unstarted). False: the claim was taken over meanwhile; nothing was done.
create function settle_message(
    p_claim_id bigint, p_id uuid, p_outcome varchar, p_due_at timestamptz, p_started_at timestamptz, p_node varchar,
    p_reason varchar, p_error_type varchar, p_error_message varchar, p_error_detail varchar) returns boolean
language plpgsql as $$
declare
    v_message message_row;
begin
    -- The update locks the row against a takeover's delete; whichever comes second finds the message gone.
    update claimed_batches set settled = settled || p_id
    where claim_id = p_claim_id and not p_id = any (settled);
    if not found then
        return false;
    end if;
    select e.* into v_message from claimed_batches c, unnest(c.entries) e where c.claim_id = p_claim_id and e.id = p_id limit 1;

    if exists (select 1 from handled_messages where id = p_id) then
        if v_message.is_job then
            perform end_repeated(array[p_id]);
        end if;
        if v_message.order_key is not null then
            perform release_line(v_message.tenant_id, v_message.order_key, p_id);
        end if;
        return false;
    end if;

    if p_outcome in ('retry', 'dead', 'cancelled') then
        insert into message_attempts (message_id, attempt, started_at, node, outcome, error_type, error_message, error_detail)
        values (p_id, v_message.attempt + 1, p_started_at, p_node, p_outcome, p_error_type, p_error_message, p_error_detail);
    end if;

    if p_outcome = 'released' then
        insert into ready_messages select v_message.*;
        update jobs set status = 'queued', attempts = attempts - 1 where v_message.is_job and id = p_id;
        perform pg_notify('messages', v_message.queue || ' ' || v_message.tenant_id);
    elsif p_outcome = 'retry' then
        insert into scheduled_messages (id, due_at, holds_line, seq, tenant_id, queue, type, priority, attempt, takeovers,
            enqueued_at, body, order_key, unique_key, batch_id, traceparent, correlation_id, is_job)
        values (p_id, p_due_at, v_message.order_key is not null, v_message.seq, v_message.tenant_id, v_message.queue,
            v_message.type, v_message.priority, v_message.attempt + 1, v_message.takeovers, v_message.enqueued_at,
            v_message.body, v_message.order_key, v_message.unique_key, v_message.batch_id, v_message.traceparent,
            v_message.correlation_id, v_message.is_job)
        on conflict do nothing;
        -- A look at what is delayed is due before the next poll: whoever promotes is to know.
        if p_due_at < now() + interval '1 second' then
            perform pg_notify('message_delays', '');
        end if;
        update jobs set status = 'failed', error_type = p_error_type, error_message = p_error_message
        where v_message.is_job and id = p_id;
    elsif p_outcome = 'dead' then
        insert into dead_messages (id, reason, error_type, error_message, error_detail, holds_line, seq, tenant_id, queue,
            type, priority, attempt, takeovers, enqueued_at, body, order_key, unique_key, batch_id, traceparent,
            correlation_id, is_job)
        values (p_id, p_reason, p_error_type, p_error_message, p_error_detail, v_message.order_key is not null,
            v_message.seq, v_message.tenant_id, v_message.queue, v_message.type, v_message.priority,
            v_message.attempt + 1, v_message.takeovers, v_message.enqueued_at, v_message.body, v_message.order_key,
            v_message.unique_key, v_message.batch_id, v_message.traceparent, v_message.correlation_id, v_message.is_job)
        on conflict do nothing;
        update jobs set status = 'dead', finished_at = now(), error_type = p_error_type, error_message = p_error_message,
            cancel_requested = false
        where v_message.is_job and id = p_id;
        -- The line stays held: what came later of this key waits until the dead letter is replayed or discarded.
        v_message.order_key := null;
        perform let_go(array[v_message], 1);
    elsif p_outcome = 'cancelled' then
        insert into handled_messages (id) values (p_id) on conflict do nothing;
        update jobs set status = 'cancelled', finished_at = now(), cancel_requested = false where v_message.is_job and id = p_id;
        perform let_go(array[v_message], 1);
    end if;
    if v_message.is_job then
        perform pg_notify('job_changes', v_message.tenant_id || ' ' || p_id::text);
    end if;
    return true;
end $$;

-- Due messages become ready; returns how many. A first-time message of a key joins its line, a retried one heads it already.
create function promote_scheduled(p_limit integer) returns integer
language plpgsql as $$
declare
    v_due message_row[];
    v_keyed message_row;
begin
    with due as (
        delete from scheduled_messages s
        where s.id = any (array(
            select d.id from scheduled_messages d where d.due_at <= now()
            order by d.due_at limit p_limit for update skip locked))
        returning s.*
    )
    select array_agg((d.seq, d.id, d.tenant_id, d.queue, d.type, d.priority, d.attempt, d.takeovers, d.enqueued_at, d.body,
        d.order_key, d.unique_key, d.batch_id, d.traceparent, d.correlation_id, d.is_job)::message_row
        order by d.tenant_id, d.order_key, d.seq)
    into v_due
    from due d;
    if v_due is null then
        return 0;
    end if;

    insert into ready_messages
    select e.* from unnest(v_due) e
    where e.order_key is null
        or exists (select 1 from order_lines l where l.tenant_id = e.tenant_id and l.order_key = e.order_key and l.head_id = e.id);
    for v_keyed in
        select e.* from unnest(v_due) e
        where e.order_key is not null and not exists (
            select 1 from order_lines l where l.tenant_id = e.tenant_id and l.order_key = e.order_key and l.head_id = e.id)
    loop
        perform join_line(v_keyed);
    end loop;
    update jobs set status = 'queued' where id in (select e.id from unnest(v_due) e where e.is_job);
    perform pg_notify('messages', woken.payload)
    from (select distinct e.queue || ' ' || e.tenant_id as payload from unnest(v_due) e limit 32) woken;
    return cardinality(v_due);
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
    v_line record;
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
    for v_line in select distinct e.tenant_id, e.order_key, e.id from unnest(v_repeated) e order by e.tenant_id, e.order_key
    loop
        perform release_line(v_line.tenant_id, v_line.order_key, v_line.id);
    end loop;

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
