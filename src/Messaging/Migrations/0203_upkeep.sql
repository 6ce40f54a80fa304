-- Whoever holds the row fires schedules and prunes; it is taken over when its holder stops renewing it.
create table message_leader (
    only_one boolean primary key default true check (only_one),
    node_id integer not null,
    until timestamptz not null
) with (fillfactor = 50);

create table message_schedules (
    name varchar primary key,
    cron varchar not null,
    time_zone varchar not null,
    type varchar not null,
    next_run_at timestamptz not null,
    last_run_at timestamptz,
    paused boolean not null default false
);

-- The history of a schedule; how a run went is in its job.
create table message_schedule_runs (
    run_no bigint generated always as identity primary key,
    name varchar not null,
    due_at timestamptz not null,
    fired_at timestamptz not null default now(),
    cause varchar not null,
    job_id uuid not null
);
create index message_schedule_runs_name on message_schedule_runs (name, run_no desc);

-- Cancels a job of a tenant. Returns its status afterwards: cancelled at once when it was not running, running when its
-- handler was told (it ends by itself), the unchanged status when it had ended, null when there is none.
create function cancel_job(p_tenant_id varchar, p_id uuid) returns varchar
language plpgsql as $$
declare
    v_job jobs;
    v_message message_row;
begin
    select * into v_job from jobs where id = p_id and tenant_id = p_tenant_id for update;
    if not found then
        return null;
    end if;
    if v_job.status in ('succeeded', 'cancelled', 'dead') then
        return v_job.status;
    end if;

    -- A claim that is taking the row right now has locked it; then the message counts as running, and its worker is told.
    delete from ready_messages r
    where r.ctid = any (array(
        select m.ctid from ready_messages m
        where m.queue = v_job.queue and m.tenant_id = p_tenant_id and m.priority = v_job.priority and m.seq = v_job.seq
        for update skip locked))
    returning r.seq, r.id, r.tenant_id, r.queue, r.type, r.priority, r.attempt, r.takeovers, r.enqueued_at, r.body,
        r.order_key, r.unique_key, r.batch_id, r.traceparent, r.correlation_id, r.is_job
    into v_message;
    if not found then
        delete from scheduled_messages s
        where s.id = any (array(select m.id from scheduled_messages m where m.id = p_id for update skip locked))
        returning s.seq, s.id, s.tenant_id, s.queue, s.type, s.priority, s.attempt, s.takeovers, s.enqueued_at, s.body,
            s.order_key, s.unique_key, s.batch_id, s.traceparent, s.correlation_id, s.is_job
        into v_message;
    end if;
    if not found then
        delete from waiting_messages w
        where w.tenant_id = p_tenant_id and w.seq = v_job.seq and w.id = p_id
        returning w.seq, w.id, w.tenant_id, w.queue, w.type, w.priority, w.attempt, w.takeovers, w.enqueued_at, w.body,
            w.order_key, w.unique_key, w.batch_id, w.traceparent, w.correlation_id, w.is_job
        into v_message;
    end if;
    if not found then
        update jobs set cancel_requested = true where id = p_id;
        perform pg_notify('message_cancels', p_id::text);
        return 'running';
    end if;

    insert into handled_messages (id) values (p_id) on conflict do nothing;
    update jobs set status = 'cancelled', finished_at = now(), cancel_requested = false where id = p_id;
    perform let_go(array[v_message], 1);
    perform pg_notify('job_changes', p_tenant_id || ' ' || p_id::text);
    return 'cancelled';
end $$;

-- A dead letter gets all its attempts again. False: it is not dead (any more), or its unique key is another's by now.
create function replay_dead(p_tenant_id varchar, p_id uuid) returns boolean
language plpgsql as $$
declare
    v_dead dead_messages;
begin
    select * into v_dead from dead_messages where id = p_id and tenant_id = p_tenant_id for update;
    if not found then
        return false;
    end if;
    if v_dead.unique_key is not null then
        insert into message_unique_keys (tenant_id, unique_key, message_id)
        values (p_tenant_id, v_dead.unique_key, p_id)
        on conflict do nothing;
        if not found then
            return false;
        end if;
    end if;
    delete from dead_messages where id = p_id;
    insert into ready_messages (seq, id, tenant_id, queue, type, priority, attempt, takeovers, enqueued_at, body, order_key,
        unique_key, traceparent, correlation_id, is_job)
    values (v_dead.seq, p_id, p_tenant_id, v_dead.queue, v_dead.type, v_dead.priority, 0, 0, v_dead.enqueued_at, v_dead.body,
        v_dead.order_key, v_dead.unique_key, v_dead.traceparent, v_dead.correlation_id, v_dead.is_job);
    update jobs set status = 'queued', finished_at = null, cancel_requested = false where v_dead.is_job and id = p_id;
    perform pg_notify('messages', v_dead.queue || ' ' || p_tenant_id);
    return true;
end $$;

-- A dead letter that nobody wants any more; what waited behind it goes on.
create function discard_dead(p_tenant_id varchar, p_id uuid) returns boolean
language plpgsql as $$
declare
    v_dead dead_messages;
begin
    delete from dead_messages where id = p_id and tenant_id = p_tenant_id returning * into v_dead;
    if not found then
        return false;
    end if;
    insert into handled_messages (id) values (p_id) on conflict do nothing;
    if v_dead.order_key is not null then
        perform release_line(p_tenant_id, v_dead.order_key, p_id);
    end if;
    return true;
end $$;

-- A failed job's next attempt is due now. False: it does not wait for one.
create function retry_now(p_tenant_id varchar, p_id uuid) returns boolean
language plpgsql as $$
begin
    update scheduled_messages set due_at = now() where id = p_id and tenant_id = p_tenant_id;
    if found then
        perform pg_notify('message_delays', '');
    end if;
    return found;
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
