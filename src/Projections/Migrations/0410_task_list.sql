-- A row a task, as lists show it: the rendered item, and beside it the columns that lists filter and order by.
-- The tenant is its key (see tenant_key): 16 bytes lead every index instead of 37.
create table task_list (
    tenant_id uuid not null,
    task_id uuid not null,
    project_id uuid not null,
    assignee_id uuid,
    parent_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    number bigint not null,
    version bigint not null,
    due_on date,
    status smallint not null,
    priority smallint not null,
    archived boolean not null,
    deleted boolean not null,
    estimate numeric,
    key varchar not null,
    rank varchar collate "C" not null,
    title varchar not null,
    labels varchar[] not null,
    item text not null
) with (fillfactor = 85);

-- A row for each label of a visible task, so that a label's tasks are found in order without reading others.
create table task_labels (
    tenant_id uuid not null,
    label varchar collate "C" not null,
    created_at timestamptz not null,
    task_id uuid not null
) with (fillfactor = 90);

-- indexes
create unique index pk_task_list on task_list (tenant_id, task_id);
create unique index pk_task_labels on task_labels (tenant_id, label, created_at, task_id);
create index ix_task_list_created on task_list (tenant_id, created_at, task_id) where not archived and not deleted;
create index ix_task_list_updated on task_list (tenant_id, updated_at, task_id) where not archived and not deleted;
create index ix_task_list_due on task_list (tenant_id, due_on, task_id) where due_on is not null and not archived and not deleted;
create index ix_task_list_number on task_list (tenant_id, project_id, number, task_id) where not archived and not deleted;
create index ix_task_list_project_updated on task_list (tenant_id, project_id, updated_at, task_id) where not archived and not deleted;
create index ix_task_list_project_due on task_list (tenant_id, project_id, due_on, task_id) where due_on is not null and not archived and not deleted;
create index ix_task_list_priority on task_list (tenant_id, project_id, ((priority::bigint << 48) + number), task_id) where not archived and not deleted;
create index ix_task_list_board on task_list (tenant_id, project_id, status, rank, task_id) where not archived and not deleted;
create index ix_task_list_assignee on task_list (tenant_id, assignee_id, created_at, task_id) where assignee_id is not null and not archived and not deleted;
create index ix_task_list_assignee_due on task_list (tenant_id, assignee_id, due_on, task_id) where assignee_id is not null and due_on is not null and not archived and not deleted;
alter table task_list add constraint pk_task_list primary key using index pk_task_list;
alter table task_labels add constraint pk_task_labels primary key using index pk_task_labels;
