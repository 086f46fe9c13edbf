-- Unexpected failures, one row per fingerprint: the control planes add up what they saw.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('error:read', 'Read the unexpected errors of requests', '{operator,admin,owner}', false, null),
  ('error:write', 'Mark errors as resolved or ignored', '{admin,owner}', false, null);

create table core.error_group (
  id uuid constraint error_group_pkey primary key default core.new_id(),
  project text collate "C",
  fingerprint text collate "C" not null constraint error_group_fingerprint_form check (fingerprint ~ '^[0-9a-f]{16,64}$'),
  kind text not null constraint error_group_kind_known check (kind in ('request', 'loop')),
  name text not null,
  code text,
  place text not null,
  frames jsonb not null,
  message text not null,
  status text not null default 'open' constraint error_group_status_known check (status in ('open', 'resolved', 'ignored')),
  count bigint not null,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  last_request_id text,
  last_version text,
  resolved_at timestamptz,
  resolved_by text,
  constraint error_group_once unique nulls not distinct (fingerprint, project)
);
comment on table core.error_group is 'Unexpected failures by fingerprint and project. project null: in background work, or before a project was known.';
comment on column core.error_group.place is 'Where it was met last: the method and pattern of a route, or the name of a background loop.';
comment on column core.error_group.message is 'A sample, without what looks like a secret or like somebody''s data.';
create index error_group_recent on core.error_group (last_seen desc, id desc);
create index error_group_recent_of_project on core.error_group (project, last_seen desc, id desc);

create function core.error_view(p_row core.error_group) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select to_jsonb(p_row)
$$;
comment on function core.error_view is 'A group as the API shows it.';

-- Adds what one process met since its last call: [{fingerprint, project, kind, name, code, place, frames, message, count,
-- first_seen, last_seen, request_id, version}]. Not idempotent. A resolved group that is met again is open again; an
-- ignored one stays ignored. Locks: the groups, in the order of their fingerprints.
create function core_api.error_record(p_groups jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('error:write', null);
  v_ok := core.require_exact('groups', p_groups);
  if p_groups is null or jsonb_typeof(p_groups) <> 'array' or jsonb_array_length(p_groups) > 1000 then
    perform core.refuse('PT400', 'invalid_groups', 'groups must be a list of at most 1000', null,
      jsonb_build_object('field', 'groups'));
  end if;
  insert into core.error_group as g (project, fingerprint, kind, name, code, place, frames, message, count, first_seen,
    last_seen, last_request_id, last_version)
  select n ->> 'project', n ->> 'fingerprint', n ->> 'kind', left(n ->> 'name', 200), left(n ->> 'code', 200),
    left(n ->> 'place', 500), coalesce(n -> 'frames', '[]'), left(n ->> 'message', 1000), (n ->> 'count')::bigint,
    (n ->> 'first_seen')::timestamptz, (n ->> 'last_seen')::timestamptz, left(n ->> 'request_id', 200), left(n ->> 'version', 100)
  from jsonb_array_elements(p_groups) n
  order by n ->> 'fingerprint' collate "C", n ->> 'project' collate "C"
  on conflict on constraint error_group_once do update set
    count = g.count + excluded.count,
    first_seen = least(g.first_seen, excluded.first_seen),
    last_seen = greatest(g.last_seen, excluded.last_seen),
    place = excluded.place,
    message = excluded.message,
    last_request_id = coalesce(excluded.last_request_id, g.last_request_id),
    last_version = excluded.last_version,
    status = case when g.status = 'resolved' and excluded.last_seen > g.resolved_at then 'open' else g.status end;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'recorded', v_count);
end
$$;
comment on function core_api.error_record is 'Adds unexpected failures to their groups, at most 1,000 groups at once. Owner only.';
revoke execute on function core_api.error_record from public;
grant execute on function core_api.error_record to service_role;

-- Groups, the one met last first. p_project null lists those of all projects and of none (owner only); p_after is the
-- cursor `next` of the page before.
create function core_api.error_list(
  p_project text default null, p_status text default null, p_after text default null, p_limit int default 100
) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_at timestamptz;
  v_id uuid;
  v_rows jsonb;
  v_next text;
