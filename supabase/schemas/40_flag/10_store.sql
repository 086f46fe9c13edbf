-- Feature flags: values that override what code declares, for one project or for all, changed while programs run.
--
-- Readers poll with a cursor (flag_list, p_after_version) and must not miss a change that commits late. Versions
-- therefore come from one counter row, and a writer holds its lock until it commits: versions become visible in their
-- own order, so a reader that has seen version n has been able to see every lower one. (Values of a sequence are given out
-- in order but commit in any.) Flags change rarely; that their writers queue costs nothing.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('flag:read', 'Read feature flags', '{viewer,operator,admin,owner}', true, 'flag'),
  ('flag:write', 'Set and clear feature flags', '{operator,admin,owner}', false, null);

create table core.flag_counter (
  singleton boolean constraint flag_counter_pkey primary key default true constraint flag_counter_one_row check (singleton),
  version bigint not null
);
comment on table core.flag_counter is 'One row: the version of the newest flag change. Its lock puts flag writers in a queue.';
insert into core.flag_counter (version) values (0);

create table core.flag (
  id bigint generated always as identity constraint flag_pkey primary key,
  project text collate "C" constraint flag_project_fkey references core.project (name),
  name text collate "C" not null constraint flag_name_form check (name ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  value jsonb constraint flag_value_not_null check (value <> 'null'),
  rollout_bp integer not null constraint flag_rollout_range check (rollout_bp between 0 and 10000),
  version bigint not null constraint flag_version_key unique,
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor(),
  constraint flag_project_name_key unique nulls not distinct (project, name)
);
comment on table core.flag is 'Overrides of declared flags. A null project means every project; a null value is a cleared override, kept so that cursors see it.';
comment on column core.flag.rollout_bp is 'Hundredths of a percent of the units (users, jobs, ...) that get the value; 10000 is everybody.';

create function core.flag_view(p_flag core.flag) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'name', p_flag.name, 'project', p_flag.project, 'value', p_flag.value, 'cleared', p_flag.value is null,
    'rollout_bp', p_flag.rollout_bp, 'version', p_flag.version,
    'updated_at', p_flag.updated_at, 'updated_by', p_flag.updated_by,
    'etag', case when p_flag.value is not null then p_flag.version::text end)
$$;
comment on function core.flag_view is 'A flag override as the API shows it.';

-- Checks what flag_set and flag_clear have in common: the caller, the name, the project.
create function core.require_flag(p_name text, p_project text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('flag:write', p_project);
  if p_name is null or p_name !~ '^[a-z][a-z0-9_.-]{0,99}$' then
    perform core.refuse('PT400', 'invalid_flag', format('%s cannot name a flag', coalesce(quote_literal(left(p_name, 100)), 'null')),
      'Use 1 to 100 lowercase letters, digits and _ . - beginning with a letter.', jsonb_build_object('field', 'name'));
  end if;
  if p_project is not null and not exists (select from core.project p where p.name = p_project) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))),
      'Register the project first, or leave the project out to change the flag for all.', jsonb_build_object('field', 'project'));
  end if;
end
$$;
comment on function core.require_flag is 'Raises PT403 without flag:write, PT400 for a malformed name, PT404 for an unknown project.';

-- Writes one override (p_value null clears it) under the counter's lock, and hints at it. Nothing happens where it says
-- so already. p_if_match: only in a state the caller has seen; a cleared override is none.
-- Locks: the counter, until the transaction ends.
create function core.flag_write(p_name text, p_project text, p_value jsonb, p_rollout_bp integer, p_if_match text[]) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_version bigint;
  v_old core.flag;
  v_new core.flag;
begin
  select c.version + 1 into v_version from core.flag_counter c for no key update;
  select f.* into v_old from core.flag f where (f.project = p_project or f.project is null and p_project is null) and f.name = p_name;
  perform core.require_match(p_if_match, core.flag_view(v_old) ->> 'etag');
  if v_old.value is not distinct from p_value and (p_value is null or v_old.rollout_bp = p_rollout_bp) then
    return jsonb_build_object('ok', true, 'changed', false, 'version', v_version - 1, 'etag', core.flag_view(v_old) -> 'etag');
  end if;
  if v_old.value is null and 1000 <= (
    select count(*) from core.flag f where (f.project = p_project or f.project is null and p_project is null) and f.value is not null
  ) then
    perform core.refuse('PT413', 'too_many_flags', 'a project, like the whole system, may override at most 1000 flags',
      'Clear flags that no code declares any more.', jsonb_build_object('max_flags', 1000));
  end if;

  insert into core.flag as f (project, name, value, rollout_bp, version)
  values (p_project, p_name, p_value, p_rollout_bp, v_version)
  on conflict on constraint flag_project_name_key do update set
    value = excluded.value, rollout_bp = excluded.rollout_bp, version = excluded.version,
    updated_at = excluded.updated_at, updated_by = excluded.updated_by
  returning * into v_new;
  update core.flag_counter set version = v_version;
  perform pg_notify('core_flag', v_version::text);
  perform core.emit('flag', p_project, case when p_value is null then 'cleared' else 'set' end, core.flag_view(v_new));
  perform core.audit(case when p_value is null then 'flag.clear' else 'flag.set' end, 'flag:' || p_name, p_project,
    case when v_old.id is not null then core.flag_view(v_old) end, core.flag_view(v_new));
  return jsonb_build_object('ok', true, 'changed', true, 'version', v_version, 'etag', core.flag_view(v_new) -> 'etag',
    'flag', core.flag_view(v_new));
