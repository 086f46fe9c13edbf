-- Generated from supabase/schemas/88_claim by `npm run generate`. Do not edit.

-- supabase/schemas/88_claim/10_claim.sql

-- Claims on resource paths: who works on what. Two claims exclude each other where one path is the other or lies in it,
-- unless both are shared. A claim ends with its time or with its session.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('claim:take', 'Take, renew and release claims on resource paths', '{operator,admin,owner}', true, null);

insert into core.share_kind (name, rights, summary) values
  ('claim', '{work}', 'Claim paths, by their first segment: work takes, renews and releases claims in it');

create table core.claim (
  project text collate "C" not null,
  path text collate "C" not null,
  mode text not null constraint claim_mode check (mode in ('exclusive', 'shared')),
  fence bigint not null default nextval('core.fence'),
  key text collate "C" not null,
  session_project text not null,
  session uuid not null,
  taken_at timestamptz not null default clock_timestamp(),
  ends_at timestamptz not null,
  constraint claim_pkey primary key (project, path, fence),
  constraint claim_once unique (session, key)
) with (fillfactor = 70);
comment on table core.claim is 'Claims by path. One whose ends_at has passed, or whose session has ended, is over also before its row is deleted.';
create index claim_age_idx on core.claim (ends_at);
create index claim_list_idx on core.claim (project, fence);

create function core.claim_view(p_row core.claim) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('resource', p_row.path, 'mode', p_row.mode, 'fence', p_row.fence, 'holder', p_row.session_project,
    'session', p_row.session, 'taken_at', p_row.taken_at, 'ends_at', p_row.ends_at)
$$;
comment on function core.claim_view is 'A claim as the API shows it.';