begin
  v_ok := core.authorize('error:read', p_project);
  v_ok := core.require_page(p_limit);
  if p_after is not null then
    if p_after !~ '^\d{1,16}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
      perform core.refuse('PT400', 'invalid_cursor', 'after must be the next of the page before', 'Leave it out for the first page.',
        jsonb_build_object('field', 'cursor'));
    end if;
    v_at := timestamptz 'epoch' + split_part(p_after, '.', 1)::bigint * interval '1 microsecond';
    v_id := split_part(p_after, '.', 2)::uuid;
  end if;
  with page as (
    select g.* from core.error_group g
    where (p_project is null or g.project = p_project) and (p_status is null or g.status = p_status)
      and (v_at is null or (g.last_seen, g.id) < (v_at, v_id))
    order by g.last_seen desc, g.id desc limit p_limit
  )
  select coalesce(jsonb_agg(core.error_view(p::core.error_group) order by p.last_seen desc, p.id desc), '[]'),
    case when count(*) = p_limit then
      (array_agg((extract(epoch from p.last_seen) * 1000000)::bigint || '.' || p.id order by p.last_seen, p.id))[1] end
  into v_rows, v_next from page p;
  return jsonb_build_object('ok', true, 'errors', v_rows, 'next', v_next);
end
$$;
comment on function core_api.error_list is 'Groups of unexpected failures, the one met last first; all projects for the owner.';
revoke execute on function core_api.error_list from public;
grant execute on function core_api.error_list to core_member, service_role;

-- Marks a group. Idempotent. Locks: the group. p_project null reaches every group (owner only); another project's looks like none.
create function core_api.error_update(p_id uuid, p_status text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_old core.error_group;
  v_row core.error_group;
begin
  v_ok := core.authorize('error:write', p_project);
  if p_status is null or p_status not in ('open', 'resolved', 'ignored') then
    perform core.refuse('PT400', 'invalid_status', 'status must be open, resolved or ignored', null,
      jsonb_build_object('field', 'status'));
  end if;
  select * into v_old from core.error_group g where g.id = p_id and (p_project is null or g.project = p_project) for no key update;
  if v_old.id is null then
    perform core.refuse('PT404', 'error_not_found', 'there is no such group of errors', 'List the groups to find its id.');
  elsif v_old.status = p_status then
    return jsonb_build_object('ok', true) || core.error_view(v_old);
  end if;
  update core.error_group g set
    status = p_status,
    resolved_at = case when p_status = 'resolved' then clock_timestamp() end,
    resolved_by = case when p_status = 'resolved' then core.actor() end
  where g.id = p_id returning * into v_row;
  perform core.audit('error.mark', 'error:' || p_id, v_row.project, jsonb_build_object('status', v_old.status), jsonb_build_object('status', v_row.status));
  return jsonb_build_object('ok', true) || core.error_view(v_row);
end
$$;
comment on function core_api.error_update is 'Marks a group of failures as open, resolved or ignored; a resolved one that occurs again opens automatically.';
revoke execute on function core_api.error_update from public;
grant execute on function core_api.error_update to core_member, service_role;

-- Forgets groups that were not met for p_keep.
create function core_api.error_trim(p_keep interval default '30 days', p_limit int default 10000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('error:write', null);
  if p_keep is null or p_keep < interval '1 minute' then
    perform core.refuse('PT400', 'invalid_keep', 'keep must be at least one minute', null, jsonb_build_object('field', 'keep'));
  elsif p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 100000', 'Call again while trimmed is not 0.', jsonb_build_object('field', 'limit'));
  end if;
  with old as (
    select id from core.error_group where last_seen < (select clock_timestamp() - p_keep) limit p_limit for update skip locked
  )
  delete from core.error_group g using old where g.id = old.id;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'trimmed', v_count);
end
$$;
comment on function core_api.error_trim is 'Deletes groups of failures that were not met for an interval, at most p_limit.';
revoke execute on function core_api.error_trim from public;
grant execute on function core_api.error_trim to service_role;
