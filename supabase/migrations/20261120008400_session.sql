-- Generated from supabase/schemas/83_session by `npm run generate`. Do not edit.

-- supabase/schemas/83_session/00_steps.sql

-- The steps that the coordinator's nouns share: whose call it is, and what an argument may be.

create sequence core.fence;
comment on sequence core.fence is 'Numbers sessions, locks, claims and deliveries: of two holders the later one has the greater fence.';

-- Rows that keep a project's name belong to a registered one. The owner may name any, so it is looked up.
create function core.require_project(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.root_name where name = p_project and noun = 'project') then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))),
      'Register the project first.', jsonb_build_object('field', 'project'));
  end if;
  return true;
end
$$;
comment on function core.require_project is 'Raises PT404 unless the project is registered.';

create function core.require_text(p_field text, p_value text, p_most int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null or length(p_value) not between 1 and p_most then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be a text of 1 to %s characters', p_field, p_most), null,
      jsonb_build_object('field', p_field, 'max_length', p_most));
  end if;
  return true;
end
$$;
comment on function core.require_text is 'Raises PT400 unless a text has 1 to p_most characters.';

create function core.require_name(p_field text, p_name text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  -- The length apart: {0,199} in the expression takes ten times as long.
  if p_name is null or length(p_name) > 200 or p_name !~ '^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$' then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be 1 to 200 of letters, digits and _ . : / @ -, beginning with a letter or digit', p_field),
      null, jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.require_name is 'Raises PT400 unless it can name a queue, a kind of task, a type of message and the like.';

create function core.require_range(p_field text, p_value numeric, p_least numeric, p_most numeric) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null or p_value not between p_least and p_most then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be from %s to %s, got %s', p_field, p_least, p_most,
      coalesce(left(p_value::text, 30), 'null')), null, jsonb_build_object('field', p_field, 'least', p_least, 'most', p_most));
  end if;
  return true;
end
$$;
comment on function core.require_range is 'Raises PT400 unless a number is in a range.';

-- A number of a JSON value that is stored as an integer: a cast would round it.
create function core.require_whole(p_field text, p_value numeric, p_least numeric, p_most numeric) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value % 1 <> 0 then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be a whole number, got %s', p_field, left(p_value::text, 30)), null,
      jsonb_build_object('field', p_field));
  end if;
  return core.require_range(p_field, p_value, p_least, p_most);
end
$$;
comment on function core.require_whole is 'Raises PT400 unless a number is whole and in a range.';

-- p_value null is SQL null: refused. The caller decides whether to ask.
create function core.require_payload(p_field text, p_value jsonb, p_most_bytes int default 65536) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be a JSON value', p_field), null, jsonb_build_object('field', p_field));
  elsif octet_length(p_value::text) > p_most_bytes then
    perform core.refuse('PT413', p_field || '_too_large', format('%s is larger than %s KB', p_field, p_most_bytes / 1024),
      'Keep large data in your own tables or files and send where it is.', jsonb_build_object('field', p_field, 'max_bytes', p_most_bytes));
  end if;
  return core.require_exact(p_field, p_value);
end
$$;
comment on function core.require_payload is 'Raises PT413 for JSON above a size, PT400 for a number that a JSON number does not hold exactly.';

-- A bound of a project that is reached: an answer, for it passes.
create function core.bound_reached(p_bound text, p_limit bigint, p_facts jsonb default '{}') returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('ok', false, 'code', 'bound_reached', 'bound', p_bound, 'limit', p_limit) || p_facts
$$;
comment on function core.bound_reached is 'The denial of a call that would take a project beyond one of its bounds.';

-- supabase/schemas/83_session/10_tables.sql

-- Sessions: a row for each running process of a project. It is alive while its beats come; who is late has to open a new
-- session, so that everything it held under the old one is refused.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('session:run', 'Open and keep sessions of running processes', '{operator,admin,owner}', true, null);

-- Domains and not checks of the table: those would be read and made again for each beat, of columns that it leaves alone.
create domain core.session_fingerprint as text collate "C"
  constraint session_fingerprint_form check (length(value) = 64 and value !~ '[^0-9a-f]');
create domain core.session_kind as text constraint session_kind_form check (value ~ '^[a-z][a-z0-9_-]{0,49}$');
create domain core.session_status as text
  constraint session_status_known check (value in ('starting', 'online', 'degraded', 'maintenance'));