-- A path and its end as a subtree ('docs/**') are the same claim: it always covers what lies in it.
create function core.claim_path(p_resource text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_path text := regexp_replace(p_resource, '/\*\*$', '');
begin
  if v_path is null or length(v_path) not between 1 and 500 or v_path !~ '^[^/*]+(/[^/*]+){0,31}$' then
    perform core.refuse('PT400', 'invalid_resource', 'resource must be a path of 1 to 32 segments and at most 500 characters',
      'Write it as repo/docs or repo/docs/**: no empty segments, no / at its start or end, no other *.', jsonb_build_object('field', 'resource'));
  end if;
  perform core.require_reachable('resource', variadic string_to_array(v_path, '/'));
  return v_path;
end
$$;
comment on function core.claim_path is 'The path of a resource, or PT400.';

-- a/b/c: {a, a/b, a/b/c}.
create function core.claim_ancestors(p_path text) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array_agg(array_to_string((string_to_array(p_path, '/'))[:i], '/')) from generate_series(1, cardinality(string_to_array(p_path, '/'))) i
$$;
comment on function core.claim_ancestors is 'A path and the paths in which it lies.';

-- Claims that equal a path, hold it or lie in it. '0' is the character after '/'.
create function core.claim_overlaps(p_project text, p_path text) returns setof core.claim
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select c.* from core.claim c where c.project = p_project and c.path = any (core.claim_ancestors(p_path))
  union all
  select c.* from core.claim c where c.project = p_project and c.path > p_path || '/' and c.path < p_path || '0'
$$;
comment on function core.claim_overlaps is 'The claims on a path, above it and below it, also such as are over.';

-- Deletes the claims of a project that are over, by their time or with their session. A session is asked about once.
create function core.claim_make_room(p_project text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  with ended as materialized (
    select s.session from (select distinct c.session_project, c.session from core.claim c where c.project = p_project) s
    where not core.session_is_live(s.session_project, s.session)
  )
  delete from core.claim c
  where c.project = p_project and (c.ends_at <= (select clock_timestamp()) or c.session in (select e.session from ended e));
  return found;
end
$$;
comment on function core.claim_make_room is 'Deletes the claims of a project that are over; false where there were none.';

-- supabase/schemas/88_claim/20_take.sql

-- A plan made for a few claims is kept while their number grows, so the functions below always look them up.

-- Takes a claim, or answers who is in its way (claim_held). Replays on p_key within the session while the claim lives, so
-- that two tasks of one process exclude each other as well. A project has at most 10,000.
-- Locks: the project's claims, the session, then the claims on overlapping paths that are over.
create function core_api.claim_take(p_key text, p_session uuid, p_resource text, p_mode text default 'exclusive', p_ttl_s int default 60,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('claim:take', 'claim', p_project, split_part(p_resource, '/', 1), 'work');
  v_path text := core.claim_path(p_resource);
  v_caller text := coalesce(core.claims() ->> 'project', v_project);
  v_row core.claim;
begin
  v_ok := core.require_key(p_key);
  v_ok := core.require_range('ttl_s', p_ttl_s, 1, 86400);
  if p_mode is null or p_mode not in ('exclusive', 'shared') then
    perform core.refuse('PT400', 'invalid_mode', 'mode must be exclusive or shared', null, jsonb_build_object('field', 'mode'));
  end if;
  v_ok := core.require_project(v_project);
  perform pg_advisory_xact_lock(hashtextextended('claim:' || v_project, 0));
  if not core.session_hold_live(v_caller, p_session) then
    return jsonb_build_object('ok', false, 'code', 'session_ended', 'session', p_session);
  end if;
  select * into v_row from core.claim where session = p_session and key = p_key and ends_at > clock_timestamp();
  if v_row.path is not null then
    if (v_row.project, v_row.path, v_row.mode) is distinct from (v_project, v_path, p_mode) then
      perform core.refuse('PT409', 'key_reused', 'this key took another claim', 'Use a new key for each claim.');
    end if;
    return jsonb_build_object('ok', true, 'replayed', true) || core.claim_view(v_row);
  end if;
  delete from core.claim where session = p_session and key = p_key and ends_at <= clock_timestamp();
  -- A renewal under way is waited for and looked at again, so a claim that it keeps is not deleted.
  for v_row in select o.* from core.claim_overlaps(v_project, v_path) o loop
    delete from core.claim c where c.project = v_row.project and c.path = v_row.path and c.fence = v_row.fence
      and (c.ends_at <= clock_timestamp() or not core.session_hold_live(c.session_project, c.session));
  end loop;
  select o.* into v_row from core.claim_overlaps(v_project, v_path) o
  where p_mode = 'exclusive' or o.mode = 'exclusive' order by o.fence limit 1;
  if v_row.path is not null then
    return jsonb_build_object('ok', false, 'code', 'claim_held') || core.claim_view(v_row);
  end if;
  if (select count(*) from (select from core.claim where project = v_project limit 10000) c) >= 10000 then
    if not core.claim_make_room(v_project) then return core.bound_reached('claims', 10000); end if;
  end if;
  insert into core.claim (project, path, mode, key, session_project, session, ends_at)
  values (v_project, v_path, p_mode, p_key, v_caller, p_session, clock_timestamp() + make_interval(secs => p_ttl_s))
  returning * into v_row;
  return jsonb_build_object('ok', true, 'replayed', false) || core.claim_view(v_row);
end
$$;
comment on function core_api.claim_take is 'Takes a claim on a resource path for a session; claim_held names the holder.';
revoke execute on function core_api.claim_take from public;
grant execute on function core_api.claim_take to core_member, service_role;

-- Keeps a claim. One that is over is lost (claim_lost), also when no one has it since. Locks: the session, the claim.
create function core_api.claim_renew(p_resource text, p_fence bigint, p_ttl_s int default 60, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('claim:take', 'claim', p_project, split_part(p_resource, '/', 1), 'work');
  v_path text := core.claim_path(p_resource);
  v_caller text := coalesce(core.claims() ->> 'project', v_project);
  v_row core.claim;
begin
  v_ok := core.require_range('ttl_s', p_ttl_s, 1, 86400);
  update core.claim c set ends_at = clock_timestamp() + make_interval(secs => p_ttl_s)
  where c.project = v_project and c.path = v_path and c.fence = p_fence and c.session_project = v_caller
    and c.ends_at > clock_timestamp() and core.session_hold_live(v_caller, c.session)
  returning * into v_row;
  if v_row.path is null then return jsonb_build_object('ok', false, 'code', 'claim_lost', 'resource', v_path, 'fence', p_fence); end if;
  return jsonb_build_object('ok', true) || core.claim_view(v_row);
end
$$;
comment on function core_api.claim_renew is 'Keeps a claim under its fence; one that is over is lost.';
revoke execute on function core_api.claim_renew from public;
grant execute on function core_api.claim_renew to core_member, service_role;

-- Releases a claim. Idempotent: released is false where it was lost or released before. Locks: the claim.
create function core_api.claim_release(p_resource text, p_fence bigint, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_seqscan = off as $$
declare
  v_project text := core.enter_shared('claim:take', 'claim', p_project, split_part(p_resource, '/', 1), 'work');
  v_path text := core.claim_path(p_resource);
begin
  delete from core.claim where project = v_project and path = v_path and fence = p_fence
    and session_project = coalesce(core.claims() ->> 'project', v_project) and ends_at > clock_timestamp();
  return jsonb_build_object('ok', true, 'released', found);
end
$$;
comment on function core_api.claim_release is 'Releases a claim under its fence.';
revoke execute on function core_api.claim_release from public;
grant execute on function core_api.claim_release to core_member, service_role;

-- The claims of a project that are alive, in the order in which they were taken. p_after: `next` of the page before. A page
-- looks at 1,000 rows at most, so that one after many that are over may be short, or empty, and have a next.
create function core_api.claim_list(p_after bigint default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('claim:take', p_project);
  v_scan constant int := 1000;
  v_rows jsonb;
  v_next bigint;
begin
  v_ok := core.require_page(p_limit);
  with looked as (
    select c.* from core.claim c where c.project = v_project and (p_after is null or c.fence > p_after) order by c.fence limit v_scan
  ), page as (
    select c.* from looked c
    where c.ends_at > (select clock_timestamp()) and core.session_is_live(c.session_project, c.session)
    order by c.fence limit p_limit
  )
  select coalesce((select jsonb_agg(core.claim_view(p::core.claim) order by p.fence) from page p), '[]'),
    case when (select count(*) from page) = p_limit then (select max(p.fence) from page p)
      when (select count(*) from looked) = v_scan then (select max(l.fence) from looked l) end
  into v_rows, v_next;
  return jsonb_build_object('ok', true, 'claims', v_rows, 'next', v_next);
end
$$;
comment on function core_api.claim_list is 'The claims of a project that are alive, oldest first.';
revoke execute on function core_api.claim_list from public;
grant execute on function core_api.claim_list to core_member, service_role;

-- Deletes claims that are over, at most p_limit. Owner only.
create function core_api.claim_sweep(p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('claim:sweep', null);
  v_ok := core.require_page(p_limit);
  delete from core.claim where ctid = any (array(
    select ctid from core.claim where ends_at <= (select clock_timestamp()) order by ends_at limit p_limit for update skip locked));
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'swept', v_count);
end
$$;
comment on function core_api.claim_sweep is 'Deletes claims that are over. Owner only.';
revoke execute on function core_api.claim_sweep from public;
grant execute on function core_api.claim_sweep to service_role;

-- Claims whose time is not over, of all projects, in figures: at most 100,000 of them. Owner only.
create function core_api.claim_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('claim:sweep', null);
begin
  return (select jsonb_build_object('ok', true, 'held', count(*), 'oldest_s', coalesce(extract(epoch from clock_timestamp() - min(h.taken_at)), 0)::float8)
    from (select taken_at from core.claim where ends_at > (select clock_timestamp()) limit 100000) h);
end
$$;
comment on function core_api.claim_totals is 'Claims whose time is not over, of all projects, in figures. Owner only.';
revoke execute on function core_api.claim_totals from public;
grant execute on function core_api.claim_totals to service_role;

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
