-- A keyed message goes to the head of its line when the line is free, else it waits in the line.
-- Enqueuers of one key only share the line's row; a completion takes it for update, so it sees every message that
-- was told to wait (release_line), and no message waits in a line that nobody holds.
create function join_line(p_message message_row) returns void
language plpgsql as $$
begin
    loop
        insert into order_lines (tenant_id, order_key, head_id)
        values (p_message.tenant_id, p_message.order_key, p_message.id)
        on conflict do nothing;
        if found then
            insert into ready_messages select (p_message).*;
            return;
        end if;
        perform 1 from order_lines
        where tenant_id = p_message.tenant_id and order_key = p_message.order_key
        for key share;
        if found then
            insert into waiting_messages select (p_message).*;
            return;
        end if;
    end loop;
end $$;

-- The head is through: the next in line becomes ready, or the line ends. A line that another message heads is left alone.
create function release_line(p_tenant_id varchar, p_order_key varchar, p_head_id uuid) returns void
language plpgsql as $$
declare
    v_next message_row;
begin
    perform 1 from order_lines
    where tenant_id = p_tenant_id and order_key = p_order_key and head_id = p_head_id
    for update;
    if not found then
        return;
    end if;
    -- A new statement, so a new snapshot: every enqueuer that held the row has committed by now.
    delete from waiting_messages w
    using (
        select tenant_id, order_key, seq from waiting_messages
        where tenant_id = p_tenant_id and order_key = p_order_key
        order by seq limit 1
    ) first
    where w.tenant_id = first.tenant_id and w.order_key = first.order_key and w.seq = first.seq
    returning w.seq, w.id, w.tenant_id, w.queue, w.type, w.priority, w.attempt, w.takeovers, w.enqueued_at, w.body,
        w.order_key, w.unique_key, w.batch_id, w.traceparent, w.correlation_id, w.is_job
    into v_next;
    if found then
        update order_lines set head_id = v_next.id where tenant_id = p_tenant_id and order_key = p_order_key;
        insert into ready_messages select v_next.*;
        perform pg_notify('messages', v_next.queue || ' ' || v_next.tenant_id);
    else
        delete from order_lines where tenant_id = p_tenant_id and order_key = p_order_key;
    end if;
end $$;

-- The same for many. In the order of their keys: two that end messages of the same keys never wait in a circle.
create function release_lines(p_heads message_row[]) returns void
language plpgsql as $$
declare
    v_line record;
begin
    for v_line in
        select distinct e.tenant_id, e.order_key, e.id from unnest(p_heads) e
        where e.order_key is not null
        order by e.tenant_id, e.order_key, e.id
    loop
        perform release_line(v_line.tenant_id, v_line.order_key, v_line.id);
    end loop;
end $$;

-- Stores messages in the caller's transaction. Not stored, silently: a unique key that is taken, an id that was handled.
create function store_messages(
    p_id uuid[], p_tenant_id varchar[], p_queue varchar[], p_type varchar[], p_body jsonb[], p_priority smallint[],
    p_scheduled_for timestamptz[], p_order_key varchar[], p_unique_key varchar[], p_traceparent varchar[],
    p_correlation_id varchar[], p_is_job boolean[], p_batch_id uuid[]) returns void
-- The plans do not depend on how many messages there are; planning anew would cost more than running.
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
    v_refused uuid[];
    v_keyed message_row;
    v_has_orders boolean := cardinality(array_remove(p_order_key, null)) > 0;
    v_has_jobs boolean := true = any (p_is_job);
    v_first_seq bigint := 0;
