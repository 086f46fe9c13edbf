-- What the process that routes writes: coolings, calls, and the charge of calls whose process died.

-- Cools a target until a time, for every process. A later end stays. Naturally idempotent.
create function core_api.router_cool(p_target text, p_ms int, p_reason text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_target, 300);
  v_ok := core.require_range('ms', p_ms, 1, 300000);
  v_ok := core.require_text('reason', p_reason, 100);
  insert into core.model_cooling (target, until, reason) values (p_target, clock_timestamp() + make_interval(secs => p_ms / 1000.0), p_reason)
  on conflict on constraint model_cooling_pkey do update set until = greatest(core.model_cooling.until, excluded.until), reason = excluded.reason;
  delete from core.model_cooling where target in (
    select c.target from core.model_cooling c where c.until < (select clock_timestamp() - interval '1 hour') order by c.target limit 100 for update skip locked);
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.router_cool is 'Cools a target for every process that routes.';
revoke execute on function core_api.router_cool from public;
grant execute on function core_api.router_cool to service_role;

-- Writes calls, at most 500; one that is there already stays. Naturally idempotent. Returns how many were new.
create function core_api.router_calls_put(p_calls jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_count int;
begin
  v_ok := core.require_exact('calls', p_calls);
  if jsonb_typeof(p_calls) is distinct from 'array' or jsonb_array_length(p_calls) not between 1 and 500 then
    perform core.refuse('PT400', 'invalid_calls', 'calls must be a list of 1 to 500', null, jsonb_build_object('field', 'calls'));
  end if;
  insert into core.model_call (project, call, at, subject, account, hold, operation, route, target, model, end_user, tags, status, usage,
    charged, flags, attempts, first_output_ms, total_ms)
  select c.project, c.call, c.at, c.subject, c.account, c.hold, c.operation, c.route, c.target, c.model, c."user", c.tags, c.status, c.usage,
    c.charged, c.flags, c.attempts, c.first_output_ms, c.total_ms
  from jsonb_to_recordset(p_calls) as c (project text, call text, at timestamptz, subject text, account text, hold uuid, operation text,
    route text, target text, model text, "user" text, tags text[], status int, usage jsonb, charged bigint, flags text[], attempts int,
    first_output_ms int, total_ms int)
  join core.project p on p.name = c.project
  order by c.project collate "C", c.call collate "C"
  on conflict on constraint model_call_key do nothing;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'written', v_count);
end
$$;
comment on function core_api.router_calls_put is 'Writes the rows of model calls that have ended.';
revoke execute on function core_api.router_calls_put from public;
grant execute on function core_api.router_calls_put to service_role;

-- Removes rows of calls older than p_days, at most p_limit, and responses, answers older than 24 hours and contents older than 7 days, which
-- are long: at most 500 of each. Returns how many rows of calls, and whether something old may be left.
create function core_api.router_sweep(p_limit int default 1000, p_days int default 30) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_sealed int := least(p_limit, 500);
  v_calls int;
  v_answers int;
  v_contents int;
  v_responses int;
  v_sealed_responses int;
begin
  v_ok := core.require_range('limit', p_limit, 1, 10000);
  v_ok := core.require_range('days', p_days, 1, 3650);
  delete from core.model_call where id in (
    select c.id from core.model_call c where c.at < (select clock_timestamp() - make_interval(days => p_days)) order by c.at limit p_limit for update skip locked);
  get diagnostics v_calls = row_count;
  delete from core.model_answer where (project, key_hash) in (
    select a.project, a.key_hash from core.model_answer a where a.at < (select clock_timestamp() - interval '24 hours') order by a.at limit v_sealed
    for update skip locked);
  get diagnostics v_answers = row_count;
  delete from core.model_content where (project, call) in (
    select c.project, c.call from core.model_content c where c.at < (select clock_timestamp() - interval '7 days') order by c.at limit v_sealed
    for update skip locked);
  get diagnostics v_contents = row_count;
  delete from core.model_response where (project, id_hash) in (
    select r.project, r.id_hash from core.model_response r where r.at < (select clock_timestamp() - make_interval(days => p_days)) order by r.at
    limit v_sealed for update skip locked);
  get diagnostics v_responses = row_count;
  delete from core.model_response where (project, id_hash) in (
    select r.project, r.id_hash from core.model_response r where r.sealed is not null and r.at < (select clock_timestamp() - interval '7 days')
    order by r.at limit v_sealed for update skip locked);
  get diagnostics v_sealed_responses = row_count;
  return jsonb_build_object('ok', true, 'removed', v_calls,
    'remaining', v_calls = p_limit or v_sealed in (v_answers, v_contents, v_responses, v_sealed_responses));
