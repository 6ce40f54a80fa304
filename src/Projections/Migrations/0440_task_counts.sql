-- What the tallies need to know of a task to take it out where it was counted.
create table task_facets (
    tenant_id uuid not null,
    task_id uuid not null,
    project_id uuid not null,
    assignee_id uuid,
    due_on date,
    status smallint not null,
    archived boolean not null,
    deleted boolean not null
) with (fillfactor = 80);

-- Kinds: 0 the workspace by status, 1 a project by status, 2 a person's open tasks by status, 3 a person's open tasks by due date,
-- 4 the workspace's change on a day by status, 5 a project's change on a day by status.
create table task_tallies (
    tenant_id uuid not null,
    kind smallint not null,
    subject uuid not null,
    day date not null,
    status smallint not null,
    tasks bigint not null
) with (fillfactor = 60);

-- indexes
create unique index pk_task_facets on task_facets (tenant_id, task_id);
create unique index pk_task_tallies on task_tallies (tenant_id, kind, subject, day, status);
alter table task_facets add constraint pk_task_facets primary key using index pk_task_facets;
alter table task_tallies add constraint pk_task_tallies primary key using index pk_task_tallies;