create table core.session (
  id uuid constraint session_pkey primary key default core.new_id(),
  project text collate "C" not null,
  key text not null,
  fingerprint core.session_fingerprint not null,
  kind core.session_kind not null,
  name text,
  version text,
  status core.session_status not null,
  fence bigint not null default nextval('core.fence'),
  ttl_s int not null,
  requests bigint not null default 0,
  errors bigint not null default 0,
  p95_ms double precision,
  target_p95_ms double precision,
  backlog bigint not null default 0,
  opened_at timestamptz not null default clock_timestamp(),
  beat_at timestamptz not null default clock_timestamp(),
  progress_at timestamptz not null default clock_timestamp(),
  ends_at timestamptz not null,
  opened_by text not null default core.actor(),
  constraint session_once unique (project, fingerprint)
) with (fillfactor = 70);
comment on table core.session is 'Running processes by project and fingerprint. A session whose ends_at has passed is over, also before it is swept.';
comment on column core.session.fingerprint is 'SHA-256 of what makes a process this one: boot, namespace, pid, start time, kind.';
comment on column core.session.key is 'The idempotency key that opened it.';
comment on column core.session.progress_at is 'When the process last got work done: one that beats without progress is hung.';

-- supabase/schemas/83_session/20_open.sql

create function core.session_view(p_row core.session) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('session', p_row.id, 'project', p_row.project, 'kind', p_row.kind, 'name', p_row.name, 'version', p_row.version,
    'status', p_row.status, 'fence', p_row.fence, 'ttl_seconds', p_row.ttl_s, 'opened_at', p_row.opened_at, 'beat_at', p_row.beat_at,
    'progress_at', p_row.progress_at, 'ends_at', p_row.ends_at, 'is_hung', p_row.progress_at < p_row.beat_at - interval '60 seconds',
    'metrics', jsonb_build_object('requests', p_row.requests, 'errors', p_row.errors, 'p95_ms', p_row.p95_ms,
      'target_p95_ms', p_row.target_p95_ms, 'backlog', p_row.backlog))
$$;
comment on function core.session_view is 'A session as the API shows it, without its fingerprint.';

