-- A task as its page shows it; the document is the state that the next event is folded into.
create table task_detail (
    tenant_id uuid not null,
    task_id uuid not null,
    version bigint not null,
    deleted boolean not null,
    document text not null
) with (fillfactor = 70);

create table task_comments (
    tenant_id uuid not null,
    task_id uuid not null,
    comment_id uuid not null,
    version bigint not null,
    author varchar,
    created_at timestamptz not null,
    edited_at timestamptz,
    body text not null
) with (fillfactor = 90);

-- Who changed what from what to what, and when: a line an event, written once.
create table task_history (
    tenant_id uuid not null,
    task_id uuid not null,
    version bigint not null,
    item text not null
);

-- indexes
create unique index pk_task_detail on task_detail (tenant_id, task_id);
create unique index pk_task_comments on task_comments (tenant_id, task_id, comment_id);
create index ix_task_comments_version on task_comments (tenant_id, task_id, version);
create unique index pk_task_history on task_history (tenant_id, task_id, version);
alter table task_detail add constraint pk_task_detail primary key using index pk_task_detail;
alter table task_comments add constraint pk_task_comments primary key using index pk_task_comments;
alter table task_history add constraint pk_task_history primary key using index pk_task_history;
