-- Reports what became of up to 1,000 tasks: [{task, fence, outcome, result, error, delay_ms}] with the outcomes done, failed, dead and
-- released. Each is answered on its own with its status, or stale: the claim is over, and nothing was written.
-- A repetition is answered as the first time. Locks: the tasks and those that need them, in the order of their ids.
create function core_api.task_settle(p_items jsonb, p_project text default null) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.task_require_items(p_items);
  v_project text := core.task_enter(p_project, null, p_items);
begin
  return json_build_object('ok', true, 'tasks', core.task_finish(v_project, p_items));
end
$$;
comment on function core_api.task_settle is 'Reports what became of claimed tasks; what is stale changes nothing.';
revoke execute on function core_api.task_settle from public;
grant execute on function core_api.task_settle to core_member, service_role;

-- The same for one task. stale (task_stale) is a denial here.
create function core.task_settle_one(p_project text, p_item jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.task_require_items(jsonb_build_array(p_item));
  v_answer jsonb := (core.task_finish(p_project, jsonb_build_array(p_item)) -> 0)::jsonb;
begin
  if v_answer ->> 'status' <> 'stale' then return jsonb_build_object('ok', true) || v_answer; end if;
  v_ok := core.task_require_known(p_project, (p_item ->> 'task')::uuid);
  return jsonb_build_object('ok', false, 'code', 'task_stale', 'task', p_item -> 'task');
end
$$;
comment on function core.task_settle_one is 'Ends one task under its fence, or says that the fence is stale.';

create function core.task_require_known(p_project text, p_task uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.task where id = p_task and project = p_project)
    and not exists (select from core.task_done where id = p_task and project = p_project) then
    perform core.refuse('PT404', 'task_not_found', 'there is no such task', 'A task that has ended is known for its retention.');
  end if;
  return true;
end
$$;
comment on function core.task_require_known is 'Raises PT404 for a task that is not there, or another project''s.';

create function core_api.task_complete(p_task uuid, p_fence bigint, p_result jsonb default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.task_enter(p_project, array[p_task]);
  v_ok boolean := core.require_exact('result', p_result);
begin
  return core.task_settle_one(v_project, jsonb_strip_nulls(jsonb_build_object('task', p_task, 'fence', p_fence, 'outcome', 'done'))
    || case when p_result is null then '{}' else jsonb_build_object('result', p_result) end);
end
$$;
comment on function core_api.task_complete is 'Ends a claimed task as done, with its result. task_stale where the claim is over.';
revoke execute on function core_api.task_complete from public;
grant execute on function core_api.task_complete to core_member, service_role;

-- p_retry false: dead at once. p_delay_ms null: after its back-off.
create function core_api.task_fail(p_task uuid, p_fence bigint, p_error text, p_retry boolean default true, p_delay_ms bigint default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.task_enter(p_project, array[p_task]);
begin
  return core.task_settle_one(v_project, jsonb_strip_nulls(jsonb_build_object('task', p_task, 'fence', p_fence, 'error', p_error, 'delay_ms', p_delay_ms,
    'outcome', case when p_retry then 'failed' else 'dead' end)));
end
$$;
comment on function core_api.task_fail is 'Gives a claimed task back as failed: again after its back-off (p_delay_ms null) or a delay, dead when no attempt is left.';
revoke execute on function core_api.task_fail from public;
grant execute on function core_api.task_fail to core_member, service_role;

create function core_api.task_release(p_task uuid, p_fence bigint, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.task_enter(p_project, array[p_task]);
begin
  return core.task_settle_one(v_project, jsonb_strip_nulls(jsonb_build_object('task', p_task, 'fence', p_fence, 'outcome', 'released')));
end
$$;
comment on function core_api.task_release is 'Gives a claimed task back at once; the attempt is not counted.';
revoke execute on function core_api.task_release from public;
grant execute on function core_api.task_release to core_member, service_role;
