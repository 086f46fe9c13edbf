-- Spaces and the generations of their vectors.

create function core.embedding_generation_view(p_row core.embedding_generation) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('generation', p_row.id, 'provider', p_row.provider, 'model', p_row.model, 'revision', p_row.revision,
    'dims', p_row.dims, 'metric', p_row.metric, 'state', p_row.state, 'index_state', p_row.index_state,
    'has_vectors', to_regclass('core.embedding_vector_' || p_row.id) is not null)
$$;
comment on function core.embedding_generation_view is 'A generation as the API shows it.';

create function core.embedding_space_view(p_row core.embedding_space) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('space', p_row.name, 'project', p_row.project, 'language', p_row.language, 'items', p_row.items,
    'bytes', p_row.bytes, 'created_at', p_row.created_at,
    'model', (select core.embedding_generation_view(g) from core.embedding_generation g where g.id = p_row.generation),
    'next', (select core.embedding_generation_view(g) from core.embedding_generation g where g.id = p_row.next_generation))
$$;
comment on function core.embedding_space_view is 'A space as the API shows it, with the model it has and the one it migrates to.';

-- The table of the vectors of a generation, where the extension is. Vectors are in the row itself, so that a scan reads no
-- second table; the index of approximate search is made later, when there are enough of them.
create function core.embedding_make_vectors(p_generation bigint) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_schema text := core.embedding_schema();
  v_table text := 'embedding_vector_' || p_generation;
begin
  if v_schema is null then return false; end if;
  if to_regclass('core.' || v_table) is not null then return true; end if;
  execute format($sql$
    create table core.%2$I (
      item bigint constraint %3$I primary key,
      tenant text collate "C" not null,
      embedding %1$I.halfvec not null constraint %4$I check (%1$I.vector_dims(embedding) = %5$s)
    )$sql$, v_schema, v_table, v_table || '_pkey', v_table || '_dims', (select dims from core.embedding_generation where id = p_generation));
  execute format('alter table core.%I alter column embedding set storage plain', v_table);
  execute format('create index %I on core.%I (tenant)', v_table || '_tenant_idx', v_table);
  execute format('comment on table core.%I is %L', v_table, 'Vectors of items by one model.');
  return true;
end
$$;
comment on function core.embedding_make_vectors is 'Makes the table of vectors of a generation; false where the extension is missing.';

create function core.embedding_add_generation(p_space bigint, p_provider text, p_model text, p_revision text, p_dims int, p_metric text,
  p_state text) returns core.embedding_generation
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.embedding_generation;
begin
  insert into core.embedding_generation (space, provider, model, revision, dims, metric, state)
  values (p_space, p_provider, p_model, p_revision, p_dims, p_metric, p_state) returning * into v_row;
  perform core.embedding_make_vectors(v_row.id);
  return v_row;
end
$$;
comment on function core.embedding_add_generation is 'Adds a generation to a space, with its table where the extension is.';