-- Opens a session for a process. Replays on p_key while the session lives; another key finds the process taken
-- (session_live), so that it cannot be there twice. A project has at most 10,000. Locks: the project's openings.
create function core_api.session_open(p_key text, p_fingerprint text, p_kind text default 'worker', p_name text default null,
  p_version text default null, p_status text default 'online', p_ttl_s int default 45, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
  v_row core.session;
begin
  v_ok := core.require_key(p_key);
  v_ok := core.require_project(v_project);
  if p_fingerprint is null or p_fingerprint !~ '^[0-9a-f]{64}$' then
    perform core.refuse('PT400', 'invalid_fingerprint', 'fingerprint must be 64 hexadecimal digits',
      'Send the SHA-256 of what identifies the process, or of a random text that it keeps.', jsonb_build_object('field', 'fingerprint'));
  elsif p_kind is null or p_kind !~ '^[a-z][a-z0-9_-]{0,49}$' then
    perform core.refuse('PT400', 'invalid_kind', 'kind must be 1 to 50 of a-z, 0-9, _ and -, beginning with a letter', null,
      jsonb_build_object('field', 'kind'));
  end if;
  if p_name is not null then v_ok := core.require_text('name', p_name, 200); end if;
  if p_version is not null then v_ok := core.require_text('version', p_version, 100); end if;
  v_ok := core.session_require_status(p_status);
  v_ok := core.require_range('ttl_s', p_ttl_s, 3, 3600);
  perform pg_advisory_xact_lock(hashtextextended('session:' || v_project, 0));
  select * into v_row from core.session where project = v_project and fingerprint = p_fingerprint for no key update;
  if v_row.id is not null and v_row.ends_at > clock_timestamp() then
    if v_row.key = p_key then return jsonb_build_object('ok', true, 'replayed', true) || core.session_view(v_row); end if;
    return jsonb_build_object('ok', false, 'code', 'session_live', 'session', v_row.id, 'opened_at', v_row.opened_at, 'beat_at', v_row.beat_at);
  end if;
  if v_row.id is null and (select count(*) from (select from core.session where project = v_project limit 10000) s) >= 10000 then
    delete from core.session where project = v_project and ends_at <= (select clock_timestamp());
    if not found then return core.bound_reached('sessions', 10000); end if;
  end if;
  delete from core.session where id = v_row.id;
  insert into core.session (project, key, fingerprint, kind, name, version, status, ttl_s, ends_at)
  values (v_project, p_key, p_fingerprint, p_kind, p_name, p_version, p_status, p_ttl_s, clock_timestamp() + make_interval(secs => p_ttl_s))
  returning * into v_row;
  return jsonb_build_object('ok', true, 'replayed', false) || core.session_view(v_row);
end
$$;
comment on function core_api.session_open is 'Opens the session of a running process. The same process cannot have two at a time.';
revoke execute on function core_api.session_open from public;
grant execute on function core_api.session_open to core_member, service_role;

create function core.session_require_status(p_status text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_status is null or p_status not in ('starting', 'online', 'degraded', 'maintenance') then
    perform core.refuse('PT400', 'invalid_status', 'status must be starting, online, degraded or maintenance', null,
      jsonb_build_object('field', 'status'));
  end if;
  return true;
end
$$;
comment on function core.session_require_status is 'Raises PT400 unless the status is one that a process may report.';

-- supabase/schemas/83_session/30_beat.sql

-- The figures that a process reports: numbers in their range.
create function core.session_require_metrics(p_metrics jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.require_object('metrics', p_metrics);
  v_name text;
begin
  foreach v_name in array '{requests,errors,p95_ms,target_p95_ms,backlog}'::text[] loop
    continue when p_metrics -> v_name is null;
    if jsonb_typeof(p_metrics -> v_name) <> 'number' then
      perform core.refuse('PT400', 'invalid_metrics', format('metrics.%s must be a number', v_name), null,
        jsonb_build_object('field', 'metrics.' || v_name));
    end if;
    v_ok := core.require_range('metrics.' || v_name, (p_metrics -> v_name)::numeric, 0, 1000000000000);
  end loop;
  return true;
end
$$;
comment on function core.session_require_metrics is 'Raises PT400 unless the figures are numbers in their range.';

-- Keeps a session alive. p_metrics: requests and errors of the last minute, p95_ms, target_p95_ms, backlog; what is left
-- out stays. p_idle_ms: since when the process got nothing done. A session that has ended is refused (session_ended): the process
-- opens another one. p_status null keeps it. Naturally idempotent. Locks: the session.
create function core_api.session_beat(p_session uuid, p_status text default null, p_metrics jsonb default '{}', p_idle_ms bigint default 0,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
  v_fence bigint;
  v_ends_at timestamptz;
begin
  if p_status is not null then v_ok := core.session_require_status(p_status); end if;
  -- Mostly they are a few numbers of at most three decimal places, which is asked at once.
  if p_metrics is null or jsonb_typeof(p_metrics) <> 'object' or pg_column_size(p_metrics) > 256 or p_metrics @?
    'strict $.* ? (@.type() != "number" || @ < 0 || @ > 1000000000000 || @ * 1000 != (@ * 1000).floor())' then
    v_ok := core.session_require_metrics(p_metrics);
  end if;
  if p_idle_ms is null or p_idle_ms not between 0 and 2592000000 then v_ok := core.require_range('idle_ms', p_idle_ms, 0, 2592000000); end if;
  update core.session s set
    status = coalesce(p_status, s.status),
    beat_at = clock_timestamp(),
    progress_at = greatest(s.progress_at, clock_timestamp() - p_idle_ms * interval '1 millisecond'),
    ends_at = clock_timestamp() + make_interval(secs => s.ttl_s),
    requests = coalesce(floor((p_metrics -> 'requests')::numeric)::bigint, s.requests),
    errors = coalesce(floor((p_metrics -> 'errors')::numeric)::bigint, s.errors),
    p95_ms = coalesce((p_metrics -> 'p95_ms')::double precision, s.p95_ms),
    target_p95_ms = coalesce((p_metrics -> 'target_p95_ms')::double precision, s.target_p95_ms),
    backlog = coalesce(floor((p_metrics -> 'backlog')::numeric)::bigint, s.backlog)
  where s.id = p_session and s.project = v_project and s.ends_at > clock_timestamp()
  returning s.fence, s.ends_at into v_fence, v_ends_at;
  if v_fence is null then
    v_ok := core.session_require_known(p_session, v_project);
    return jsonb_build_object('ok', false, 'code', 'session_ended', 'session', p_session);
  end if;
  return jsonb_build_object('ok', true, 'session', p_session, 'fence', v_fence, 'ends_at', v_ends_at);
end
$$;
comment on function core_api.session_beat is 'Keeps a session alive and takes its status and figures; p_status null keeps it. A session that has ended stays ended.';
revoke execute on function core_api.session_beat from public;
grant execute on function core_api.session_beat to core_member, service_role;

create function core.session_require_known(p_session uuid, p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.session where id = p_session and project = p_project) then
    perform core.refuse('PT404', 'session_not_found', 'there is no such session', 'Open one. A session is forgotten an hour after its end.');
  end if;
  return true;
end
$$;
comment on function core.session_require_known is 'Raises PT404 for a session that is not there, or another project''s.';

-- Ends a session. Idempotent: one that has ended is answered alike. Locks: the session.
create function core_api.session_close(p_session uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
begin
  update core.session set ends_at = clock_timestamp() where id = p_session and project = v_project and ends_at > clock_timestamp();
  if found then return jsonb_build_object('ok', true, 'closed', true); end if;
  v_ok := core.session_require_known(p_session, v_project);
  return jsonb_build_object('ok', true, 'closed', false);
end
$$;
comment on function core_api.session_close is 'Ends a session; closed is false where it had ended before.';
revoke execute on function core_api.session_close from public;
grant execute on function core_api.session_close to core_member, service_role;

-- The live sessions of a project, in the order in which they were opened. p_after: the last session of the page before.
create function core_api.session_list(p_after uuid default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('session:run', p_project);
  v_rows jsonb;
  v_next uuid;
begin
  v_ok := core.require_page(p_limit);
  with page as (
    select s.* from core.session s
    where s.project = v_project and s.ends_at > (select clock_timestamp()) and (p_after is null or s.id > p_after)
    order by s.id limit p_limit
  )
  select coalesce(jsonb_agg(core.session_view(p::core.session) order by p.id), '[]'), case when count(*) = p_limit then (array_agg(p.id order by p.id desc))[1] end
  into v_rows, v_next from page p;
  return jsonb_build_object('ok', true, 'sessions', v_rows, 'next', v_next);
end
$$;
comment on function core_api.session_list is 'The live sessions of a project, oldest first.';
revoke execute on function core_api.session_list from public;
grant execute on function core_api.session_list to core_member, service_role;

-- Deletes sessions that ended an hour ago or earlier, at most p_limit.
create function core_api.session_sweep(p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('session:operate', null);
  v_ok := core.require_page(p_limit);
  with old as (
    select id from core.session where ends_at < (select clock_timestamp() - interval '1 hour') order by id limit p_limit for update skip locked
  )
  delete from core.session s using old where s.id = old.id;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'swept', v_count);
end
$$;
comment on function core_api.session_sweep is 'Deletes sessions that ended an hour ago. Owner only.';
revoke execute on function core_api.session_sweep from public;
grant execute on function core_api.session_sweep to service_role;

-- The live sessions of all projects in figures, at most 100,000 of them. Owner only.
create function core_api.session_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('session:operate', null);
begin
  return (select jsonb_build_object('ok', true, 'live', count(*), 'hung', count(*) filter (where s.progress_at < s.beat_at - interval '60 seconds'),
      'degraded', count(*) filter (where s.status = 'degraded'))
    from (select progress_at, beat_at, status from core.session where ends_at > (select clock_timestamp()) limit 100000) s);
end
$$;
comment on function core_api.session_totals is 'The live sessions of all projects in figures. Owner only.';
revoke execute on function core_api.session_totals from public;
grant execute on function core_api.session_totals to service_role;

-- supabase/schemas/83_session/35_beats.sql

-- Keeps many sessions alive in one statement, for a process that passes on the beats of many: [{session, project, status, metrics,
-- idle_ms}], whose right to each it has asked. Answers {at, session, fence, ends_at} for those it has kept, at counting from 0. The
-- others go alone: they would be refused, their session has ended, or it is named twice. At most 1,000. Naturally idempotent. Owner only. Locks: the
-- sessions, in the order of their ids.
create function core_api.session_beats(p_beats jsonb) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_ok boolean := core.authorize('session:operate', null);
  v_now timestamptz;
  v_answer json;
begin
  v_ok := core.require_exact('beats', p_beats);
  if p_beats is null or jsonb_typeof(p_beats) <> 'array' or jsonb_array_length(p_beats) not between 1 and 1000
    or p_beats @? 'strict $[*] ? (@.type() != "object")' then
    perform core.refuse('PT400', 'invalid_beats', 'beats must be a list of 1 to 1000 objects', null, jsonb_build_object('field', 'beats'));
  end if;
  perform from core.session s where s.id = any (array(select (b ->> 'session')::uuid from jsonb_array_elements(p_beats) b)) order by s.id
    for no key update;
  v_now := clock_timestamp();
  with beat as materialized (
    select (b.value ->> 'session')::uuid as session, b.value ->> 'project' as project, b.value ->> 'status' as status,
      coalesce(b.value -> 'metrics', '{}') as metrics, coalesce((b.value ->> 'idle_ms')::numeric, 0) as idle_ms, b.ordinal
    from jsonb_array_elements(p_beats) with ordinality as b (value, ordinal)
  ), kept as (
    update core.session s set
      status = coalesce(b.status, s.status),
      beat_at = v_now,
      progress_at = greatest(s.progress_at, v_now - b.idle_ms::double precision * interval '1 millisecond'),
      ends_at = v_now + make_interval(secs => s.ttl_s),
      requests = coalesce(floor((b.metrics -> 'requests')::numeric)::bigint, s.requests),
      errors = coalesce(floor((b.metrics -> 'errors')::numeric)::bigint, s.errors),
      p95_ms = coalesce((b.metrics -> 'p95_ms')::double precision, s.p95_ms),
      target_p95_ms = coalesce((b.metrics -> 'target_p95_ms')::double precision, s.target_p95_ms),
      backlog = coalesce(floor((b.metrics -> 'backlog')::numeric)::bigint, s.backlog)
    from beat b
    where s.id = b.session and s.project = b.project and s.ends_at > v_now
      and (b.status is null or b.status in ('starting', 'online', 'degraded', 'maintenance'))
      and b.idle_ms between 0 and 2592000000 and b.idle_ms % 1 = 0
      and jsonb_typeof(b.metrics) = 'object' and pg_column_size(b.metrics) <= 256
      and not b.metrics @? 'strict $.* ? (@.type() != "number" || @ < 0 || @ > 1000000000000)'
      and exists (select from core.root_name r where r.name = b.project and r.noun = 'project' and not r.is_archived)
    returning b.ordinal, s.id, s.fence, s.ends_at
  )
  select json_agg(json_build_object('at', k.ordinal - 1, 'session', k.id, 'fence', k.fence, 'ends_at', k.ends_at)) into v_answer from kept k;
  return json_build_object('ok', true, 'beats', coalesce(v_answer, '[]'));
end
$$;
comment on function core_api.session_beats is 'Keeps many sessions alive at once; a beat that is not answered goes alone. Owner only.';
revoke execute on function core_api.session_beats from public;
grant execute on function core_api.session_beats to service_role;

-- supabase/schemas/83_session/40_steps.sql

create type core.session_figures as (project text, status text, sessions int, hung int, beat_at timestamptz, ttl_s int, version text,
  requests bigint, errors bigint, p95_ms double precision, target_p95_ms double precision, backlog bigint);
comment on type core.session_figures is 'The live sessions of a project in one row.';

-- What live processes report of themselves, for the nouns above: one row for each of these projects with live sessions. Ask for
-- all projects at once: a row alone costs ten times as much. In plpgsql, whose plan stays: as SQL it was planned again in each
-- call, which cost four times as much as its work.
create function core.session_summary(p_projects text[]) returns setof core.session_figures
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return query select s.project,
    -- The best one decides: who can be served at all is served by it.
    (array['online', 'degraded', 'starting', 'maintenance'])[min(array_position(array['online', 'degraded', 'starting', 'maintenance'],
      case when s.is_hung and s.status = 'online' then 'degraded' else s.status end))],
    count(*)::int, count(*) filter (where s.is_hung)::int, max(s.beat_at), (array_agg(s.ttl_s order by s.beat_at desc))[1],
    (array_agg(s.version order by s.opened_at desc))[1],
    sum(s.requests)::bigint, sum(s.errors)::bigint, max(s.p95_ms), min(s.target_p95_ms), sum(s.backlog)::bigint
  from (select t.*, t.progress_at < t.beat_at - interval '60 seconds' as is_hung from core.session t
    where t.ends_at > (select clock_timestamp()) and t.project = any (p_projects)) s
  group by s.project;
end
$$;
comment on function core.session_summary is 'The live sessions of each project in one row: the best status, sums, and the worst p95.';

create function core.session_is_live(p_project text, p_session uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from core.session where id = p_session and project = p_project and ends_at > clock_timestamp());
end
$$;
comment on function core.session_is_live is 'Whether a project has this session and it is alive.';

-- Also of sessions that have ended: they are known for an hour.
create function core.session_last_beat(p_project text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select max(s.beat_at) from core.session s where s.project = p_project);
end
$$;
comment on function core.session_last_beat is 'The last beat of any session of a project that is still known; null for none.';

-- Waits for a beat or an end that is under way, which session_is_live does not. Locks: the session, shared.
create function core.session_hold_live(p_project text, p_session uuid) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from core.session where id = p_session and project = p_project and ends_at > clock_timestamp() for share;
  return found;
end
$$;
comment on function core.session_hold_live is 'Whether a project has this session and it is alive, kept so until the transaction ends.';

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
