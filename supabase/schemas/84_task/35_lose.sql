-- Tasks whose lease is over, locked by the caller: ready again, or dead where no attempt is left. Their slots are free.
create function core.task_lose(p_project text, p_tasks uuid[]) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_dead uuid[];
begin
  update core.task set state = 'ready', run_at = clock_timestamp(), error = 'the worker was lost', worker = null, session = null, leased_until = null,
    fence = null
  where id = any (p_tasks) and attempt < max_attempts;
  select array_agg(id) into v_dead from core.task where id = any (p_tasks) and state = 'running';
  if v_dead is not null then
    -- Those that need them may be locked by a call that ends another of their needs: this one waits for it.
    perform from core.task t where t.id in (select n.task from core.task_need n where n.need = any (v_dead)) order by t.id for update;
    perform core.task_end(v_dead, 'dead', 'the worker was lost');
  end if;
  perform core.task_free_slots(p_tasks);
  return cardinality(p_tasks);
end
$$;
comment on function core.task_lose is 'Takes tasks from workers whose lease is over.';

-- Moves open tasks, locked by the caller together with those that need them, to the ended ones.
create function core.task_end(p_tasks uuid[], p_status text, p_error text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  with gone as (
    delete from core.task t where t.id = any (p_tasks) returning t.*
  )
  insert into core.task_done (id, project, queue, key, kind, payload, status, priority, group_name, unique_key, failed_needs, attempt, max_attempts,
    backoff_ms, error, worker, session, fence, created_at, created_by)
  select g.id, g.project, g.queue, g.key, g.kind, g.payload, p_status, g.priority, g.group_name, g.unique_key, g.failed_needs, g.attempt, g.max_attempts,
    g.backoff_ms, coalesce(p_error, g.error), g.worker, g.session, g.fence, g.created_at, g.created_by
  from gone g order by g.id;
  delete from core.task_need where task = any (p_tasks);
  return core.task_release_needing('{}', p_tasks);
end
$$;
comment on function core.task_end is 'Ends open tasks as dead or cancelled.';
