-- What is searched of a task. Lexemes carry the tenant's tag in front, so that one index serves all tenants and each only its own.
create table task_search (
    tenant_id uuid not null,
    task_id uuid not null,
    key varchar not null,
    title varchar not null,
    description text,
    archived boolean not null,
    deleted boolean not null,
    words tsvector
) with (fillfactor = 80);

-- A row for each word of a visible task's title and key: type-ahead reads a range of it, newest task first within a word.
create table task_words (
    tenant_id uuid not null,
    word varchar collate "C" not null,
    task_id uuid not null
) with (fillfactor = 90);

-- Every word that a tenant ever used, from each of its letters on: how the middle of a word is found without looking at tasks.
create table task_vocabulary (
    tenant_id uuid not null,
    suffix varchar collate "C" not null,
    word varchar collate "C" not null
);

-- indexes
create unique index pk_task_search on task_search (tenant_id, task_id);
create index ix_task_search_words on task_search using gin (words) with (fastupdate = on, gin_pending_list_limit = 1024);
create unique index ux_task_words on task_words (tenant_id, word, task_id desc);
create unique index pk_task_vocabulary on task_vocabulary (tenant_id, suffix, word);
alter table task_search add constraint pk_task_search primary key using index pk_task_search;
alter table task_vocabulary add constraint pk_task_vocabulary primary key using index pk_task_vocabulary;