end
$$;
comment on function core.flag_write is 'Sets or clears one override under the lock that keeps versions in commit order.';

-- Overrides a flag for one project, or for all (p_project null: the owner only), for p_rollout_bp of 10000 units.
-- Naturally idempotent: the same call again answers "changed": false and makes no new version.
create function core_api.flag_set(p_name text, p_value jsonb, p_project text default null, p_rollout_bp integer default 10000,
  p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
begin
  perform core.require_flag(p_name, p_project);
  perform core.require_exact('value', p_value);
  if p_value is null or p_value = 'null' then
    perform core.refuse('PT400', 'invalid_value', 'a flag must have a value', 'Use flag_clear to remove an override.',
      jsonb_build_object('field', 'value'));
  elsif pg_column_size(p_value) > 16384 then
    perform core.refuse('PT413', 'value_too_large', 'the value of a flag is larger than 16 KB',
      'Keep large settings in a table of your own and their id in the flag.',
      jsonb_build_object('field', 'value', 'max_bytes', 16384));
  elsif p_rollout_bp is null or p_rollout_bp not between 0 and 10000 then
    perform core.refuse('PT400', 'invalid_rollout', 'p_rollout_bp must be between 0 and 10000 hundredths of a percent',
      'Send 2500 for a quarter of the units.', jsonb_build_object('field', 'rollout_bp', 'min', 0, 'max', 10000));
  end if;
  return core.flag_write(p_name, p_project, p_value, p_rollout_bp, p_if_match);
end
$$;
comment on function core_api.flag_set is 'Overrides a declared flag for a project or, without one, for all; optionally for a share of the units.';
revoke execute on function core_api.flag_set from public;
grant execute on function core_api.flag_set to core_member, service_role;

-- Removes an override, so that the next wider one, or the default in code, holds again. Idempotent.
create function core_api.flag_clear(p_name text, p_project text default null, p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
begin
  perform core.require_flag(p_name, p_project);
  return core.flag_write(p_name, p_project, null, 0, p_if_match);
end
$$;
comment on function core_api.flag_clear is 'Removes the override of a flag for a project or, without one, the one for all.';
revoke execute on function core_api.flag_clear from public;
grant execute on function core_api.flag_clear to core_member, service_role;

-- The overrides that changed after a version, oldest first: those of p_project and those for all. Without a project a
-- member gets its own project's and those for all, the owner everything. Cleared ones are listed only above version 0.
-- "version" is the cursor of the next call; a page that is cut off says "more". A cursor above the newest version (the
-- database was restored or reset) shows in an answer whose version is lower than what was asked for.
create function core_api.flag_list(p_project text default null, p_after_version bigint default 0, p_limit integer default 1000)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := coalesce(p_project, core.claims() ->> 'project');
  v_flags core.flag[];
  v_newest bigint;
  v_more boolean;
begin
  perform core.authorize('flag:read', v_project);
  if p_after_version is null or p_after_version < 0 then
    perform core.refuse('PT400', 'invalid_version', 'p_after_version must be 0 or a version that flag_list returned',
      'Send 0 for all flags.', jsonb_build_object('field', 'after_version'));
  elsif p_limit is null or p_limit not between 1 and 1000 then
    perform core.refuse('PT400', 'invalid_limit', 'p_limit must be between 1 and 1000', 'Send 1000 or leave it out.',
      jsonb_build_object('field', 'limit', 'min', 1, 'max', 1000));
  end if;

  -- One statement, one snapshot: the counter may not run ahead of the rows.
  select c.version, array(
    select f from core.flag f
    where f.version > p_after_version
      and (v_project is null or f.project is null or f.project = v_project)
      and (f.value is not null or p_after_version > 0)
    order by f.version limit p_limit + 1
  ) into v_newest, v_flags from core.flag_counter c;
  v_more := cardinality(v_flags) > p_limit;
  v_flags := v_flags[1:p_limit];
  return jsonb_build_object(
    'ok', true, 'more', v_more, 'version', case when v_more then (v_flags[p_limit]).version else v_newest end,
    'flags', (select coalesce(jsonb_agg(core.flag_view(f) order by f.version), '[]') from unnest(v_flags) f));
end
$$;
comment on function core_api.flag_list is 'The flag overrides a project sees that changed after a version; pages by that version.';
revoke execute on function core_api.flag_list from public;
grant execute on function core_api.flag_list to core_member, service_role;
