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
