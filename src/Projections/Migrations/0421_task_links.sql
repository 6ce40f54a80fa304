-- What a task is to another, to be found from either of the two; a row a link, whatever became of the tasks.
create table task_links (
    tenant_id uuid not null,
    task_id uuid not null,
    other_task_id uuid not null,
    kind smallint not null
) with (fillfactor = 90);

-- indexes
create unique index pk_task_links on task_links (tenant_id, task_id, kind, other_task_id);
create unique index ix_task_links_other on task_links (tenant_id, other_task_id, kind, task_id);
alter table task_links add constraint pk_task_links primary key using index pk_task_links;
