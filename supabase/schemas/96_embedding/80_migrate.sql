-- A change of model: the space gets a second generation, every write is queued for it as well, its queue is worked off, and
-- when it is complete the two change places. Each step can be repeated, so a caller that dies in between is followed by another.

-- Begins to migrate to another model, or continues the migration to it. Another one under way is a refusal.
-- p_swaps: the control plane may change places as soon as the new model is complete. Locks: the space.
create function core_api.embedding_migrate_begin(p_space text, p_provider text, p_model text, p_dims int, p_revision text default '',
  p_metric text default 'cosine', p_swaps boolean default false, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:operate', p_project, p_space, null, true);
  v_row core.embedding_generation;
begin
  v_ok := core.embedding_require_model(p_provider, p_model, p_revision, p_dims, p_metric);
  select * into v_row from core.embedding_generation where id = coalesce(v_space.next_generation, v_space.generation);
  if (v_row.provider, v_row.model, v_row.revision, v_row.dims, v_row.metric) is distinct from (p_provider, p_model, p_revision, p_dims, p_metric) then
    if v_space.next_generation is not null then
      perform core.refuse('PT409', 'migration_running', format('the space migrates to %s already', v_row.model), 'Finish it, or cancel it first.',
        jsonb_build_object('model', v_row.model));
    end if;
    v_row := core.embedding_add_generation(v_space.id, p_provider, p_model, p_revision, p_dims, p_metric, 'building');
    update core.embedding_generation set filled_to = 0, swaps_when_filled = coalesce(p_swaps, false) where id = v_row.id;
    update core.embedding_space set next_generation = v_row.id where id = v_space.id;
    perform core.audit('space.migrate', 'space:' || p_space, v_space.project, null, core.embedding_generation_view(v_row));
  end if;
  return jsonb_build_object('ok', true) || core.embedding_space_view((select s from core.embedding_space s where s.id = v_space.id));
end
$$;
comment on function core_api.embedding_migrate_begin is 'Begins to migrate a space to another model, or continues. Idempotent.';
revoke execute on function core_api.embedding_migrate_begin from public;
grant execute on function core_api.embedding_migrate_begin to core_member, service_role;

-- Searches the new model from now on. Refused while items wait for a vector of it, those that failed ten times included, unless
-- p_partial. The old generation is kept for a while, then swept. Idempotent: swapped is false without a migration. Locks: the space.
create function core_api.embedding_migrate_swap(p_space text, p_partial boolean default false, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_space core.embedding_space := core.embedding_enter('embedding:operate', p_project, p_space, null, true);
  v_waiting bigint;
begin
  if v_space.next_generation is null then return jsonb_build_object('ok', true, 'swapped', false); end if;
  select count(*) into v_waiting from (
    select from core.embedding_queue q where q.generation = v_space.next_generation
    union all
    select from core.embedding_item i join core.embedding_generation g on g.id = v_space.next_generation
    where i.space = v_space.id and i.id > g.filled_to
    limit 100000) w;
  if v_waiting > 0 and not coalesce(p_partial, false) then
    perform core.refuse('PT409', 'migration_incomplete', format('%s items have no vector of the new model yet', v_waiting),
      'Drain the queue first.', jsonb_build_object('waiting', v_waiting));
  end if;
  update core.embedding_generation set state = 'retired', retired_at = clock_timestamp() where id = v_space.generation;
  update core.embedding_generation set state = 'active' where id = v_space.next_generation;
  update core.embedding_space set generation = next_generation, next_generation = null where id = v_space.id;
  delete from core.embedding_queue where generation = v_space.generation;
  perform core.audit('space.migrate_swap', 'space:' || p_space, v_space.project, jsonb_build_object('generation', v_space.generation),
    jsonb_build_object('generation', v_space.next_generation));
  return jsonb_build_object('ok', true, 'swapped', true);
end
$$;
comment on function core_api.embedding_migrate_swap is 'Searches the new model from now on; refused while items wait for a vector of it.';
revoke execute on function core_api.embedding_migrate_swap from public;
grant execute on function core_api.embedding_migrate_swap to core_member, service_role;

-- Ends a migration without its effect. Idempotent. Locks: the space.
create function core_api.embedding_migrate_cancel(p_space text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_space core.embedding_space := core.embedding_enter('embedding:operate', p_project, p_space, null, true);
begin
  if v_space.next_generation is null then return jsonb_build_object('ok', true, 'cancelled', false); end if;
  update core.embedding_generation set state = 'retired', retired_at = clock_timestamp() where id = v_space.next_generation;
  update core.embedding_space set next_generation = null where id = v_space.id;
  delete from core.embedding_queue where generation = v_space.next_generation;
  perform core.audit('space.migrate_cancel', 'space:' || p_space, v_space.project, jsonb_build_object('generation', v_space.next_generation), null);
  return jsonb_build_object('ok', true, 'cancelled', true);
end
$$;
comment on function core_api.embedding_migrate_cancel is 'Ends a migration without its effect. Idempotent.';
revoke execute on function core_api.embedding_migrate_cancel from public;
grant execute on function core_api.embedding_migrate_cancel to core_member, service_role;

-- How many of the p_k nearest items a search finds that does not compare all: the mean over sampled items of the tenant.
create function core_api.embedding_recall(p_space text, p_sample int default 50, p_k int default 10, p_recall text default 'balanced',
  p_tenant text default '', p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:operate', p_project, p_space, null);
  v_vectors text[];
  v_vector text;
  v_all core.embedding_leg;
  v_some core.embedding_leg;
  v_found double precision := 0;
  v_plan text := 'exact';
begin
  v_ok := core.require_range('sample', p_sample, 1, 1000);
  v_ok := core.require_range('k', p_k, 1, 100);
  v_ok := core.embedding_require_names(p_tenant, null);
  perform core.embedding_require_search('', null, 'vector', p_k, p_recall, '{}');
  perform core.embedding_require_vectors(v_space.generation);
  execute format('select array(select embedding::text from core.%I where tenant = $1 order by random() limit $2)',
    'embedding_vector_' || v_space.generation) into v_vectors using p_tenant, p_sample;
  foreach v_vector in array v_vectors loop
    v_all := core.embedding_by_vector(v_space, v_vector, p_k, 'exact', p_tenant, null, null);
    v_some := core.embedding_by_vector(v_space, v_vector, p_k, p_recall, p_tenant, null, null);
    v_plan := v_some.plan;
    v_found := v_found + (select count(*) from unnest(v_some.items) s where s = any (v_all.items))::double precision / cardinality(v_all.items);
  end loop;
  return jsonb_build_object('ok', true, 'sample', cardinality(v_vectors), 'plan', v_plan,
    'recall', case when cardinality(v_vectors) > 0 then v_found / cardinality(v_vectors) end);
end
$$;
comment on function core_api.embedding_recall is 'The part of the nearest items that a search finds, over a sample.';
revoke execute on function core_api.embedding_recall from public;
grant execute on function core_api.embedding_recall to core_member, service_role;
