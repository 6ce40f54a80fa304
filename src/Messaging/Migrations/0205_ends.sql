-- How messages end, and what follows from it.

-- The short way for messages that hold nothing: no job, key or batch. p_ended are the batches that end with them.
-- Inserting without looking first costs half of what "on conflict" does, and an id that is there already is rare: only a
-- repeated delivery has one. Then the second insert goes the long way; it waits for nobody that the first one would not.
create function mark_handled(p_id uuid[], p_ended bigint[]) returns void
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
    begin
        insert into handled_messages (id) select i.id from unnest(p_id) as i (id);
    exception when unique_violation then
        insert into handled_messages (id) select i.id from unnest(p_id) as i (id) on conflict do nothing;
    end;
    delete from claimed_batches where claim_id = any (p_ended);
end $$;

-- The same after a first try that failed. The server may have crashed, and with it a claim whose commit was not on disk yet: then
-- these messages are ready again although they have been handled, and nobody else is to handle them.
create function mark_handled_late(p_id uuid[], p_ended bigint[]) returns void
language plpgsql as $$
begin
    perform mark_handled(p_id, p_ended);
    delete from ready_messages where id = any (p_id);
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
    perform release_lines(v_repeated);
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
begin
    delete from message_unique_keys u
    using unnest(p_ended) e
    where e.unique_key is not null and u.tenant_id = e.tenant_id and u.unique_key = e.unique_key and u.message_id = e.id;

    if exists (select 1 from unnest(p_ended) e where e.batch_id is not null) then
        perform leave_batches(array(select e.batch_id from unnest(p_ended) e), p_failed);
    end if;

    perform release_lines(p_ended);
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
