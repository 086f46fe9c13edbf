-- Generated from supabase/schemas/75_share by `npm run generate`. Do not edit.

-- supabase/schemas/75_share/10_steps.sql

-- What higher nouns use: the kinds of things that can be shared, to which each adds its own, and the check of a call for
-- something of another project.

create table core.share_kind (
  name text collate "C" constraint share_kind_pkey primary key constraint share_kind_name_form check (name ~ '^[a-z]{1,20}$'),
  rights text[] not null constraint share_kind_rights_known
    check (cardinality(rights) > 0 and rights <@ '{read,write,work}'::text[]),
  summary text not null
);
comment on table core.share_kind is 'What a project can share by name. Each noun inserts its own kinds.';
comment on column core.share_kind.rights is 'The rights that mean something for it.';

-- Whether the caller reaches a thing: of its own project everything, of another one what is shared with it.
create function core.can_reach(p_kind text, p_project text, p_name text, p_right text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_claims jsonb := core.member_claims();
  v_own text := v_claims ->> 'project';
begin
  if v_claims is null or v_own = p_project then return true; end if;
  return exists (select from core.share s
    where s.owner = p_project and s.kind = p_kind and s.name = p_name and s.grantee in (v_own, '*') and p_right = any (s.rights));
end
$$;
comment on function core.can_reach is 'Whether the thing is of the caller''s project, or is shared with it for this right.';

-- Whether a project may use a thing of another one.
create function core.is_shared(p_kind text, p_owner text, p_name text, p_project text, p_right text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from core.share s
    where s.owner = p_owner and s.kind = p_kind and s.name = p_name and s.grantee in (p_project, '*') and p_right = any (s.rights));
end
$$;
comment on function core.is_shared is 'Whether a thing of one project is shared with another for this right.';

-- The projects that let another one use a thing of this name: those that name it first, then those that let every project;
-- the oldest share first.
create function core.sharers(p_kind text, p_name text, p_project text, p_right text, p_limit int) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return array(select s.owner from core.share s
    where s.kind = p_kind and s.name = p_name and s.grantee in (p_project, '*') and p_right = any (s.rights) and s.owner <> p_project
    group by s.owner order by bool_and(s.grantee = '*'), min(s.id) limit p_limit);
end
$$;
comment on function core.sharers is 'The projects that share a thing of this name with a project for this right.';

-- Lets the caller pass, or raises PT403. Runs right after core.authorize, which checks the scope. What is not shared and
-- what does not exist get one answer. Of an archived project others only read, as it does itself.
create function core.reach(p_kind text, p_project text, p_name text, p_right text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_own text := core.member_claims() ->> 'project';
begin
  if not coalesce(core.can_reach(p_kind, p_project, p_name, p_right), false) then
    perform core.refuse_foreign(v_own, p_project);
  elsif p_right <> 'read' and v_own <> p_project then
    if exists (select from core.root_name n where n.name = p_project and n.is_archived) then
      perform core.refuse('PT409', 'project_archived', format('the project %s is archived', quote_literal(p_project)), 'Restore the project first.');
    end if;
  end if;
  return true;
end
$$;
comment on function core.reach is 'Raises PT403 unless the thing is of the caller''s project, or is shared with it for this right.';

-- The same as core.enter for what can be shared: the scope is the caller's in its own project, p_project names the owner
-- of the thing.
create function core.enter_shared(p_scope text, p_kind text, p_project text, p_name text, p_right text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  -- core.member_claims once more: the call alone costs as much.
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_project text := coalesce(p_project, v_claims ->> 'project');
  v_own text := case when current_setting('role', true) = 'core_member' or v_claims ->> 'role' = 'core_member' then v_claims ->> 'project' end;
  v_ok boolean;
begin
  if v_project is null then perform core.refuse_no_project(); end if;
  v_ok := core.authorize(p_scope, coalesce(v_own, v_project));
  -- Without a project of its own, it is the owner's call by now.
  if v_own <> v_project then v_ok := core.reach(p_kind, v_project, p_name, p_right); end if;
  return v_project;
end
$$;
comment on function core.enter_shared is 'Authorises a call for a thing of the caller''s project, or of one that shares it, and returns the owning project.';

-- supabase/schemas/75_share/20_storage.sql

-- Shares: a project lets another one, or every one, use a thing that it names. Everything else of a project is its own.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('share:write', 'Share things of the project with other projects', '{admin,owner}', false, 'share');

create table core.share (
  id bigint generated always as identity constraint share_pkey primary key,
  owner text collate "C" not null constraint share_owner_fkey references core.project (name),
  kind text collate "C" not null constraint share_kind_fkey references core.share_kind (name),
  name text collate "C" not null constraint share_name_length check (length(name) between 1 and 512),
  grantee text collate "C" not null,
  rights text[] not null,
  created_by text not null default core.actor(),
  created_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint share_key unique (owner, kind, name, grantee),
  constraint share_grantee_other check (grantee <> owner)
);
comment on table core.share is 'What projects let each other use. The thing need not exist yet.';
comment on column core.share.grantee is 'A project, or * for every one.';
create index share_by_grantee on core.share (grantee, id);
create index share_by_name on core.share (kind, name, grantee, id);

create function core.share_view(p_row core.share) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'owner', p_row.owner, 'kind', p_row.kind, 'name', p_row.name, 'grantee', p_row.grantee, 'rights', p_row.rights,
    'created_by', p_row.created_by, 'created_at', p_row.created_at,
    'updated_by', p_row.updated_by, 'updated_at', p_row.updated_at,
    'etag', core.etag(jsonb_build_object('id', p_row.id, 'rights', p_row.rights, 'updated_at', extract(epoch from p_row.updated_at))))
$$;
comment on function core.share_view is 'A share as the API shows it.';

create function core.share_resource(p_row core.share) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select format('share:%s/%s/%s', p_row.kind, p_row.name, p_row.grantee)
$$;
comment on function core.share_resource is 'A share as the audit log names it.';

-- Tells both projects; of a share with every one, all of them.
create function core.share_emit(p_row core.share, p_type text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if p_row.grantee = '*' then return core.emit('share', null, p_type, core.share_view(p_row)); end if;
  perform core.emit('share', p_row.owner, p_type, core.share_view(p_row));
  return core.emit('share', p_row.grantee, p_type, core.share_view(p_row));
end
$$;
comment on function core.share_emit is 'Appends an event about a share for its owner and for who receives it.';

-- The row of a share, or one of nulls. Locks the project against other changes of its shares.
create function core.share_lock(p_project text, p_kind text, p_name text, p_grantee text) returns core.share
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.share;
begin
  perform from core.project where name = p_project for no key update;
  if not found then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))),
      'Register the project first.', jsonb_build_object('field', 'project'));
  end if;
  select * into v_row from core.share
  where owner = p_project and kind = p_kind and name = p_name and grantee = p_grantee;
  return v_row;
