-- Marten's tables, names, types, defaults and constraint names: a DocumentStore pointed at this schema reads and appends here.
-- Nothing of ours is added to them, because Marten drops what it does not know; our own tables stand beside.

create table mt_streams (
    tenant_id varchar not null default '*DEFAULT*',
    id uuid not null,
    type varchar null,
    version bigint null,
    timestamp timestamptz not null default now(),
    created timestamptz not null default now(),
    is_archived boolean default false,
    constraint pkey_mt_streams_tenant_id_id primary key (tenant_id, id)
);

create table mt_events (
    seq_id bigint not null,
    id uuid not null,
    stream_id uuid null,
    version bigint not null,
    data jsonb not null,
    bdata bytea null,
    type varchar(500) not null,
    timestamp timestamptz not null default now(),
    tenant_id varchar default '*DEFAULT*',
    mt_dotnet_type varchar null,
    correlation_id varchar null,
    causation_id varchar null,
    headers jsonb null,
    is_archived boolean default false,
    constraint pkey_mt_events_seq_id primary key (seq_id),
    constraint fkey_mt_events_stream_id_tenant_id foreign key (tenant_id, stream_id) references mt_streams (tenant_id, id)
);

create unique index pk_mt_events_stream_and_version on mt_events (tenant_id, stream_id, version);

create sequence mt_events_sequence as bigint start 1 increment 1 cache 1;
alter sequence mt_events_sequence owned by mt_events.seq_id;

create table mt_event_progression (
    name varchar not null,
    last_seq_id bigint null,
    last_updated timestamptz default transaction_timestamp(),
    constraint pk_mt_event_progression primary key (name)
);

create table mt_high_water_skips (
    ending_sequence bigint not null,
    starting_sequence bigint not null,
    timestamp timestamptz default transaction_timestamp(),
    constraint pk_mt_high_water_skips primary key (ending_sequence)
);

-- Answers kept under a caller's Idempotency-Key, written with the events that they tell of.
create table idempotency_keys (
    tenant_id varchar not null,
    key varchar not null,
    request_hash bytea not null,
    status integer not null,
    location varchar null,
    etag varchar null,
    body bytea not null,
    position bigint not null,
    expires_at timestamptz not null,
    constraint pk_idempotency_keys primary key (tenant_id, key)
);

create index ix_idempotency_keys_expires_at on idempotency_keys (expires_at);

-- Batches whose connection was lost and that had not happened when their appender looked: whatever still carries them, they
-- never will.
create table append_fences (
    batch uuid not null,
    fenced_at timestamptz not null default now(),
    constraint pk_append_fences primary key (batch)
);