create function core.embedding_require_model(p_provider text, p_model text, p_revision text, p_dims int, p_metric text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.require_text('provider', p_provider, 100);
  perform core.require_text('model', p_model, 200);
  if p_revision is null or length(p_revision) > 100 then
    perform core.refuse('PT400', 'invalid_revision', 'revision must be a text of at most 100 characters', null, jsonb_build_object('field', 'revision'));
  elsif p_metric is null or p_metric not in ('cosine', 'l2', 'ip') then
    perform core.refuse('PT400', 'invalid_metric', 'metric must be cosine, l2 or ip', null, jsonb_build_object('field', 'metric'));
  end if;
  return core.require_range('dims', p_dims, 1, 4000);
end
$$;
comment on function core.embedding_require_model is 'Raises PT400 unless these describe a model.';

-- Opens a space: makes it, or answers the one of this name. Idempotent. A space of another model answers model_mismatch: a
-- model changes by a migration. A project has at most 100. Locks: the project's spaces.
create function core_api.embedding_space_open(p_space text, p_provider text, p_model text, p_dims int, p_revision text default '',
  p_metric text default 'cosine', p_language text default 'english', p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter_shared('embedding:write', 'space', p_project, p_space, 'write');
  v_row core.embedding_space;
  v_model core.embedding_generation;
begin
  v_ok := core.require_project(v_project);
  v_ok := core.embedding_require_model(p_provider, p_model, p_revision, p_dims, p_metric);
  if p_space is null or p_space !~ '^[a-z][a-z0-9_.-]{0,62}$' then
    perform core.refuse('PT400', 'invalid_space', 'the name of a space is 1 to 63 of a-z, 0-9, ., _ and -, and begins with a letter', null,
      jsonb_build_object('field', 'space'));
  end if;
  if not exists (select from pg_ts_config c where c.cfgname = p_language and c.cfgnamespace = 'pg_catalog'::regnamespace) then
    perform core.refuse('PT400', 'invalid_language', format('text search does not know the language %s', coalesce(quote_literal(left(p_language, 50)), 'null')),
      'Use simple, or a language of Postgres such as english or german.', jsonb_build_object('field', 'language'));
  end if;
  perform pg_advisory_xact_lock(hashtextextended('embedding_space:' || v_project, 0));
  select * into v_row from core.embedding_space where project = v_project and name = p_space;
  if v_row.id is null then
    if v_project is distinct from coalesce(core.member_claims() ->> 'project', v_project) then
      perform core.refuse('PT404', 'space_not_found', format('there is no space %s', quote_literal(p_space)), 'Its owner opens it.', jsonb_build_object('field', 'space'));
    elsif 100 <= (select count(*) from core.embedding_space where project = v_project) then
      return core.bound_reached('spaces', 100);
    end if;
    insert into core.embedding_space (project, name, language) values (v_project, p_space, p_language) returning * into v_row;
    v_model := core.embedding_add_generation(v_row.id, p_provider, p_model, p_revision, p_dims, p_metric, 'active');
    update core.embedding_space set generation = v_model.id where id = v_row.id returning * into v_row;
    perform core.audit('space.open', 'space:' || p_space, v_project, null, core.embedding_space_view(v_row));
    return jsonb_build_object('ok', true, 'created', true) || core.embedding_space_view(v_row);
  end if;
  select * into v_model from core.embedding_generation where id = v_row.generation;
  if (v_model.provider, v_model.model, v_model.revision, v_model.dims) is distinct from (p_provider, p_model, p_revision, p_dims) then
    return jsonb_build_object('ok', false, 'code', 'model_mismatch', 'space', p_space, 'provider', v_model.provider, 'model', v_model.model,
      'revision', v_model.revision, 'dims', v_model.dims);
  end if;
  return jsonb_build_object('ok', true, 'created', false) || core.embedding_space_view(v_row);
end
$$;
comment on function core_api.embedding_space_open is 'Opens a space of embeddings by one model, and makes it where it is missing. Idempotent.';
revoke execute on function core_api.embedding_space_open from public;
grant execute on function core_api.embedding_space_open to core_member, service_role;

-- The spaces of a project, by name; at most 100.
create function core_api.embedding_space_list(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('embedding:read', p_project);
begin
  return jsonb_build_object('ok', true, 'spaces', (
    select coalesce(jsonb_agg(core.embedding_space_view(s::core.embedding_space) order by s.name), '[]')
    from (select * from core.embedding_space where project = v_project order by name limit 100) s));
end
$$;
comment on function core_api.embedding_space_list is 'The spaces of a project.';
revoke execute on function core_api.embedding_space_list from public;
grant execute on function core_api.embedding_space_list to core_member, service_role;

-- A space, and what waits for a vector in it: of its model and of the one it migrates to.
create function core_api.embedding_stats(p_space text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.embedding_space := core.embedding_enter('embedding:read', p_project, p_space, 'read');
begin
  return jsonb_build_object('ok', true) || core.embedding_space_view(v_row) || jsonb_build_object(
    'queued', (select count(*) from (select from core.embedding_queue q where q.generation in (v_row.generation, v_row.next_generation) limit 100000) c),
    'failed', (select count(*) from (select from core.embedding_queue q
      where q.generation in (v_row.generation, v_row.next_generation) and q.attempts >= 10 limit 100000) c),
    'unfilled', (select count(*) from (select from core.embedding_item i join core.embedding_generation g on g.id in (v_row.generation, v_row.next_generation)
      where i.space = v_row.id and i.id > g.filled_to limit 100000) c));
end
$$;
comment on function core_api.embedding_stats is 'A space with its counts; those of what waits end at 100,000.';
revoke execute on function core_api.embedding_stats from public;
grant execute on function core_api.embedding_stats to core_member, service_role;

-- Deletes a space with everything in it. Idempotent: dropped is false where there is none. Locks: the space.
create function core_api.embedding_space_drop(p_space text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('embedding:operate', p_project);
  v_row core.embedding_space;
  v_generation bigint;
begin
  select * into v_row from core.embedding_space where project = v_project and name = p_space for update;
  if v_row.id is null then return jsonb_build_object('ok', true, 'dropped', false); end if;
  for v_generation in select id from core.embedding_generation where space = v_row.id order by id loop
    execute format('drop table if exists core.%I', 'embedding_vector_' || v_generation);
  end loop;
  perform core.audit('space.drop', 'space:' || p_space, v_project, core.embedding_space_view(v_row), null);
  delete from core.embedding_space where id = v_row.id;
  return jsonb_build_object('ok', true, 'dropped', true);
end
$$;
comment on function core_api.embedding_space_drop is 'Deletes a space, its items and its vectors.';
revoke execute on function core_api.embedding_space_drop from public;
grant execute on function core_api.embedding_space_drop to core_member, service_role;

-- Uses the extension vector: installs it where the server offers it and this role may, and makes the tables that spaces lack.
-- Their items are queued. Idempotent. Owner only.
create function core_api.embedding_enable() returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('embedding:enable', null);
  v_generation core.embedding_generation;
  v_reason text;
begin
  if core.embedding_schema() is null then
    if not exists (select from pg_available_extensions where name = 'vector') then
      v_reason := 'the server does not offer the extension vector';
    else
      begin
        execute format('create extension vector with schema %I',
          case when exists (select from pg_namespace where nspname = 'extensions') then 'extensions' else 'public' end);
      -- Hosts refuse an extension in their own ways, and a package may be incomplete.
      exception when insufficient_privilege or feature_not_supported or undefined_file then
        v_reason := format('%s may not create the extension vector: ask for `create extension vector`', current_user);
      end;
    end if;
  end if;
  if v_reason is not null then return jsonb_build_object('ok', true, 'enabled', false, 'reason', v_reason); end if;
  for v_generation in select g.* from core.embedding_generation g where g.state <> 'retired'
    and to_regclass('core.embedding_vector_' || g.id) is null order by g.id
  loop
    perform core.embedding_make_vectors(v_generation.id);
    update core.embedding_generation set filled_to = 0 where id = v_generation.id;
  end loop;
  return jsonb_build_object('ok', true, 'enabled', true,
    'version', (select extversion from pg_extension where extname = 'vector'), 'schema', core.embedding_schema());
end
$$;
comment on function core_api.embedding_enable is 'Installs the extension vector where it is offered, and makes the tables of vectors. Owner only.';
revoke execute on function core_api.embedding_enable from public;
grant execute on function core_api.embedding_enable to service_role;