end
$$;
comment on function core_api.router_sweep is 'Removes rows of model calls and responses older than some days, kept answers older than 24 hours, and contents older than 7 days.';
revoke execute on function core_api.router_sweep from public;
grant execute on function core_api.router_sweep to service_role;

-- The row of a call whose process died, from what its hold says of it; its id has the time at which it began. Metadata are their
-- writer's, so nothing in them can stop this; nor can an account of no registered project. Locks: none.
create function core.router_note_crash(p_hold uuid, p_project text, p_metadata jsonb, p_charged bigint) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into core.model_call (project, call, at, subject, account, hold, operation, route, target, model, end_user, tags, status, charged,
    flags, attempts, total_ms)
  select p_project, p_metadata ->> 'call', case when substr(p_hold::text, 15, 1) = '7'
      then least(clock_timestamp(), to_timestamp(('x' || translate(left(p_hold::text, 13), '-', ''))::bit(48)::bigint / 1000.0))
      else clock_timestamp() end,
    p_metadata ->> 'subject', p_metadata ->> 'account', p_hold, p_metadata ->> 'operation', p_metadata ->> 'route', p_metadata ->> 'target',
    p_metadata ->> 'model', p_metadata ->> 'user', array(select jsonb_array_elements_text(case jsonb_typeof(p_metadata -> 'tags') when 'array'
      then p_metadata -> 'tags' else '[]' end)), 500, p_charged, '{crashed}', 1, 0
  from core.project p
  where p.name = p_project and length(p_metadata ->> 'call') between 1 and 200 and p_metadata ?& '{subject,account,operation,route}'::text[]
    and p_metadata ->> 'subject' is not null and p_metadata ->> 'account' is not null and p_metadata ->> 'operation' is not null
    and p_metadata ->> 'route' is not null
  on conflict on constraint model_call_key do nothing
$$;
comment on function core.router_note_crash is 'Writes the row of a model call whose process died.';

-- Charges calls whose hold lapsed p_after_s ago, because the process that made them died: what their row says, else the floor
-- that the hold names, the price of the input. Settles that a process kept come before that, by their own key. Once per hold:
-- a hold is settled late once. Locks: as ledger_batch.
create function core_api.router_recover(p_limit int default 100, p_after_s int default 900, p_crash text default 'floor') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_ids uuid[];
  v_projects text[];
  v_metadata jsonb[];
  v_amounts bigint[];
  v_charged bigint[];
begin
  v_ok := core.require_range('limit', p_limit, 1, 1000);
  v_ok := core.require_range('after_s', p_after_s, 1, 86400);
  if p_crash is null or p_crash not in ('floor', 'nothing') then
    perform core.refuse('PT400', 'invalid_crash', 'crash must be floor or nothing', null, jsonb_build_object('field', 'crash'));
  end if;
  select array_agg(h.id), array_agg(h.project), array_agg(h.metadata),
    array_agg(coalesce((select c.charged from core.model_call c where c.hold = h.id and c.project = h.project limit 1),
      case when p_crash = 'floor' and jsonb_typeof(h.metadata -> 'floor') = 'number'
        and (h.metadata ->> 'floor')::numeric between 0 and 9007199254740991 then trunc((h.metadata ->> 'floor')::numeric)::bigint end, 0))
  into v_ids, v_projects, v_metadata, v_amounts
  from core.ledger_lapsed_holds(make_interval(secs => p_after_s), p_limit) h;
  v_charged := core.ledger_settle_lapsed(v_ids, v_projects, v_amounts, '{"flags": ["crashed"]}');
  perform core.router_note_crash(u.id, u.project, u.metadata, u.charged)
  from unnest(v_ids, v_projects, v_metadata, v_charged) as u (id, project, metadata, charged) where u.charged is not null;
  return jsonb_build_object('ok', true, 'recovered', cardinality(array_remove(v_charged, null)),
    'charged', coalesce((select sum(c) from unnest(v_charged) as c), 0));
end
$$;
comment on function core_api.router_recover is 'Charges model calls whose process died, once: the price of their input, or nothing.';
revoke execute on function core_api.router_recover from public;
grant execute on function core_api.router_recover to service_role;
