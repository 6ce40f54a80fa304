-- What must not stand in events: keys, hashes of secrets, and who was refused what. Whether a session, token or member is valid
-- is said by events alone; a row here without its event opens nothing.

create table master_key (
    singleton bool primary key default true check (singleton),
    fingerprint bytea not null
);

create table subject_keys (
    subject_id uuid primary key,
    wrapped bytea not null,
    created_at timestamptz not null default now()
);

create table passwords (
    person_id uuid primary key,
    hash varchar(300) not null,
    changed_at timestamptz not null default now()
);

create table session_secrets (
    hash bytea primary key,
    session_id uuid not null unique,
    person_id uuid not null,
    expires_at timestamptz not null
);
create index session_secrets_person on session_secrets (person_id);
create index session_secrets_expiry on session_secrets (expires_at);

create table api_tokens (
    hash bytea primary key,
    tenant_id varchar(64) not null,
    token_id uuid not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    unique (tenant_id, token_id)
);

-- One use each: who follows the link deletes the row.
create table mail_tokens (
    hash bytea primary key,
    purpose varchar(20) not null,
    subject_id uuid not null,
    tenant_id varchar(64),
    body jsonb not null,
    expires_at timestamptz not null
);
create index mail_tokens_subject on mail_tokens (subject_id);
create index mail_tokens_expiry on mail_tokens (expires_at);

create table audit_log (
    tenant_id varchar(64) not null,
    id uuid not null,
    at timestamptz not null,
    actor_id uuid,
    token_id uuid,
    action varchar(80) not null,
    target varchar(200) not null,
    outcome varchar(60) not null,
    status smallint not null,
    address inet,
    client varchar(200),
    request_id varchar(80) not null,
    primary key (tenant_id, id)
);
create index audit_log_actor on audit_log (tenant_id, actor_id, id);
create index audit_log_action on audit_log (tenant_id, action, id);
create index audit_log_outcome on audit_log (tenant_id, outcome, id);
create index audit_log_person on audit_log (actor_id);
