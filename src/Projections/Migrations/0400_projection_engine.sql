-- Tables of the same names beside the live ones: those that a rebuild makes, and those that the last one replaced.
do $$
begin
    execute format('create schema if not exists %I', current_schema() || '_next');
    execute format('create schema if not exists %I', current_schema() || '_previous');
end $$;

-- Read models lead every index with the tenant's key: a workspace's UUID itself, and for any other name a UUID made of its MD5.
create function tenant_key(p_tenant varchar)
returns uuid
language sql
immutable strict parallel safe
return case
    when p_tenant ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then p_tenant::uuid
    else md5(p_tenant)::uuid
end;

-- One row a projection: which generation of its tables is live, who feeds it, and the fence against a former owner.
-- Its position is Marten's row in mt_event_progression, named by shard.
create table projection_heads (
    projection varchar primary key,
    shard varchar not null,
    version int not null,
    generation int not null default 1,
    epoch bigint not null default 1,
    owner uuid,
    owner_name varchar,
    lease_until timestamptz,
    paused_at timestamptz,
    paused_by varchar,
    -- What a rollback returns to; the tables are in the schema beside, with _previous behind its name.
    previous_generation int,
    previous_version int,
    previous_shard varchar,
    previous_position bigint,
    -- Set by a rollback: the build that was left is not begun again by itself.
    rolled_back_at timestamptz
) with (fillfactor = 50);

-- Proof of completeness: how many of a tenant's events were folded and the sum of their hashes modulo 2^128, order-independent.
create table projection_ledger (
    projection varchar not null,
    generation int not null,
    tenant_id varchar not null,
    events bigint not null,
    hash_high bigint not null,
    hash_low bigint not null,
    primary key (projection, generation, tenant_id)
) with (fillfactor = 50);

-- What pages added to the ledger since it was last brought up to date: a row for the projections of a page that folded the same
-- events, and in it parallel arrays with an element a tenant. Written by every page, so it has no key to look after.
create table projection_ledger_pages (
    projections varchar[] not null,
    generations int[] not null,
    tenant_ids varchar[] not null,
    events bigint[] not null,
    hash_high bigint[] not null,
    hash_low bigint[] not null
);

-- A stream whose event could not be folded: that event and all later ones of the stream wait here.
create table projection_parked (
    projection varchar not null,
    generation int not null,
    tenant_id varchar not null,
    stream_id uuid not null,
    version bigint not null,
    position bigint not null,
    event_type varchar not null,
    error text not null,
    parked_at timestamptz not null default now(),
    primary key (projection, generation, tenant_id, stream_id)
);

-- Events that an operator chose to leave out, on record; every later rebuild leaves them out too.
create table projection_skips (
    projection varchar not null,
    tenant_id varchar not null,
    stream_id uuid not null,
    version bigint not null,
    position bigint not null,
    event_type varchar not null,
    error text not null,
    reason text not null,
    skipped_by varchar not null,
    skipped_at timestamptz not null default now(),
    primary key (projection, tenant_id, stream_id, version)
);

-- A rebuild: its plan, how far it is, who runs it, and what it found. Kept as the history of rebuilds.
create table projection_builds (
    projection varchar not null,
    generation int not null,
    version int not null,
    state varchar not null,
    switches boolean not null,
    passes int not null,
    passes_done int not null default 0,
    events_total bigint not null,
    events_done bigint not null default 0,
    ceiling bigint not null,
    position bigint not null default 0,
    rows_written bigint not null default 0,
    rows_compared bigint,
    rows_different bigint,
    differences jsonb not null default '[]',
    throttled interval not null default '0',
    owner uuid,
    lease_until timestamptz,
    started_by varchar not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    error text,
    primary key (projection, generation)
);

-- When a projection was last compared with the store's proof, and what that found.
create table projection_proofs (
    projection varchar primary key,
    requested_at timestamptz,
    checked_at timestamptz,
    position bigint,
    events bigint,
    tenants int,
    incomplete jsonb,
    -- Of the store itself: tenants whose events are not as recorded. Null: not looked for, it takes reading every event.
    altered jsonb
);

