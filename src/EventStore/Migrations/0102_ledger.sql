-- The running proof: per tenant what its events come to, at positions a few hundred events apart. One follower writes it.
create table event_ledger (
    tenant_id varchar not null,
    position bigint not null,
    events bigint not null,
    sum numeric(39) not null,
    chain bytea not null,
    keys numeric(39) not null,
    recorded_at timestamptz not null default now(),
    constraint pk_event_ledger primary key (tenant_id, position)
);

-- How far the follower has come. Its row is the lock that makes it one.
create table event_ledger_progress (
    one boolean not null default true,
    position bigint not null,
    constraint pk_event_ledger_progress primary key (one),
    constraint ck_event_ledger_progress_one check (one)
);

insert into event_ledger_progress (position) values (0);