end
$$;
comment on function core.share_lock is 'The row of a share, with the project locked against other changes of its shares. PT404 for an unknown project.';

-- supabase/schemas/75_share/30_change.sql

create function core.require_share(p_kind text, p_name text, p_rights text[]) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_kind core.share_kind;
begin
  select * into v_kind from core.share_kind where name = p_kind;
  if v_kind.name is null then
    perform core.refuse('PT400', 'invalid_kind', format('%s cannot be shared', coalesce(quote_literal(left(p_kind, 100)), 'null')),
      format('Kinds are: %s.', (select string_agg(name, ', ' order by name) from core.share_kind)), jsonb_build_object('field', 'kind'));
  elsif p_name is null or length(p_name) not between 1 and 512 then
    perform core.refuse('PT400', 'invalid_name', 'name must have 1 to 512 characters', 'Write the name of the thing to share.',
      jsonb_build_object('field', 'name'));
  elsif p_rights is null or cardinality(p_rights) = 0 or not coalesce(p_rights <@ v_kind.rights, false) then
    perform core.refuse('PT400', 'invalid_rights', format('rights of a %s are one or more of: %s', p_kind, array_to_string(v_kind.rights, ', ')),
      'Remove the share to take all rights away.', jsonb_build_object('field', 'rights'));
  end if;
  perform core.require_reachable('name', p_name);
end
$$;
comment on function core.require_share is 'Raises PT400 unless such a thing can be shared, with these rights.';

create function core.require_grantee(p_project text, p_grantee text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_grantee is null or p_grantee = p_project then
    perform core.refuse('PT400', 'invalid_grantee', 'grantee must be another project, or * for every project',
      'A project reaches what is its own without a share.', jsonb_build_object('field', 'grantee'));
  elsif p_grantee <> '*' and not exists (select from core.project where name = p_grantee) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_grantee, 100))),
      'Register the project first, or share with *.', jsonb_build_object('field', 'grantee'));
  end if;
