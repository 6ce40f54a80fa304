-- Ids that a broker has delivered: it may deliver again, the message is taken in once.
create table received_messages (
    id uuid primary key,
    received_at timestamptz not null default now()
) with (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
create index received_messages_received_at on received_messages using brin (received_at) with (pages_per_range = 32, autosummarize = on);

-- Takes a delivered message in, to be worked off in p_queue. False: it came before.
create function receive_message(p_envelope jsonb, p_queue varchar) returns boolean
language plpgsql as $$
declare
    v_message message_row := jsonb_populate_record(null::message_row, p_envelope);
begin
    insert into received_messages (id) values (v_message.id) on conflict do nothing;
    if not found then
        return false;
    end if;
    v_message.queue := p_queue;
    insert into ready_messages select v_message.*;
    -- The relay's claim counted as an attempt.
    update jobs set status = 'queued', queue = p_queue, attempts = greatest(0, attempts - 1)
    where v_message.is_job and id = v_message.id;
    perform pg_notify('messages', p_queue || ' ' || v_message.tenant_id);
    return true;
end $$;
