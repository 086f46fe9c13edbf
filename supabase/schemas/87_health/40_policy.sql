-- A number of a policy: null only where p_may_be_null.
create function core.health_require_number(p_policy jsonb, p_name text, p_least numeric, p_most numeric, p_may_be_null boolean default false) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_value jsonb := p_policy -> p_name;
begin
  if v_value is null or p_may_be_null and v_value = 'null' then return true; end if;
  if jsonb_typeof(v_value) <> 'number' then
    perform core.refuse('PT400', 'invalid_policy', format('%s must be a number', p_name), null, jsonb_build_object('field', 'policy.' || p_name));
  end if;
  return core.require_range('policy.' || p_name, (v_value #>> '{}')::numeric, p_least, p_most);
end
$$;
comment on function core.health_require_number is 'Raises PT400 unless a member of a policy is missing or a number in a range.';

create function core.health_require_policy(p_policy jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.require_object('policy', p_policy);
  v_defaults jsonb := core.health_defaults();
  v_field text;
begin
  select f into v_field from jsonb_object_keys(p_policy) f where not v_defaults ? f order by f limit 1;
  if v_field is not null then
    perform core.refuse('PT400', 'invalid_policy', format('policy has no member %s', quote_literal(left(v_field, 100))),
      'Members are weights, criticality, target_p95_ms, max_error_rate, target_backlog and low_credits.', jsonb_build_object('field', 'policy'));
  elsif p_policy ? 'criticality' and (jsonb_typeof(p_policy -> 'criticality') <> 'string'
      or p_policy ->> 'criticality' not in ('none', 'low', 'normal', 'high', 'critical')) then
    perform core.refuse('PT400', 'invalid_criticality', 'criticality must be none, low, normal, high or critical', null,
      jsonb_build_object('field', 'policy.criticality'));
  elsif p_policy ? 'weights' and (jsonb_typeof(p_policy -> 'weights') <> 'object'
      or exists (select from jsonb_object_keys(p_policy -> 'weights') w where not v_defaults -> 'weights' ? w)) then
    perform core.refuse('PT400', 'invalid_weights', 'weights must be an object of freshness, errors, latency, credits and backlog', null,
      jsonb_build_object('field', 'policy.weights'));
  end if;
  v_ok := core.health_require_number(p_policy, 'target_p95_ms', 0.001, 1000000000, true);
  v_ok := core.health_require_number(p_policy, 'max_error_rate', 0.001, 1);
  v_ok := core.health_require_number(p_policy, 'target_backlog', 1, 1000000000000);
  v_ok := core.health_require_number(p_policy, 'low_credits', 1, 9007199254740991, true);
  for v_field in select jsonb_object_keys(v_defaults -> 'weights') loop
    v_ok := core.health_require_number(coalesce(p_policy -> 'weights', '{}'), v_field, 0, 100);
  end loop;
  return true;
end
$$;
comment on function core.health_require_policy is 'Raises PT400 unless a policy has known members in their ranges.';

create function core.health_policy_view(p_project text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.health_policy;
begin
  select * into v_row from core.health_policy where project = p_project;
  return jsonb_build_object('project', p_project, 'updated_at', v_row.updated_at, 'updated_by', v_row.updated_by,
    'etag', core.etag(jsonb_build_object('policy', v_row.policy, 'at', extract(epoch from v_row.updated_at))))
    || coalesce(v_row.policy, core.health_defaults());
end
$$;
comment on function core.health_policy_view is 'What a project declares of its health; the defaults where it declares nothing.';

create function core_api.health_policy_get(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('fleet:read', p_project);
  v_ok boolean := core.require_project(v_project);
begin
  return jsonb_build_object('ok', true) || core.health_policy_view(v_project);
end
$$;
comment on function core_api.health_policy_get is 'The weights, targets and criticality of a project.';
revoke execute on function core_api.health_policy_get from public;
grant execute on function core_api.health_policy_get to core_member, service_role;

-- Declares weights (0 to 100 each), targets and criticality; what p_policy leaves out has its default. Naturally idempotent.
-- p_if_match: only in a state the caller has seen. Locks: the project.
create function core_api.health_policy_set(p_policy jsonb, p_project text default null, p_if_match text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.enter('project:write', p_project);
  v_ok boolean := core.health_require_policy(p_policy);
  v_defaults jsonb := core.health_defaults();
  v_policy jsonb := v_defaults || p_policy || jsonb_build_object('weights', v_defaults -> 'weights' || coalesce(p_policy -> 'weights', '{}'));
  v_before jsonb;
begin
  v_ok := core.require_project(v_project);
  perform from core.project where name = v_project for no key update;
  v_before := core.health_policy_view(v_project);
  v_ok := core.require_match(p_if_match, v_before ->> 'etag');
  if v_before @> v_policy then return jsonb_build_object('ok', true) || v_before; end if;
  insert into core.health_policy as h (project, policy) values (v_project, v_policy)
  on conflict on constraint health_policy_pkey do update set
    policy = excluded.policy, updated_at = excluded.updated_at, updated_by = excluded.updated_by;
  perform core.audit('health.policy', 'health_policy:' || v_project, v_project, v_before, core.health_policy_view(v_project));
  return jsonb_build_object('ok', true) || core.health_policy_view(v_project);
end
$$;
comment on function core_api.health_policy_set is 'Declares the weights, targets and criticality of a project. Idempotent.';
revoke execute on function core_api.health_policy_set from public;
grant execute on function core_api.health_policy_set to core_member, service_role;
