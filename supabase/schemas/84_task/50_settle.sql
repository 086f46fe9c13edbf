-- Reports what became of up to 1,000 tasks: [{task, fence, outcome, result, error, delay_ms}] with the outcomes done, failed, dead and
-- released. Each is answered on its own with its status, or stale: the claim is over, and nothing was written.
-- A repetition is answered as the first time. Locks: the tasks and those that need them, in the order of their ids.
create function core_api.task_settle(p_items jsonb, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.task_require_items(p_items);
  v_project text := core.task_enter(p_project, array(select (i ->> 'task')::uuid from jsonb_array_elements(p_items) i limit 1000));
begin
  return jsonb_build_object('ok', true, 'tasks', core.task_finish(v_project, p_items));
end
$$;
comment on function core_api.task_settle is 'Reports what became of claimed tasks; what is stale changes nothing.';
revoke execute on function core_api.task_settle from public;
grant execute on function core_api.task_settle to core_member, service_role;

create function core.task_require_items(p_items jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_item jsonb;
  v_at int := 0;
begin
  if p_items is null or jsonb_typeof(p_items) <> 'array' or jsonb_array_length(p_items) = 0 then
    perform core.refuse('PT400', 'invalid_items', 'items must be a list of at least one', null, jsonb_build_object('field', 'items'));
  elsif jsonb_array_length(p_items) > 1000 then
    perform core.refuse('PT413', 'too_many_items', format('at most 1000 items in one call, got %s', jsonb_array_length(p_items)),
      'Send them in several calls.', jsonb_build_object('field', 'items', 'limit', 1000));
  end if;
  for v_item in select value from jsonb_array_elements(p_items) loop
    if not coalesce(jsonb_typeof(v_item) = 'object' and v_item ->> 'task' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
      and jsonb_typeof(v_item -> 'fence') = 'number' and v_item ->> 'fence' ~ '^[0-9]{1,18}$'
      and v_item ->> 'outcome' in ('done', 'failed', 'dead', 'released')
      and coalesce(jsonb_typeof(v_item -> 'error'), 'null') in ('string', 'null')
      and coalesce(jsonb_typeof(v_item -> 'delay_ms'), 'null') in ('number', 'null'), false) then
      perform core.refuse('PT400', 'invalid_items', format('items[%s] must have task, fence and outcome: done, failed, dead or released', v_at),
        'A task is named by its id, and the fence is that of the claim.', jsonb_build_object('field', format('items[%s]', v_at)));
    end if;
    if v_item ? 'result' then v_ok := core.require_payload(format('items[%s].result', v_at), v_item -> 'result'); end if;
    if length(v_item ->> 'error') > 10000 then v_ok := core.require_text(format('items[%s].error', v_at), v_item ->> 'error', 10000); end if;
    if jsonb_typeof(v_item -> 'delay_ms') = 'number' then v_ok := core.require_range(format('items[%s].delay_ms', v_at), (v_item ->> 'delay_ms')::numeric, 0, 31536000000); end if;
    v_at := v_at + 1;
  end loop;
  return true;
end
$$;
comment on function core.task_require_items is 'Raises PT400 or PT413 naming the first report on a task that is malformed.';

-- The same for one task. stale (task_stale) is a denial here.
create function core.task_settle_one(p_project text, p_item jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.task_require_items(jsonb_build_array(p_item));
  v_answer jsonb := core.task_finish(p_project, jsonb_build_array(p_item)) -> 0;
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