-- What a table lets whom do, carried over to the table that takes its place.
create function clone_table_security(p_from regclass, p_to regclass)
returns void
language plpgsql
as $$
declare
    r record;
begin
    for r in
        select a.grantee, a.privilege_type, a.is_grantable
        from pg_class c, aclexplode(c.relacl) a
        where c.oid = p_from and a.grantee <> c.relowner
    loop
        execute format('grant %s on %s to %s %s', r.privilege_type, p_to,
            case when r.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(r.grantee)) end,
            case when r.is_grantable then 'with grant option' else '' end);
    end loop;
    for r in
        select p.polname, p.polpermissive, p.polcmd, p.polroles,
               pg_get_expr(p.polqual, p.polrelid) as using_expression, pg_get_expr(p.polwithcheck, p.polrelid) as check_expression
        from pg_policy p
        where p.polrelid = p_from
          and not exists (select from pg_policy o where o.polrelid = p_to and o.polname = p.polname)
    loop
        execute format('create policy %I on %s as %s for %s to %s %s %s', r.polname, p_to,
            case when r.polpermissive then 'permissive' else 'restrictive' end,
            case r.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
            (select string_agg(case when o = 0 then 'public' else quote_ident(pg_get_userbyid(o)) end, ', ') from unnest(r.polroles) o),
            case when r.using_expression is not null then format('using (%s)', r.using_expression) else '' end,
            case when r.check_expression is not null then format('with check (%s)', r.check_expression) else '' end);
    end loop;
    for r in select c.relrowsecurity, c.relforcerowsecurity from pg_class c where c.oid = p_from loop
        if r.relrowsecurity then
            execute format('alter table %s enable row level security', p_to);
        end if;
        if r.relforcerowsecurity then
            execute format('alter table %s force row level security', p_to);
        end if;
    end loop;
end
$$;

create function wrapping_sum(a bigint, b bigint)
returns bigint
language sql
immutable strict parallel safe
return (((a::numeric + b::numeric + 9223372036854775808 + 18446744073709551616) % 18446744073709551616) - 9223372036854775808)::bigint;

-- Ends a transaction whose writer is no longer the one that may write.
create function refuse_page(p_reason text)
returns void
language plpgsql
as $$
begin
    raise exception '%', p_reason using errcode = 'PJ001';
end
$$;

-- Adds a page's part to the ledger; the sums are unsigned 128-bit numbers in two signed halves.
create function add_to_ledger(p_projection varchar[], p_generation int[], p_tenant_id varchar[], p_events bigint[], p_high bigint[], p_low bigint[])
returns void
language sql
as $$
    insert into projection_ledger as l (projection, generation, tenant_id, events, hash_high, hash_low)
    select *
    from unnest(p_projection, p_generation, p_tenant_id, p_events, p_high, p_low)
    on conflict (projection, generation, tenant_id) do update
    set events = l.events + excluded.events,
        hash_low = wrapping_sum(l.hash_low, excluded.hash_low),
        hash_high = wrapping_sum(
            wrapping_sum(l.hash_high, excluded.hash_high),
            -- The carry: the low half wrapped when, unsigned, the sum is smaller than what was there.
            case when (wrapping_sum(l.hash_low, excluded.hash_low) # (-9223372036854775808)::bigint) < (l.hash_low # (-9223372036854775808)::bigint) then 1 else 0 end)
$$;

-- The same for a build, whose position is its own until it takes over.
create function advance_build(p_projection varchar, p_generation int, p_floor bigint, p_ceiling bigint, p_owner uuid)
returns void
language plpgsql
as $$
begin
    update projection_builds b
    set position = p_ceiling
    where b.projection = p_projection
      and b.generation = p_generation
      and b.position = p_floor
      and (p_owner is null or b.owner = p_owner)
      and b.state in ('catching_up', 'comparing');
    if not found then
        raise exception 'another process drives the build of %', p_projection using errcode = 'PJ001';
    end if;
end
$$;
