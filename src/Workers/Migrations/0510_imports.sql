-- An import is a job; its id is the job's. checkpoint is the last row whose outcome is stored here: a worker that takes the
-- import over goes on after it.
create table imports (
    tenant_id varchar collate "C" not null,
    id uuid not null,
    file_id uuid not null,
    file_name varchar not null,
    format varchar not null,
    source varchar not null,
    project_id uuid,
    mapping jsonb not null,
    dry_run boolean not null,
    requested_by varchar not null,
    checkpoint bigint not null default 0,
    created bigint not null default 0,
    existing bigint not null default 0,
    restored bigint not null default 0,
    failed bigint not null default 0,
    warned bigint not null default 0,
    report_file_id uuid,
    started_at timestamptz,
    finished_at timestamptz,
    undo_id uuid,
    undo_checkpoint bigint not null default 0,
    undone bigint not null default 0,
    kept bigint not null default 0,
    primary key (tenant_id, id)
);

-- Which import made a task, for its undoing. Written before the task is: a row without its task means a worker that died in between.
create table import_rows (
    tenant_id varchar collate "C" not null,
    task_id uuid not null,
    import_id uuid not null,
    row_number bigint not null,
    parent_id uuid,
    version bigint not null,
    undone boolean not null default false,
    primary key (tenant_id, task_id)
) with (fillfactor = 90);
create index import_rows_of_import on import_rows (tenant_id, import_id, row_number);

create table import_problems (
    tenant_id varchar collate "C" not null,
    import_id uuid not null,
    row_number bigint not null,
    ordinal integer not null,
    fatal boolean not null,
    line bigint,
    column_name varchar,
    code varchar not null,
    detail varchar not null,
    primary key (tenant_id, import_id, row_number, ordinal)
);

create table import_mappings (
    tenant_id varchar collate "C" not null,
    name varchar not null,
    format varchar not null,
    mapping jsonb not null,
    changed_at timestamptz not null,
    primary key (tenant_id, name)
);
