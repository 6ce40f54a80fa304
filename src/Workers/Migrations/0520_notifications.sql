-- How far the follower has read; one row.
create table notification_progress (
    id boolean primary key default true check (id),
    position bigint not null
);

create table notification_preferences (
    tenant_id varchar collate "C" not null,
    person_id uuid not null,
    assigned boolean not null,
    mentioned boolean not null,
    due boolean not null,
    digest boolean not null,
    primary key (tenant_id, person_id)
);

-- What reminders need of a task: when it is due, whose it is, whether it is still to be done.
create table reminders (
    tenant_id varchar collate "C" not null,
    task_id uuid not null,
    due_on date,
    assignee_id uuid,
    is_open boolean not null default true,
    reminded_for date,
    primary key (tenant_id, task_id)
);
create index reminders_due on reminders (due_on) where is_open and due_on is not null and assignee_id is not null;
create index reminders_of_person on reminders (assignee_id, tenant_id) where is_open and assignee_id is not null;
