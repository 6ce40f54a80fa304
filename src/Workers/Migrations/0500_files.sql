-- What is known of a file; its bytes are in the object store under object_key.
-- kept_by: what refers to it (an import, an export's job). What has a deadline is swept after it; keeping a file takes its deadline away.
create table files (
    tenant_id varchar collate "C" not null,
    id uuid not null,
    object_key varchar not null,
    name varchar not null,
    size bigint not null,
    content_type varchar not null,
    sha256 varchar,
    purpose varchar not null,
    kept_by varchar,
    created_by varchar not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    primary key (tenant_id, id)
);
create unique index files_object_key on files (object_key);
create index files_expiring on files (expires_at) where expires_at is not null;