begin
    select coalesce(array_agg(h.id), '{}') into v_refused from handled_messages h where h.id = any (p_id);

    if cardinality(array_remove(p_unique_key, null)) > 0 then
        -- Sorted, so that two enqueuers take their keys in the same order and never wait in a circle.
        with wanted as (
            select i.id, i.tenant_id, i.unique_key
            from unnest(p_id, p_tenant_id, p_unique_key) as i (id, tenant_id, unique_key)
            where i.unique_key is not null and not i.id = any (v_refused)
            order by i.tenant_id, i.unique_key, i.id
        ), taken as (
            insert into message_unique_keys (tenant_id, unique_key, message_id)
            select w.tenant_id, w.unique_key, w.id from wanted w
            on conflict do nothing
            returning message_id
        )
        select v_refused || coalesce(array_agg(w.id), '{}') into v_refused
        from wanted w
        where not exists (select 1 from taken t where t.message_id = w.id);
    end if;

    if v_has_jobs then
        with wanted as (
            select i.*, nextval('message_sequence') as seq
            from unnest(p_id, p_tenant_id, p_type, p_queue, p_priority, p_correlation_id, p_is_job)
                as i (id, tenant_id, type, queue, priority, correlation_id, is_job)
            where i.is_job and not i.id = any (v_refused)
        ), made as (
            insert into jobs (id, tenant_id, type, queue, priority, seq, status, correlation_id)
            select w.id, w.tenant_id, w.type, w.queue, w.priority, w.seq, 'queued', w.correlation_id from wanted w
            on conflict do nothing
            returning id
        )
        select v_refused || coalesce(array_agg(w.id), '{}') into v_refused
        from wanted w
        where not exists (select 1 from made m where m.id = w.id);
    end if;

    if cardinality(array_remove(p_scheduled_for, null)) > 0 then
        insert into scheduled_messages (id, due_at, seq, tenant_id, queue, type, priority, body, order_key, unique_key,
            batch_id, traceparent, correlation_id, is_job)
        select i.id, i.scheduled_for, coalesce(j.seq, nextval('message_sequence')), i.tenant_id, i.queue, i.type, i.priority,
            i.body, i.order_key, i.unique_key, i.batch_id, i.traceparent, i.correlation_id, i.is_job
        from unnest(p_id, p_tenant_id, p_queue, p_type, p_body, p_priority, p_scheduled_for, p_order_key, p_unique_key,
            p_traceparent, p_correlation_id, p_is_job, p_batch_id)
            as i (id, tenant_id, queue, type, body, priority, scheduled_for, order_key, unique_key,
                traceparent, correlation_id, is_job, batch_id)
        left join jobs j on i.is_job and j.id = i.id
        where i.scheduled_for > now() and not i.id = any (v_refused)
        on conflict do nothing;
        perform pg_notify('message_delays', '');
    end if;

    insert into ready_messages (seq, id, tenant_id, queue, type, priority, body, unique_key, batch_id, traceparent,
        correlation_id, is_job)
    select nextval('message_sequence'), i.id, i.tenant_id, i.queue, i.type, i.priority, i.body, i.unique_key,
        i.batch_id, i.traceparent, i.correlation_id, false
    from unnest(p_id, p_tenant_id, p_queue, p_type, p_body, p_priority, p_scheduled_for, p_order_key, p_unique_key,
        p_traceparent, p_correlation_id, p_is_job, p_batch_id)
        as i (id, tenant_id, queue, type, body, priority, scheduled_for, order_key, unique_key,
            traceparent, correlation_id, is_job, batch_id)
    where i.order_key is null and not i.is_job and (i.scheduled_for is null or i.scheduled_for <= now())
        and (v_refused = '{}' or not i.id = any (v_refused));

    if v_has_jobs then
        insert into ready_messages (seq, id, tenant_id, queue, type, priority, body, unique_key, batch_id, traceparent,
            correlation_id, is_job)
        select j.seq, i.id, i.tenant_id, i.queue, i.type, i.priority, i.body, i.unique_key,
            i.batch_id, i.traceparent, i.correlation_id, true
        from unnest(p_id, p_tenant_id, p_queue, p_type, p_body, p_priority, p_scheduled_for, p_order_key, p_unique_key,
            p_traceparent, p_correlation_id, p_is_job, p_batch_id)
            as i (id, tenant_id, queue, type, body, priority, scheduled_for, order_key, unique_key,
                traceparent, correlation_id, is_job, batch_id)
        join jobs j on j.id = i.id
        where i.is_job and i.order_key is null and (i.scheduled_for is null or i.scheduled_for <= now())
            and not i.id = any (v_refused);
    end if;

    if v_has_orders then
        for v_keyed in
            select coalesce(j.seq, nextval('message_sequence')), i.id, i.tenant_id, i.queue, i.type, i.priority,
                0::smallint, 0::smallint, now(), i.body, i.order_key, i.unique_key, i.batch_id, i.traceparent,
                i.correlation_id, i.is_job
            from (
                select u.*
                from unnest(p_id, p_tenant_id, p_queue, p_type, p_body, p_priority, p_scheduled_for, p_order_key,
                    p_unique_key, p_traceparent, p_correlation_id, p_is_job, p_batch_id) with ordinality
                    as u (id, tenant_id, queue, type, body, priority, scheduled_for, order_key, unique_key,
                        traceparent, correlation_id, is_job, batch_id, position)
                where u.order_key is not null and (u.scheduled_for is null or u.scheduled_for <= now())
                    and not u.id = any (v_refused)
                order by u.tenant_id, u.order_key, u.position
            ) i
            left join jobs j on i.is_job and j.id = i.id
            order by i.tenant_id, i.order_key, i.position
        loop
            perform join_line(v_keyed);
        end loop;
    end if;

    -- One wake-up for each queue and tenant; the server drops repeats within a transaction.
    perform pg_notify('messages', woken.payload)
    from (
        select distinct i.queue || ' ' || i.tenant_id as payload
        from unnest(p_queue, p_tenant_id) as i (queue, tenant_id)
        limit 32
    ) woken;
end $$;

create function enqueue_messages(
    p_id uuid[], p_tenant_id varchar[], p_queue varchar[], p_type varchar[], p_body jsonb[], p_priority smallint[],
    p_scheduled_for timestamptz[], p_order_key varchar[], p_unique_key varchar[], p_traceparent varchar[],
    p_correlation_id varchar[], p_is_job boolean[]) returns void
language plpgsql as $$
begin
    perform store_messages(p_id, p_tenant_id, p_queue, p_type, p_body, p_priority, p_scheduled_for, p_order_key,
        p_unique_key, p_traceparent, p_correlation_id, p_is_job, array_fill(null::uuid, array[cardinality(p_id)]));
end $$;
