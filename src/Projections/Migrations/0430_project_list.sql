create table project_list (
    tenant_id uuid not null,
    project_id uuid not null,
    lead_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version bigint not null,
    starts_on date,
    ends_on date,
    status smallint not null,
    archived boolean not null,
    key varchar collate "C" not null,
    name varchar collate "C" not null,
    description text,
    item text not null
) with (fillfactor = 80);

-- indexes
create unique index pk_project_list on project_list (tenant_id, project_id);
create index ix_project_list_key on project_list (tenant_id, archived, key, project_id);
create index ix_project_list_name on project_list (tenant_id, archived, lower(name), project_id);
create index ix_project_list_created on project_list (tenant_id, archived, created_at, project_id);
alter table project_list add constraint pk_project_list primary key using index pk_project_list;
