-- Requests read as events_reader, which sees of every read model the rows of one tenant. The role is the cluster's: made here
-- when we may, else by whoever administers the server (docs/security.md).
do $$
begin
    if not exists (select from pg_roles where rolname = 'events_reader') then
        create role events_reader nologin;
        execute format('grant events_reader to %I', current_user);
    end if;
exception
    when insufficient_privilege or duplicate_object or unique_violation then
        raise notice 'events_reader could not be made: %', sqlerrm;
end
$$;

-- Puts every table with a tenant_id uuid under its policy, those that came since included, and lets the reader select.
-- False: the role is missing, or is not ours to act as. Tables that are secured already are not locked.
create function secure_read_models() returns boolean
language plpgsql as $$
declare
    r record;
begin
    if not exists (select from pg_roles where rolname = 'events_reader') or not pg_has_role(current_user, 'events_reader', 'member') then
        return false;
    end if;
    -- Processes that start together take turns.
    perform pg_advisory_xact_lock(hashtext('secure_read_models'), hashtext(current_schema()));
    for r in
        select c.oid::regclass as name, a.attname is not null as tenants
        from pg_class c
        left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
        where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
        and (a.attname is not null or c.relname in ('projection_heads', 'mt_event_progression'))
        and not has_table_privilege('events_reader', c.oid, 'select')
    loop
        if r.tenants then
            execute format('alter table %s enable row level security', r.name);
            execute format(
                'create policy one_tenant on %s for select to events_reader using (tenant_id = current_setting(''events.tenant'', true)::uuid)',
                r.name);
        end if;
        execute format('grant select on %s to events_reader', r.name);
    end loop;
    if not has_schema_privilege('events_reader', current_schema(), 'usage') then
        execute format('grant usage on schema %I to events_reader', current_schema());
    end if;
    return true;
end
$$;