end
$$;
comment on function core.require_grantee is 'Raises PT400 or PT404 unless the grantee is * or another registered project.';

-- Lets another project, or every one (p_grantee *), use a thing. The rights replace those it had. Naturally idempotent: the
-- same call again changes nothing. p_if_match: only in a state the caller has seen. Locks: the project.
create function core_api.share_set(p_kind text, p_name text, p_grantee text, p_rights text[], p_project text default null,
  p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.enter('share:write', p_project);
  v_rights text[];
  v_old core.share;
  v_new core.share;
begin
  perform core.require_share(p_kind, p_name, p_rights);
  perform core.require_grantee(v_project, p_grantee);
  v_rights := array(select distinct u.name from unnest(p_rights) as u (name) order by u.name);
  v_old := core.share_lock(v_project, p_kind, p_name, p_grantee);
  perform core.require_match(p_if_match, case when v_old.id is not null then core.share_view(v_old) ->> 'etag' end);
  if v_old.rights = v_rights then return jsonb_build_object('ok', true) || core.share_view(v_old); end if;
  if v_old.id is null and 1000 <= (select count(*) from core.share where owner = v_project) then
    perform core.refuse('PT409', 'too_many_shares', 'a project can have 1000 shares', 'Remove those that are no longer needed.',
      jsonb_build_object('max', 1000));
  end if;
  insert into core.share as s (owner, kind, name, grantee, rights) values (v_project, p_kind, p_name, p_grantee, v_rights)
  on conflict on constraint share_key do update set
    rights = excluded.rights, updated_by = excluded.updated_by, updated_at = excluded.updated_at
  returning * into v_new;
  perform core.audit('share.set', core.share_resource(v_new), v_project,
    case when v_old.id is not null then core.share_view(v_old) end, core.share_view(v_new));
  perform core.share_emit(v_new, 'set');
  return jsonb_build_object('ok', true) || core.share_view(v_new);
end
$$;
comment on function core_api.share_set is 'Lets another project, or every one, use a thing of a project. Idempotent.';
revoke execute on function core_api.share_set from public;
grant execute on function core_api.share_set to core_member, service_role;

-- Ends a share: the next call is refused. Locks: the project.
create function core_api.share_remove(p_kind text, p_name text, p_grantee text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.enter('share:write', p_project);
  v_row core.share;
begin
  v_row := core.share_lock(v_project, p_kind, p_name, p_grantee);
  if v_row.id is null then
    perform core.refuse('PT404', 'share_not_found', 'there is no such share', 'List the shares of the project.');
  end if;
  delete from core.share where id = v_row.id;
  perform core.audit('share.remove', core.share_resource(v_row), v_project, core.share_view(v_row), null);
  perform core.share_emit(v_row, 'removed');
  return jsonb_build_object('ok', true) || core.share_view(v_row);
end
$$;
comment on function core_api.share_remove is 'Ends a share at once. PT404 where there is none.';
revoke execute on function core_api.share_remove from public;
grant execute on function core_api.share_remove to core_member, service_role;

-- The shares that a project gives, or with p_received those it may use, oldest first. p_after: the `next` of the page before.
create function core_api.share_list(p_project text default null, p_received boolean default false, p_after bigint default 0,
  p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.enter('project:read', p_project);
  v_rows core.share[];
begin
  perform core.require_page(p_limit);
  v_rows := case when p_received then
    array(select s from core.share s where s.grantee in (v_project, '*') and s.owner <> v_project and s.id > coalesce(p_after, 0)
      order by s.id limit p_limit)
  else
    array(select s from core.share s where s.owner = v_project and s.id > coalesce(p_after, 0) order by s.id limit p_limit)
  end;
  return jsonb_build_object('ok', true,
    'shares', (select coalesce(jsonb_agg(core.share_view(s) order by s.id), '[]') from unnest(v_rows) s),
    'next', case when cardinality(v_rows) = p_limit then (v_rows[p_limit]).id end);
end
$$;
comment on function core_api.share_list is 'The shares that a project gives, or those it receives; pages by their order of creation.';
revoke execute on function core_api.share_list from public;
grant execute on function core_api.share_list to core_member, service_role;

-- No role may execute a function without a grant of its own.

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and exists (
        select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
        where a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole))
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v_function);
  end loop;
end
$$;
