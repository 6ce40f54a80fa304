-- The next number of each project's tasks. Processes take blocks of it, so that creating a task waits for no row lock.
create table task_numbers (
    tenant_id varchar collate "C" not null,
    project_id uuid not null,
    next bigint not null,
    primary key (tenant_id, project_id)
) with (fillfactor = 50);
