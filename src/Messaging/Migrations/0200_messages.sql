-- Where a message is, is which table its row is in (docs/messaging.md draws the moves).
-- ready_messages -> claimed_batches -> handled_messages is the way of most; the other tables are detours.

create sequence message_sequence;

-- One message, as it lies in a claimed batch and in a message batch's completion.
create type message_row as (
    seq bigint,
    id uuid,
    tenant_id varchar,
    queue varchar,
    type varchar,
    priority smallint,
    attempt smallint,
    takeovers smallint,
    enqueued_at timestamptz,
    body jsonb,
    order_key varchar,
    unique_key varchar,
    batch_id uuid,
    traceparent varchar,
    correlation_id varchar,
    is_job boolean
);

-- Never updated: rows are inserted and deleted, so pages are filled and only the one index is kept.
-- Vacuum must follow the churn closely, because claims start at the index's left edge, where the dead entries are. It gives no
-- empty pages back to the system: for that it would lock everybody out, and they are filled again soon.
create table ready_messages (
    seq bigint not null,
    id uuid not null,
    -- Bytes compare faster than a language's order, and claims compare a lot.
    tenant_id varchar collate "C" not null,
    queue varchar collate "C" not null,
    type varchar not null,
    priority smallint not null,
    attempt smallint not null default 0,
    takeovers smallint not null default 0,
    enqueued_at timestamptz not null default now(),
    body jsonb not null,
    order_key varchar,
    unique_key varchar,
    batch_id uuid,
    traceparent varchar,
    correlation_id varchar,
    is_job boolean not null default false,
    constraint ready_messages_pkey primary key (queue, tenant_id, priority, seq)
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 500000,
        vacuum_truncate = off);

-- A process that works off messages. Its heartbeat is the lease of everything that it has claimed.
create table message_nodes (
    node_id integer generated always as identity primary key,
    name varchar not null,
    started_at timestamptz not null default now(),
    heartbeat_at timestamptz not null default now()
) with (fillfactor = 50);

-- What a node took in one go is one row: taking 500 messages costs one insert, giving them back one delete.
-- settled holds ids that left the batch without a mark in handled_messages (to be retried, dead, handed back).
-- The node gives the id (its own above, a count below), so it can name a claim whose answer it never got.
create table claimed_batches (
    claim_id bigint primary key,
    node_id integer not null references message_nodes,
    queue varchar not null,
    tenant_id varchar,
    claimed_at timestamptz not null default now(),
    settled uuid[] not null default '{}',
    entries message_row[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0,
        toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000, toast.autovacuum_vacuum_cost_delay = 0,
        vacuum_truncate = off, toast.vacuum_truncate = off);
-- Compressing what lives for milliseconds costs more than it saves.
alter table claimed_batches alter column entries set storage external;
create index claimed_batches_node on claimed_batches (node_id);

-- The inbox: what was handled, for as long as duplicates may come. Rows arrive in the order of handled_at, which suits BRIN.
create table handled_messages (
    id uuid primary key,
    handled_at timestamptz not null default now()
) with (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);
create index handled_messages_handled_at on handled_messages using brin (handled_at) with (pages_per_range = 32, autosummarize = on);

-- Not before due_at: delayed messages, and failed ones until their next attempt.
create table scheduled_messages (
    id uuid primary key,
    due_at timestamptz not null,
    holds_line boolean not null default false,
    seq bigint not null,
    tenant_id varchar not null,
    queue varchar not null,
    type varchar not null,
    priority smallint not null,
    attempt smallint not null default 0,
    takeovers smallint not null default 0,
    enqueued_at timestamptz not null default now(),
    body jsonb not null,
    order_key varchar,
    unique_key varchar,
    batch_id uuid,
    traceparent varchar,
    correlation_id varchar,
    is_job boolean not null default false
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
create index scheduled_messages_due on scheduled_messages (due_at);

-- Order keys: a line has one message at its head, in ready, claimed, scheduled or dead; the rest wait here.
create table order_lines (
    tenant_id varchar not null,
    order_key varchar not null,
    head_id uuid not null,
    primary key (tenant_id, order_key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

create table waiting_messages (
    seq bigint not null,
    id uuid not null,
    tenant_id varchar not null,
    queue varchar not null,
    type varchar not null,
    priority smallint not null,
    attempt smallint not null default 0,
    takeovers smallint not null default 0,
    enqueued_at timestamptz not null default now(),
    body jsonb not null,
    order_key varchar not null,
    unique_key varchar,
    batch_id uuid,
    traceparent varchar,
    correlation_id varchar,
    is_job boolean not null default false,
    constraint waiting_messages_pkey primary key (tenant_id, order_key, seq)
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

create table message_unique_keys (
    tenant_id varchar not null,
    unique_key varchar not null,
    message_id uuid not null,
    primary key (tenant_id, unique_key)
) with (autovacuum_vacuum_scale_factor = 0.05);

-- Out of attempts, or not worth another: kept whole until an operator replays or discards it, or retention ends.
create table dead_messages (
    id uuid primary key,
    died_at timestamptz not null default now(),
    reason varchar not null,
    error_type varchar,
    error_message varchar,
    error_detail varchar,
    holds_line boolean not null default false,
    seq bigint not null,
    tenant_id varchar not null,
    queue varchar not null,
    type varchar not null,
    priority smallint not null,
    attempt smallint not null,
    takeovers smallint not null,
    enqueued_at timestamptz not null,
    body jsonb not null,
    order_key varchar,
    unique_key varchar,
    batch_id uuid,
    traceparent varchar,
    correlation_id varchar,
    is_job boolean not null
);
create index dead_messages_tenant on dead_messages (tenant_id, died_at desc, id desc);
create index dead_messages_died_at on dead_messages (died_at);

-- The history of attempts that did not succeed; a success leaves its mark in handled_messages.
create table message_attempts (
    message_id uuid not null,
    attempt_no bigint generated always as identity,
    attempt smallint not null,
    started_at timestamptz,
    finished_at timestamptz not null default now(),
    node varchar,
    outcome varchar not null,
    error_type varchar,
    error_message varchar,
    error_detail varchar,
    primary key (message_id, attempt_no)
);
create index message_attempts_finished_at on message_attempts using brin (finished_at);

-- A job is a message that people watch: this row stays while the message moves.
create table jobs (
    id uuid primary key,
    tenant_id varchar not null,
    type varchar not null,
    queue varchar not null,
    priority smallint not null,
    seq bigint not null,
    status varchar not null,
    cancel_requested boolean not null default false,
    attempts smallint not null default 0,
    progress_done bigint not null default 0,
    progress_total bigint,
    progress_message varchar,
    result jsonb,
    error_type varchar,
    error_message varchar,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    correlation_id varchar
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index jobs_tenant on jobs (tenant_id, id desc);
create index jobs_cancelling on jobs (id) where cancel_requested;
create index jobs_finished on jobs (finished_at) where finished_at is not null;

-- Messages that belong together; the last one to end sends the completion.
create table message_batches (
    id uuid primary key,
    tenant_id varchar not null,
    total integer not null,
    remaining integer not null,
    failed integer not null default 0,
    created_at timestamptz not null default now(),
    completed_at timestamptz,
    completion message_row
) with (fillfactor = 70);
