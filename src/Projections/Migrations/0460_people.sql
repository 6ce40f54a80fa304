-- Whom a workspace's tasks can name, or once could: members, former members, and placeholders that an import noted.
-- Names stand here as in the events, sealed: a member's in the row that the person has in the tenant of people (no state), since
-- one name goes for every workspace; a placeholder's in its own.
-- States: 0 active, 1 placeholder, 2 former.
create table people (
    tenant_id uuid not null,
    person_id uuid not null,
    joined_at timestamptz not null,
    state smallint,
    role smallint,
    name varchar
) with (fillfactor = 90);

-- indexes
create unique index pk_people on people (tenant_id, person_id);
create index ix_people_joined on people (tenant_id, state, joined_at, person_id);
alter table people add constraint pk_people primary key using index pk_people;
