-- Generated from supabase/schemas/96_embedding by `npm run generate`. Do not edit.

-- supabase/schemas/96_embedding/10_tables.sql

-- Embeddings: texts in spaces of a project, and vectors of them. The tables of texts exist everywhere; those of vectors, one
-- per generation, need the extension vector and are made by core.embedding_make_vectors.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('embedding:read', 'Search spaces of embeddings and read their statistics', '{viewer,operator,admin,owner}', true, null),
  ('embedding:write', 'Open spaces of embeddings, write and delete items', '{operator,admin,owner}', false, null),
  ('embedding:operate', 'Migrate, measure and drop spaces of embeddings', '{operator,admin,owner}', false, null);

insert into core.share_kind (name, rights, summary) values
  ('space', '{read,write}', 'A space of embeddings: search it; write and delete its items'),
  ('vectors', '{read}', 'Kept vectors of a model that the control plane made: use them instead of a call of the model');

create table core.embedding_space (
  id bigint generated always as identity constraint embedding_space_pkey primary key,
  project text collate "C" not null,
  name text collate "C" not null constraint embedding_space_name_form check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  language text not null,
  generation bigint,
  next_generation bigint,
  items bigint not null default 0,
  bytes bigint not null default 0,
  created_by text not null default core.actor(),
  created_at timestamptz not null default clock_timestamp(),
  constraint embedding_space_key unique (project, name)
);
comment on table core.embedding_space is 'Named collections of texts. Its name outlives a change of model.';
comment on column core.embedding_space.generation is 'Whose vectors are searched.';
comment on column core.embedding_space.next_generation is 'Whose vectors are being made, while the space migrates to another model.';
comment on column core.embedding_space.language is 'How words of its texts are reduced for text search.';

create table core.embedding_generation (
  id bigint generated always as identity constraint embedding_generation_pkey primary key,
  space bigint not null constraint embedding_generation_space_fkey references core.embedding_space (id) on delete cascade,
  provider text not null,
  model text not null,
  revision text not null,
  dims int not null constraint embedding_generation_dims check (dims between 1 and 4000),
  metric text not null constraint embedding_generation_metric check (metric in ('cosine', 'l2', 'ip')),
  state text not null default 'active' constraint embedding_generation_state check (state in ('building', 'active', 'retired')),
  filled_to bigint not null default 9223372036854775807,
  index_state text not null default 'none' constraint embedding_generation_index check (index_state in ('none', 'building', 'ready', 'failed')),
  index_type text constraint embedding_generation_index_type check (index_type in ('vector', 'halfvec')),
  swaps_when_filled boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  retired_at timestamptz
);
comment on table core.embedding_generation is 'The vectors of a space by one model. Their table is core.embedding_vector_<id>.';
comment on column core.embedding_generation.filled_to is 'Items up to this id have a vector or are queued. Less than the greatest number only while a generation is filled.';
comment on column core.embedding_generation.swaps_when_filled is 'Whether the control plane may change places as soon as no item waits for a vector of it.';
comment on column core.embedding_generation.index_type is 'What the HNSW index casts vectors to.';
create index embedding_generation_space_idx on core.embedding_generation (space);

create table core.embedding_item (
  id bigint generated always as identity constraint embedding_item_pkey primary key,
  space bigint not null constraint embedding_item_space_fkey references core.embedding_space (id) on delete cascade,
  tenant text collate "C" not null,
  source text collate "C" not null,
  document text collate "C" not null,
  ordinal int not null,
  title text not null,
  content text not null,
  hash text not null,
  metadata jsonb not null,
  start_at int,
  end_at int,
  words tsvector not null,
  updated_at timestamptz not null default clock_timestamp(),
  constraint embedding_item_key unique (space, tenant, source, document, ordinal)
);
comment on table core.embedding_item is 'Texts, or pieces of them: an item is the ordinal-th piece of a document of a source.';
comment on column core.embedding_item.hash is 'SHA-256 of title and content: what was embedded.';
comment on column core.embedding_item.words is 'For text search, with a word that names space and tenant, so that a search reads no rows of others.';
-- What is not yet sorted into the index is read by every search: 4 MB by default, which took 19 ms.
create index embedding_item_words_idx on core.embedding_item using gin (words) with (gin_pending_list_limit = 256);
create index embedding_item_metadata_idx on core.embedding_item using gin (metadata jsonb_path_ops) with (gin_pending_list_limit = 256);

create table core.embedding_tenant (
  space bigint not null constraint embedding_tenant_space_fkey references core.embedding_space (id) on delete cascade,
  tenant text collate "C" not null,
  items bigint not null,
  constraint embedding_tenant_pkey primary key (space, tenant)
);
comment on table core.embedding_tenant is 'How many items each tenant of a space has, so that no search counts them.';

-- Logged: it costs money to fill it again.
create table core.embedding_cache (
  project text collate "C" not null,
  model text collate "C" not null,
  revision text collate "C" not null,
  dims int not null,
  hash text collate "C" not null,
  embedding text not null,
  is_shareable boolean not null default false,
  used_at timestamptz not null default clock_timestamp(),
  constraint embedding_cache_pkey primary key (project, model, revision, dims, hash)
);
comment on table core.embedding_cache is 'Vectors of texts by the hash of the text, so that no text is paid for twice.';
comment on column core.embedding_cache.is_shareable is 'Whether the control plane''s own call of the model made it. Others cannot trust what a project says it made.';
create index embedding_cache_age_idx on core.embedding_cache (project, used_at);

create table core.embedding_cache_size (
  project text collate "C" constraint embedding_cache_size_pkey primary key,
  vectors bigint not null
);
comment on table core.embedding_cache_size is 'How many vectors of texts each project keeps, so that nothing counts them.';

create table core.embedding_queue (
  generation bigint not null constraint embedding_queue_generation_fkey references core.embedding_generation (id) on delete cascade,
  item bigint not null constraint embedding_queue_item_fkey references core.embedding_item (id) on delete cascade,
  attempts int not null default 0,
  due_at timestamptz not null default clock_timestamp(),
  reason text,
  constraint embedding_queue_pkey primary key (generation, item)
);
comment on table core.embedding_queue is 'Items without a vector of a generation, and why. After ten attempts a row waits for a new text.';
create index embedding_queue_due_idx on core.embedding_queue (generation, due_at, item) where attempts < 10;
create index embedding_queue_item_idx on core.embedding_queue (item);

-- supabase/schemas/96_embedding/20_enter.sql

-- The steps that functions of embeddings begin with. What names the types of pgvector is executed as text: the extension may
-- be missing, and it may be in any schema.

-- The schema of the extension, or null where it is not installed in this database.
create function core.embedding_schema() returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'
$$;
comment on function core.embedding_schema is 'The schema of the extension vector, or null without it.';

-- Refuses what needs vectors where there are none.
create function core.embedding_require_vectors(p_generation bigint) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_schema text := core.embedding_schema();
begin
  if v_schema is null then
    perform core.refuse('PT409', 'extension_missing', 'this database does not have the extension vector (pgvector), which embeddings need',
      'Install pgvector on the server and run `core embeddings enable`. Text search works without it: mode text.',
      jsonb_build_object('extension', 'vector'));
  elsif to_regclass('core.embedding_vector_' || p_generation) is null then
    perform core.refuse('PT409', 'extension_not_enabled', 'the extension vector is installed, and embeddings do not use it yet',
      'Run `core embeddings enable`.', jsonb_build_object('extension', 'vector'));
  end if;
  return v_schema;
end
$$;
comment on function core.embedding_require_vectors is 'The schema of the extension vector. Raises PT409 where the generation has no table of vectors.';

-- The space a call is for, authorised. Locks: with p_lock the space.
create function core.embedding_enter(p_scope text, p_project text, p_name text, p_right text, p_lock boolean default false)
returns core.embedding_space
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_project text;
  v_row core.embedding_space;
begin
  if p_right is null then
    v_project := core.enter(p_scope, p_project);
  else
    v_project := core.enter_shared(p_scope, 'space', p_project, p_name, p_right);
  end if;
  if p_lock then
    select * into v_row from core.embedding_space where project = v_project and name = p_name for no key update;
  else
    select * into v_row from core.embedding_space where project = v_project and name = p_name;
  end if;
  if v_row.id is null then
    perform core.refuse('PT404', 'space_not_found', format('there is no space %s', coalesce(quote_literal(left(p_name, 100)), 'null')),
      'Open it first. Without p_project it is looked for in the caller''s project.', jsonb_build_object('field', 'space'));
  end if;
  return v_row;
end
$$;
comment on function core.embedding_enter is 'Authorises a call and returns its space. p_right null: what is the owner''s alone. PT404 without one.';

create function core.embedding_require_names(p_tenant text, p_source text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_tenant is null or octet_length(p_tenant) > 200 then
    perform core.refuse('PT400', 'invalid_tenant', 'tenant must be a text of at most 200 bytes; empty for none', null,
      jsonb_build_object('field', 'tenant', 'max_bytes', 200));
  elsif p_source is not null and octet_length(p_source) not between 1 and 200 then
    perform core.refuse('PT400', 'invalid_source', 'source must have 1 to 200 bytes', null,
      jsonb_build_object('field', 'source', 'max_bytes', 200));
  end if;
  return true;
end
$$;
comment on function core.embedding_require_names is 'Raises PT400 unless tenant and source can be stored.';

-- Each vector must be one of the generation: of its dimensions, of finite numbers that a halfvec holds, and not zero.
create function core.embedding_require_embeddings(p_schema text, p_dims int, p_vectors text[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_zero int;
  v_vector text;
  v_at int := 0;
begin
  execute format('select min(u.n) from unnest($1) with ordinality as u (v, n) where u.v is not null and %1$I.l2_norm(u.v::%1$I.halfvec(%2$s)) = 0',
    p_schema, p_dims) into v_zero using p_vectors;
  if v_zero is not null then
    perform core.refuse('PT400', 'invalid_vector', format('vector %s is zero, which has no direction', v_zero - 1),
      'Send no vector for a text without content.', jsonb_build_object('field', 'vectors', 'index', v_zero - 1));
  end if;
  return true;
exception
  when sqlstate 'PT400' then raise;
  when others then
    foreach v_vector in array p_vectors loop
      begin
        if v_vector is not null then execute format('select $1::%I.halfvec(%s)', p_schema, p_dims) using v_vector; end if;
      exception when others then
        perform core.refuse('PT400', 'invalid_vector', format('vector %s cannot be stored: %s', v_at, left(sqlerrm, 200)),
          format('Send [x1,…,x%s]: finite numbers from -65504 to 65504.', p_dims), jsonb_build_object('field', 'vectors', 'index', v_at));
      end;
      v_at := v_at + 1;
    end loop;
    raise;
end
$$;
comment on function core.embedding_require_embeddings is 'Raises PT400 with the index of the first vector that cannot be stored.';

create function core.embedding_operator(p_metric text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case p_metric when 'cosine' then '<=>' when 'l2' then '<->' when 'ip' then '<#>' end
$$;
comment on function core.embedding_operator is 'The operator of pgvector for a metric; smaller is nearer.';

-- supabase/schemas/96_embedding/30_space.sql

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

-- supabase/schemas/96_embedding/40_write.sql

-- Writing items. The caller embeds: it asks what changed, embeds that, and writes items with their vectors in one call.

-- What was embedded of an item.
create function core.embedding_hash(p_title text, p_content text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select encode(sha256(convert_to(p_title || E'\n' || p_content, 'UTF8')), 'hex')
$$;
comment on function core.embedding_hash is 'SHA-256 of title, a line feed and content, in hexadecimal.';

-- The word that every item of a tenant has, and no text: a search intersects with it and so reads no rows of others.
create function core.embedding_owner_word(p_space bigint, p_tenant text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select '~' || p_space || '~' || p_tenant
$$;
comment on function core.embedding_owner_word is 'The word of a space and a tenant among the words of an item.';

create function core.embedding_require_items(p_items jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_item jsonb;
  v_at int := 0;
  v_fault text;
begin
  perform core.require_exact('items', p_items);
  if p_items is null or jsonb_typeof(p_items) <> 'array' then
    perform core.refuse('PT400', 'invalid_items', 'items must be a JSON array', null, jsonb_build_object('field', 'items'));
  elsif jsonb_array_length(p_items) > 1000 then
    perform core.refuse('PT413', 'too_many_items', format('at most 1000 items in one call, got %s', jsonb_array_length(p_items)),
      'Send them in several calls.', jsonb_build_object('field', 'items', 'limit', 1000));
  end if;
  for v_item in select e from jsonb_array_elements(p_items) e loop
    v_fault := case
      when jsonb_typeof(v_item) <> 'object' then 'must be an object'
      when jsonb_typeof(v_item -> 'document') is distinct from 'string' then 'needs a document'
      when octet_length(v_item ->> 'document') not between 1 and 500 then 'document must have 1 to 500 bytes'
      when coalesce(v_item ->> 'ordinal' !~ '^\d{1,7}$', true) then 'ordinal must be a whole number from 0 to 9999999'
      when jsonb_typeof(v_item -> 'content') is distinct from 'string' then 'needs a content, which may be empty'
      when octet_length(v_item ->> 'content') > 1048576 then 'content must have at most 1 MB'
      when octet_length(coalesce(v_item ->> 'title', '')) > 2000 then 'title must have at most 2000 bytes'
      when jsonb_typeof(coalesce(v_item -> 'metadata', '{}')) <> 'object' then 'metadata must be an object'
      when octet_length(coalesce(v_item ->> 'metadata', '')) > 16384 then 'metadata must have at most 16 KB'
      when coalesce(v_item ->> 'start_at', '0') !~ '^\d{1,9}$' or coalesce(v_item ->> 'end_at', '0') !~ '^\d{1,9}$'
        then 'start_at and end_at must be whole numbers'
    end;
    if v_fault is not null then
      perform core.refuse('PT400', 'invalid_item', format('item %s: %s', v_at, v_fault), null, jsonb_build_object('field', 'items', 'index', v_at));
    end if;
    v_at := v_at + 1;
  end loop;
  if v_at > (select count(distinct (e ->> 'document', (e ->> 'ordinal')::int)) from jsonb_array_elements(p_items) e) then
    perform core.refuse('PT400', 'invalid_items', 'two items have the same document and ordinal', 'Send each piece once.',
      jsonb_build_object('field', 'items'));
  end if;
  return true;
end
$$;
comment on function core.embedding_require_items is 'Raises PT400 for the first item that is not well formed, PT413 above 1,000.';

-- Which of some pieces need a vector, by their place: [{document, ordinal, hash}]. Those that are new or changed, and those
-- whose vector is missing. Each is looked up alone (lateral, limit 1): joined, a thousand of them read whole tables.
create function core_api.embedding_changed(p_space text, p_items jsonb, p_tenant text default '', p_source text default 'default',
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:write', p_project, p_space, 'write');
  v_needed int[];
  v_known text;
begin
  v_ok := core.embedding_require_names(p_tenant, p_source);
  v_ok := core.require_exact('items', p_items);
  if p_items is null or jsonb_typeof(p_items) <> 'array' or jsonb_array_length(p_items) > 1000 then
    perform core.refuse('PT400', 'invalid_items', 'items must be a JSON array of at most 1000', null, jsonb_build_object('field', 'items'));
  end if;
  v_known := case when to_regclass('core.embedding_vector_' || v_space.generation) is not null
    then format(' left join lateral (select true as has from core.%I v where v.item = i.id limit 1) v on true', 'embedding_vector_' || v_space.generation)
    else ' cross join lateral (select i.id is not null as has) v' end;
  execute format($sql$
    select array_agg((e.n - 1)::int order by e.n)
    from jsonb_array_elements($1) with ordinality as e (item, n)
    left join lateral (
      select i.id, i.content = '' as is_empty from core.embedding_item i
      where i.space = $2 and i.tenant = $3 and i.source = $4 and i.document = e.item ->> 'document'
        and i.ordinal = (e.item ->> 'ordinal')::int and i.hash = e.item ->> 'hash'
      limit 1
    ) i on true%s
    where not coalesce(i.is_empty or v.has, false)
  $sql$, v_known) into v_needed using p_items, v_space.id, p_tenant, p_source;
  return jsonb_build_object('ok', true, 'needed', coalesce(to_jsonb(v_needed), '[]'));
end
$$;
comment on function core_api.embedding_changed is 'Which pieces of documents are new, changed or without a vector.';
revoke execute on function core_api.embedding_changed from public;
grant execute on function core_api.embedding_changed to core_member, service_role;

-- Writes items, at most 1,000, with a vector for each or an empty text: an item that
-- needs one and brings none is queued. Documents of
-- p_whole are complete: pieces of theirs beyond those given are deleted. What did not change is not written. p_generation: of
-- which model the vectors are; where the space has another one by now, the answer is model_changed. A project has
-- at most 2,000,000 items and 8 GB of text. Naturally idempotent. Locks: the space, then items in the order of their keys.
create function core_api.embedding_upsert(p_space text, p_items jsonb, p_vectors text[] default null, p_tenant text default '',
  p_source text default 'default', p_whole text[] default null, p_generation bigint default null, p_reason text default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:write', p_project, p_space, 'write', true);
  v_count int;
  v_written jsonb;
  v_deleted int;
  v_total record;
begin
  if p_generation <> v_space.generation then
    return jsonb_build_object('ok', false, 'code', 'model_changed', 'generation', v_space.generation);
  end if;
  v_ok := core.embedding_require_names(p_tenant, coalesce(p_source, ''));
  v_ok := core.embedding_require_items(p_items);
  v_count := jsonb_array_length(p_items);
  p_vectors := array_replace(p_vectors, '', null);
  if p_vectors is not null and cardinality(p_vectors) <> v_count then
    perform core.refuse('PT400', 'invalid_vectors', format('%s items and %s vectors', v_count, cardinality(p_vectors)),
      'Send a vector or an empty text for each item.', jsonb_build_object('field', 'vectors'));
  elsif cardinality(p_whole) > 1000 then
    perform core.refuse('PT413', 'too_many_documents', 'at most 1000 documents in one call', null, jsonb_build_object('field', 'whole', 'limit', 1000));
  end if;
  if exists (select from unnest(p_vectors) v where v is not null) then
    v_ok := core.embedding_require_embeddings(core.embedding_require_vectors(v_space.generation),
      (select dims from core.embedding_generation where id = v_space.generation), p_vectors);
  end if;
  select sum(s.items) as items, sum(s.bytes) as bytes into v_total from core.embedding_space s where s.project = v_space.project;
  if v_total.items + v_count > 2000000 then return core.bound_reached('items', 2000000); end if;
  if v_total.bytes > 8589934592 then return core.bound_reached('bytes', 8589934592); end if;

  v_written := core.embedding_write_items(v_space, p_items, p_vectors, p_tenant, p_source, p_reason);
  v_deleted := core.embedding_forget(v_space, array(
    select i.id from core.embedding_item i
    where i.space = v_space.id and i.tenant = p_tenant and i.source = p_source and i.document = any (p_whole)
      and not exists (select from jsonb_array_elements(p_items) e
        where e ->> 'document' = i.document and (e ->> 'ordinal')::int = i.ordinal)
    order by i.id limit 100000));
  return jsonb_build_object('ok', true) || v_written || jsonb_build_object('deleted', v_deleted);
end
$$;
comment on function core_api.embedding_upsert is 'Writes up to 1,000 items of a space with their vectors; what did not change is not written.';
revoke execute on function core_api.embedding_upsert from public;
grant execute on function core_api.embedding_upsert to core_member, service_role;

-- Inserts what is new, updates what changed, and writes or queues vectors: a changed text without a new vector loses its old
-- one, so that no search finds it by what it said before. The caller holds the space, so no other call writes its items.
create function core.embedding_write_items(p_space core.embedding_space, p_items jsonb, p_vectors text[], p_tenant text, p_source text,
  p_reason text) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_added int;
  v_updated int;
  v_bytes bigint;
  v_ids bigint[];
  v_vectors text[];
  v_texts bigint[];
begin
  with given as (
    select e.n, e.item ->> 'document' as document, (e.item ->> 'ordinal')::int as ordinal, coalesce(e.item ->> 'title', '') as title,
      e.item ->> 'content' as content, coalesce(e.item -> 'metadata', '{}') as metadata, (e.item ->> 'start_at')::int as start_at,
      (e.item ->> 'end_at')::int as end_at, core.embedding_hash(coalesce(e.item ->> 'title', ''), e.item ->> 'content') as hash
    from jsonb_array_elements(p_items) with ordinality as e (item, n)
  ), before as (
    select g.n, i.id, i.hash, octet_length(i.content) as size
    from given g join core.embedding_item i on i.space = p_space.id and i.tenant = p_tenant and i.source = p_source
      and i.document = g.document and i.ordinal = g.ordinal
  ), written as (
    insert into core.embedding_item as i (space, tenant, source, document, ordinal, title, content, hash, metadata, start_at, end_at, words)
    select p_space.id, p_tenant, p_source, g.document, g.ordinal, g.title, g.content, g.hash, g.metadata, g.start_at, g.end_at,
      setweight(to_tsvector(p_space.language::regconfig, g.title), 'A') || setweight(to_tsvector(p_space.language::regconfig, left(g.content, 100000)), 'B')
        || array_to_tsvector(array[core.embedding_owner_word(p_space.id, p_tenant)])
    from given g
    order by g.document collate "C", g.ordinal
    on conflict on constraint embedding_item_key do update
      set title = excluded.title, content = excluded.content, hash = excluded.hash, metadata = excluded.metadata,
        start_at = excluded.start_at, end_at = excluded.end_at, words = excluded.words, updated_at = clock_timestamp()
      where (i.hash, i.metadata, i.start_at, i.end_at) is distinct from
        (excluded.hash, excluded.metadata, excluded.start_at, excluded.end_at)
    returning i.id, i.document, i.ordinal
  ), placed as (
    select g.n, g.content, coalesce(w.id, b.id) as id, w.id is not null as is_written, b.id is null as is_new,
      b.hash is distinct from g.hash as is_text, coalesce(b.size, 0) as size
    from given g
    left join written w on w.document = g.document and w.ordinal = g.ordinal
    left join before b on b.n = g.n
  )
  select count(*) filter (where p.is_new), count(*) filter (where p.is_written and not p.is_new),
    sum(case when p.is_written then octet_length(p.content) - p.size else 0 end),
    array_agg(p.id order by p.id) filter (where p.is_text or p_vectors[p.n] is not null),
    array_agg(case when p.content <> '' then p_vectors[p.n] end order by p.id) filter (where p.is_text or p_vectors[p.n] is not null),
    array_agg(p.id order by p.id) filter (where p.is_text and p.content <> '')
  into v_added, v_updated, v_bytes, v_ids, v_vectors, v_texts
  from placed p;
  update core.embedding_space set items = items + v_added, bytes = bytes + v_bytes
  where id = p_space.id and (v_added > 0 or v_bytes <> 0);
  if v_added > 0 then
    insert into core.embedding_tenant as t (space, tenant, items) values (p_space.id, p_tenant, v_added)
    on conflict on constraint embedding_tenant_pkey do update set items = t.items + excluded.items;
  end if;
  perform core.embedding_put_vectors(p_space.generation, p_tenant, v_ids, v_vectors);
  insert into core.embedding_queue (generation, item, reason)
  select q.generation, q.item, q.reason from (
    select p_space.generation as generation, u.item, left(p_reason, 500) as reason from unnest(v_ids, v_vectors) as u (item, vector)
    where u.vector is null and u.item = any (v_texts)
    union all
    select p_space.next_generation, t.item, null from unnest(v_texts) as t (item) where p_space.next_generation is not null
  ) q order by q.generation, q.item
  on conflict on constraint embedding_queue_pkey do update set attempts = 0, due_at = clock_timestamp(), reason = excluded.reason;
  return jsonb_build_object('added', v_added, 'updated', v_updated, 'skipped', jsonb_array_length(p_items) - v_added - v_updated,
    'queued', (select count(*) from unnest(v_ids, v_vectors) as u (item, vector) where u.vector is null and u.item = any (v_texts)));
end
$$;
comment on function core.embedding_write_items is 'Writes items of a space, and writes, removes or queues their vectors.';

-- Writes the vectors of items, removes those of items that have none now, and takes from the queue what has one.
create function core.embedding_put_vectors(p_generation bigint, p_tenant text, p_items bigint[], p_vectors text[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_table text := 'embedding_vector_' || p_generation;
begin
  if p_items is null or to_regclass('core.' || v_table) is null then return false; end if;
  execute format($sql$
    with gone as (
      delete from core.%2$I v using unnest($1, $2) as u (item, vector) where u.vector is null and v.item = u.item
    )
    insert into core.%2$I as v (item, tenant, embedding)
    select u.item, $3, u.vector::%1$I.halfvec from unnest($1, $2) as u (item, vector) where u.vector is not null order by u.item
    on conflict (item) do update set embedding = excluded.embedding
  $sql$, core.embedding_schema(), v_table) using p_items, p_vectors, p_tenant;
  delete from core.embedding_queue q using unnest(p_items, p_vectors) as u (item, vector)
  where u.vector is not null and q.generation = p_generation and q.item = u.item;
  return true;
end
$$;
comment on function core.embedding_put_vectors is 'Writes vectors of one generation; null removes one.';

-- Deletes items with all their vectors. The caller holds the space.
create function core.embedding_forget(p_space core.embedding_space, p_items bigint[]) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
  v_bytes bigint;
  v_tenants text[];
  v_generation bigint;
begin
  if coalesce(cardinality(p_items), 0) = 0 then return 0; end if;
  for v_generation in select g.id from core.embedding_generation g where g.space = p_space.id order by g.id loop
    if to_regclass('core.embedding_vector_' || v_generation) is not null then
      execute format('delete from core.%I where item = any ($1)', 'embedding_vector_' || v_generation) using p_items;
    end if;
  end loop;
  with gone as (
    delete from core.embedding_item i where i.space = p_space.id and i.id = any (p_items) returning i.tenant, octet_length(i.content) as size
  ), fewer as (
    update core.embedding_tenant t set items = t.items - g.count from (select tenant, count(*) from gone group by tenant) g
    where t.space = p_space.id and t.tenant = g.tenant
  )
  select count(*), coalesce(sum(g.size), 0), array_agg(distinct g.tenant) into v_count, v_bytes, v_tenants from gone g;
  delete from core.embedding_tenant where space = p_space.id and tenant = any (v_tenants) and items <= 0;
  update core.embedding_space set items = items - v_count, bytes = bytes - v_bytes where id = p_space.id;
  return v_count;
end
$$;
comment on function core.embedding_forget is 'Deletes items of a space, their vectors of every model and what waits for them.';

-- The documents of a source, by name. p_after: the last name of the page before.
create function core_api.embedding_documents(p_space text, p_tenant text default '', p_source text default 'default', p_after text default '',
  p_limit int default 1000, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:read', p_project, p_space, 'read');
  v_rows jsonb;
begin
  v_ok := core.require_page(p_limit);
  v_ok := core.embedding_require_names(p_tenant, coalesce(p_source, ''));
  select coalesce(jsonb_agg(jsonb_build_object('document', d.document, 'items', d.items, 'updated_at', d.updated_at) order by d.document), '[]')
  into v_rows
  from (
    select i.document, count(*) as items, max(i.updated_at) as updated_at from core.embedding_item i
    where i.space = v_space.id and i.tenant = p_tenant and i.source = p_source and i.document > coalesce(p_after, '')
    group by i.document order by i.document limit p_limit
  ) d;
  return jsonb_build_object('ok', true, 'documents', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then v_rows -> -1 ->> 'document' end);
end
$$;
comment on function core_api.embedding_documents is 'The documents of a source of a space, page by page.';
revoke execute on function core_api.embedding_documents from public;
grant execute on function core_api.embedding_documents to core_member, service_role;

-- Deletes documents of a source, or without p_documents all of it, at most p_limit items: call again while more is true.
-- Idempotent. Locks: the space.
create function core_api.embedding_delete(p_space text, p_documents text[] default null, p_tenant text default '',
  p_source text default 'default', p_limit int default 1000, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:write', p_project, p_space, 'write', true);
  v_ids bigint[];
begin
  v_ok := core.require_page(p_limit);
  v_ok := core.embedding_require_names(p_tenant, coalesce(p_source, ''));
  if cardinality(p_documents) > 1000 then
    perform core.refuse('PT413', 'too_many_documents', 'at most 1000 documents in one call', null, jsonb_build_object('field', 'documents', 'limit', 1000));
  end if;
  v_ids := array(select i.id from core.embedding_item i
    where i.space = v_space.id and i.tenant = p_tenant and i.source = p_source and (p_documents is null or i.document = any (p_documents))
    order by i.document, i.ordinal limit p_limit);
  return jsonb_build_object('ok', true, 'deleted', core.embedding_forget(v_space, v_ids), 'more', cardinality(v_ids) = p_limit);
end
$$;
comment on function core_api.embedding_delete is 'Deletes documents of a source, at most 1,000 items.';
revoke execute on function core_api.embedding_delete from public;
grant execute on function core_api.embedding_delete to core_member, service_role;

-- supabase/schemas/96_embedding/50_filter.sql

-- Filters on metadata. A filter is data: it becomes a value of the type jsonpath in which keys and values are quoted as JSON,
-- and the query takes that value as a parameter.

-- {op: and|or, args: [...]} · {op: not, arg} · {op: eq|ne|gt|gte|lt|lte, key, value} · {op: in, key, values} ·
-- {op: exists, key}. Each comparison is true or false, never unknown, so that `not` means what it says. An array in the
-- metadata matches where one of its elements does.
create function core.embedding_filter(p_filter jsonb, p_depth int default 1) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_op text := p_filter ->> 'op';
  v_key text;
  v_sign text := case v_op when 'eq' then '==' when 'ne' then '==' when 'gt' then '>' when 'gte' then '>=' when 'lt' then '<' when 'lte' then '<=' end;
  v_values jsonb;
begin
  if p_depth = 1 then perform core.require_exact('filter', p_filter); end if;
  if p_depth = 1 and octet_length(p_filter::text) > 16384 then
    perform core.embedding_refuse_filter('is larger than 16 KB');
  elsif p_depth > 8 then
    perform core.embedding_refuse_filter('is nested more than 8 levels deep');
  elsif jsonb_typeof(p_filter) is distinct from 'object' or v_op is null then
    perform core.embedding_refuse_filter('must be an object with op');
  end if;
  if v_op in ('and', 'or') then
    if jsonb_typeof(p_filter -> 'args') is distinct from 'array' or jsonb_array_length(p_filter -> 'args') not between 1 and 100 then
      perform core.embedding_refuse_filter(format('%s needs args: 1 to 100 filters', v_op));
    end if;
    return '(' || (select string_agg(core.embedding_filter(a.arg, p_depth + 1), case v_op when 'and' then ' && ' else ' || ' end order by a.n)
      from jsonb_array_elements(p_filter -> 'args') with ordinality as a (arg, n)) || ')';
  elsif v_op = 'not' then
    return '(!' || core.embedding_filter(p_filter -> 'arg', p_depth + 1) || ')';
  elsif v_op not in ('eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'exists') then
    perform core.embedding_refuse_filter(format('has the unknown op %s; use and, or, not, eq, ne, gt, gte, lt, lte, in or exists', quote_literal(left(v_op, 30))));
  end if;
  if jsonb_typeof(p_filter -> 'key') is distinct from 'string' or length(p_filter ->> 'key') not between 1 and 200 then
    perform core.embedding_refuse_filter(format('%s needs a key of 1 to 200 characters', v_op));
  end if;
  v_key := '$.' || (p_filter -> 'key')::text;
  if v_op = 'exists' then return format('(exists (%s))', v_key); end if;
  v_values := case v_op when 'in' then p_filter -> 'values' else jsonb_build_array(p_filter -> 'value') end;
  if jsonb_typeof(v_values) is distinct from 'array' or jsonb_array_length(v_values) not between 1 and 1000
    or exists (select from jsonb_array_elements(v_values) v where jsonb_typeof(v) not in ('string', 'number', 'boolean', 'null'))
    or not p_filter ? (case v_op when 'in' then 'values' else 'value' end)
  then
    perform core.embedding_refuse_filter(format('%s needs %s', v_op,
      case v_op when 'in' then 'values: 1 to 1000 texts, numbers or booleans' else 'a value that is a text, a number, a boolean or null' end));
  end if;
  return format(case v_op when 'ne' then '(!exists (%s ? (%s)))' else '(exists (%s ? (%s)))' end, v_key,
    (select string_agg(format('@ %s %s', coalesce(v_sign, '=='), v.value), ' || ' order by v.n)
      from jsonb_array_elements(v_values) with ordinality as v (value, n)));
end
$$;
comment on function core.embedding_filter is 'A filter on metadata as the text of a jsonpath. PT400 for what is none.';

create function core.embedding_refuse_filter(p_fault text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT400', 'invalid_filter', 'filter ' || p_fault,
    'Write for example {"op": "and", "args": [{"op": "eq", "key": "lang", "value": "en"}, {"op": "gt", "key": "year", "value": 2020}]}.',
    jsonb_build_object('field', 'filter'));
end
$$;
comment on function core.embedding_refuse_filter is 'Raises PT400: what is wrong with a filter.';

-- supabase/schemas/96_embedding/60_search.sql

-- Search: by vectors, by words, or both. Each leg answers ids in order; content is read for the hits alone.

create type core.embedding_leg as (items bigint[], scores double precision[], plan text, is_complete boolean);
comment on type core.embedding_leg is 'What one way of searching found, best first.';

-- The nearest items, all of them compared.
create function core.embedding_exact(p_schema text, p_generation core.embedding_generation, p_vector text, p_where text, p_limit int,
  p_tenant text, p_filter jsonpath, p_source text) returns core.embedding_leg
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_leg core.embedding_leg;
begin
  execute format($sql$
    select array_agg(s.item order by s.d, s.item), array_agg(s.d order by s.d, s.item)
    from (
      select v.item, v.embedding operator(%1$I.%2$s) $1::%1$I.halfvec as d from core.%3$I v %4$s order by 2, 1 limit $5
    ) s
  $sql$, p_schema, core.embedding_operator(p_generation.metric), 'embedding_vector_' || p_generation.id, p_where)
  into v_leg.items, v_leg.scores using p_vector, p_tenant, p_filter, p_source, p_limit;
  v_leg.plan := 'exact';
  return v_leg;
end
$$;
comment on function core.embedding_exact is 'The nearest items by comparing all that match.';

-- The nearest items by the HNSW index, which continues until enough match or its limit of rows is reached.
create function core.embedding_near(p_schema text, p_generation core.embedding_generation, p_vector text, p_where text, p_limit int,
  p_tenant text, p_filter jsonpath, p_source text, p_ef int) returns core.embedding_leg
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_leg core.embedding_leg;
begin
  perform set_config('hnsw.ef_search', p_ef::text, true), set_config('hnsw.iterative_scan', 'relaxed_order', true);
  execute format($sql$
    with near as materialized (
      select v.item, v.embedding::%1$I.%5$s(%6$s) operator(%1$I.%2$s) $1::%1$I.%5$s(%6$s) as d from core.%3$I v %4$s
      order by v.embedding::%1$I.%5$s(%6$s) operator(%1$I.%2$s) $1::%1$I.%5$s(%6$s) limit $5
    )
    select array_agg(n.item order by n.d, n.item), array_agg(n.d order by n.d, n.item) from near n
  $sql$, p_schema, core.embedding_operator(p_generation.metric), 'embedding_vector_' || p_generation.id, p_where,
    p_generation.index_type, p_generation.dims)
  into v_leg.items, v_leg.scores using p_vector, p_tenant, p_filter, p_source, p_limit;
  v_leg.plan := 'hnsw';
  return v_leg;
end
$$;
comment on function core.embedding_near is 'The nearest items by the HNSW index; may be fewer than match.';

-- How many items a tenant of a space has.
create function core.embedding_tenant_items(p_space bigint, p_tenant text) returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((select t.items from core.embedding_tenant t where t.space = p_space and t.tenant = p_tenant), 0)
$$;
comment on function core.embedding_tenant_items is 'How many items a tenant of a space has.';

-- About how many of a tenant's p_items items meet a condition on i, by the statistics of Postgres over all items: to count many
-- of a million takes longer than to search them. 0 where there are no statistics yet.
create function core.embedding_expected(p_condition text, p_items bigint) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp set max_parallel_workers_per_gather = 0 as $$
declare
  v_all real := (select c.reltuples from pg_class c where c.oid = 'core.embedding_item'::regclass);
  v_plan json;
begin
  if v_all <= 0 then return 0; end if;
  execute 'explain (format json) select from core.embedding_item i where ' || p_condition into v_plan;
  return least(p_items, (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint * p_items / v_all::numeric);
end
$$;
comment on function core.embedding_expected is 'About how many items of a tenant meet a condition.';

-- The vector leg: counts what matches, up to 3,001, where a filter makes that necessary. So few are compared one by one; of
-- more, or where many more are expected, the index is asked, and where it finds too few, all are compared after all. So
-- min(p_limit, matching) rows come back in every case.
create function core.embedding_by_vector(p_space core.embedding_space, p_vector text, p_limit int, p_recall text, p_tenant text,
  p_filter jsonpath, p_source text) returns core.embedding_leg
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_schema text := core.embedding_require_vectors(p_space.generation);
  v_generation core.embedding_generation;
  v_where text := case when p_filter is null and p_source is null then 'where v.tenant = $2'
    else 'join core.embedding_item i on i.id = v.item where v.tenant = $2'
      || case when p_filter is not null then ' and i.metadata @@ $3' else '' end
      || case when p_source is not null then ' and i.source = $4' else '' end end;
  v_total bigint := core.embedding_tenant_items(p_space.id, p_tenant);
  v_matching bigint := v_total;
  v_condition text;
  v_leg core.embedding_leg;
begin
  select * into v_generation from core.embedding_generation where id = p_space.generation;
  perform core.embedding_require_embeddings(v_schema, v_generation.dims, array[p_vector]);
  if p_recall = 'exact' or v_generation.index_state <> 'ready' or v_total <= 3000 then
    return core.embedding_exact(v_schema, v_generation, p_vector, v_where, p_limit, p_tenant, p_filter, p_source);
  end if;
  if p_filter is not null or p_source is not null then
    v_condition := concat_ws(' and ', case when p_filter is not null then format('i.metadata @@ %L::jsonpath', p_filter) end,
      case when p_source is not null then format('i.source = %L', p_source) end);
    v_matching := core.embedding_expected(v_condition, v_total);
    if v_matching < 10000 then
      execute format('select count(*) from (select from core.embedding_item i where i.space = $1 and i.tenant = $2 and %s limit 3001) c', v_condition)
      into v_matching using p_space.id, p_tenant;
    end if;
  end if;
  if v_matching > 3000 then
    v_leg := core.embedding_near(v_schema, v_generation, p_vector, v_where, p_limit, p_tenant, p_filter, p_source,
      least(1000, greatest(p_limit, case p_recall when 'fast' then 40 else 80 end)));
    if cardinality(v_leg.items) >= p_limit then return v_leg; end if;
  end if;
  v_leg := core.embedding_exact(v_schema, v_generation, p_vector, v_where, p_limit, p_tenant, p_filter, p_source);
  if v_matching > 3000 then v_leg.plan := 'hnsw+exact'; end if;
  return v_leg;
end
$$;
comment on function core.embedding_by_vector is 'The nearest items of a space; as many as match, up to the limit.';

-- The text leg: items with any of the words, weighed by how rare each word is among the items of the tenant, as BM25 does:
-- ln(1 + (items - found + 0.5) / (found + 0.5)), with both up to 20,000. Candidates are those of the rarest words, about 5,000,
-- and of the rarest alone 20,000 at most: it is incomplete only where words were left out and too few were found.
create function core.embedding_by_text(p_space core.embedding_space, p_text text, p_limit int, p_tenant text, p_filter jsonpath, p_source text)
returns core.embedding_leg
language plpgsql set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = off as $$
declare
  v_owner text := core.embedding_owner_word(p_space.id, p_tenant);
  v_words tsquery[];
  v_weights double precision[];
  v_any tsquery;
  v_leg core.embedding_leg;
  v_total int := least(20000, core.embedding_tenant_items(p_space.id, p_tenant));
  v_where text := case when p_filter is not null then ' and i.metadata @@ $6' else '' end
    || case when p_source is not null then ' and i.source = $7' else '' end;
begin
  with word as (
    select core.embedding_word(w.lexeme) as query from unnest(to_tsvector(p_space.language::regconfig, p_text)) as w order by w.lexeme limit 32
  ), counted as materialized (
    select w.query, case when v_total = 20000 then core.embedding_found(p_space.id, p_tenant, core.embedding_word(v_owner) && w.query) else (
      select count(*) from core.embedding_item i
      where i.words @@ (core.embedding_word(v_owner) && w.query) and i.space = p_space.id and i.tenant = p_tenant
    ) end as found from word w
  ), ranked as (
    select c.*, sum(c.found) over (order by c.found, c.query::text) as cumulated, row_number() over (order by c.found, c.query::text) as n
    from counted c where c.found > 0
  )
  select array_agg(r.query order by r.n), array_agg(ln(1 + (greatest(v_total - r.found, 0) + 0.5) / (r.found + 0.5)) order by r.n),
    (select array_to_string(array_agg(f.query::text order by f.n), ' | ')::tsquery from ranked f where f.n = 1 or f.cumulated <= 5000),
    not bool_or(r.n > 1 and r.cumulated > 5000)
  into v_words, v_weights, v_any, v_leg.is_complete from ranked r;
  v_leg.plan := 'text';
  if v_any is null then
    v_leg.is_complete := true;
    return v_leg;
  end if;
  execute format($sql$
    select array_agg(s.id order by s.score desc, s.id), array_agg(s.score order by s.score desc, s.id)
    from (
      select i.id, (select sum(q.weight * ts_rank('{0.1, 0.2, 0.7, 1.0}', i.words, q.query, 0)) from unnest($2, $3) as q (query, weight)) as score
      from (
        select i.id, i.words from core.embedding_item i
        where i.words @@ (core.embedding_word($8) && $1) and i.space = $4 and i.tenant = $5 %s limit 20000
      ) i
      order by 2 desc, 1 limit $9
    ) s
  $sql$, v_where) into v_leg.items, v_leg.scores
  using v_any, v_words, v_weights, p_space.id, p_tenant, p_filter, p_source, v_owner, p_limit;
  v_leg.is_complete := v_leg.is_complete or coalesce(cardinality(v_leg.items) >= p_limit, false);
  return v_leg;
end
$$;
comment on function core.embedding_by_text is 'Items with words of a text, the rarest words weighing most.';

-- How many items of a tenant match a query of words, up to 20,000. Planned for each: what most items have is read in the order of
-- their keys, which ends soon, and the rest through the index of words.
create function core.embedding_found(p_space bigint, p_tenant text, p_query tsquery) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_found bigint;
begin
  execute 'select count(*) from (select from core.embedding_item i where i.words @@ $1 and i.space = $2 and i.tenant = $3 limit 20000) f'
  into v_found using p_query, p_space, p_tenant;
  return v_found;
end
$$;
comment on function core.embedding_found is 'How many items of a tenant match a query of words, up to 20,000.';

create function core.embedding_word(p_word text) returns tsquery
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select ('''' || replace(replace(p_word, '\', '\\'), '''', '''''') || '''')::tsquery
$$;
comment on function core.embedding_word is 'A query for one word, taken literally.';

-- Searches a space: by vector, by text, or hybrid: both, joined by their ranks (1 / (60 + rank)). Only items of the tenant, and
-- of the source and the metadata asked for. As many hits as match, up to p_k. `complete` is false where a bound was hit.
-- p_generation: of which model the vector is; where the space has another one by now, the answer is model_changed.
create function core_api.embedding_search(p_space text, p_vector text default null, p_text text default null, p_mode text default 'hybrid',
  p_k int default 10, p_filter jsonb default null, p_tenant text default '', p_source text default null, p_recall text default 'balanced',
  p_min_score double precision default null, p_include text[] default '{content,metadata}', p_generation bigint default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:read', p_project, p_space, 'read');
  v_filter jsonpath := case when p_filter is not null then core.embedding_filter(p_filter)::jsonpath end;
  v_deep int;
  v_near core.embedding_leg;
  v_text core.embedding_leg;
  v_items bigint[];
  v_scores double precision[];
  v_metric text;
  v_hits jsonb;
begin
  if p_generation <> v_space.generation then
    return jsonb_build_object('ok', false, 'code', 'model_changed', 'generation', v_space.generation);
  end if;
  v_ok := core.embedding_require_names(p_tenant, p_source);
  v_ok := core.embedding_require_search(p_vector, p_text, p_mode, p_k, p_recall, p_include);
  v_deep := case p_mode when 'hybrid' then least(1000, greatest(50, 4 * p_k)) else p_k end;
  if p_mode <> 'text' then v_near := core.embedding_by_vector(v_space, p_vector, v_deep, p_recall, p_tenant, v_filter, p_source); end if;
  if p_mode <> 'vector' then v_text := core.embedding_by_text(v_space, p_text, v_deep, p_tenant, v_filter, p_source); end if;
  case p_mode
    when 'text' then
      v_items := v_text.items;
      v_scores := v_text.scores;
    when 'vector' then
      v_items := v_near.items;
      select g.metric into v_metric from core.embedding_generation g where g.id = v_space.generation;
      v_scores := array(select core.embedding_score(d, v_metric) from unnest(v_near.scores) with ordinality as u (d, n) order by n);
    else
      select array_agg(r.item order by r.score desc, r.item), array_agg(r.score order by r.score desc, r.item) into v_items, v_scores
      from (
        select l.item, sum(1.0::double precision / (60 + l.n)) as score from (
          select u.item, u.n from unnest(v_near.items) with ordinality as u (item, n)
          union all
          select u.item, u.n from unnest(v_text.items) with ordinality as u (item, n)
        ) l group by l.item
      ) r;
  end case;
  -- Each hit is read by its id (lateral, limit 1), whatever Postgres expects of the lengths of arrays.
  select coalesce(jsonb_agg(h.hit order by h.n), '[]') into v_hits
  from (
    select u.n, jsonb_strip_nulls(jsonb_build_object('id', i.id, 'document', i.document, 'ordinal', i.ordinal, 'source', i.source,
        'title', i.title, 'score', u.score, 'start_at', i.start_at, 'end_at', i.end_at,
        'content', case when 'content' = any (p_include) then i.content end,
        'vector', case when 'vector' = any (p_include) then core.embedding_vector_text(v_space.generation, i.id) end))
      || case when 'metadata' = any (p_include) then jsonb_build_object('metadata', i.metadata) else '{}' end as hit
    from unnest(v_items[:p_k], v_scores[:p_k]) with ordinality as u (item, score, n)
    cross join lateral (select * from core.embedding_item e where e.id = u.item limit 1) i
    where p_min_score is null or u.score >= p_min_score
  ) h;
  return jsonb_build_object('ok', true, 'hits', v_hits, 'plan', coalesce(v_near.plan, v_text.plan),
    'complete', coalesce(v_text.is_complete, true) or jsonb_array_length(v_hits) >= p_k);
end
$$;
comment on function core_api.embedding_search is 'The best items of a space for a vector, a text or both; as many as match, up to p_k.';
revoke execute on function core_api.embedding_search from public;
grant execute on function core_api.embedding_search to core_member, service_role;

create function core.embedding_require_search(p_vector text, p_text text, p_mode text, p_k int, p_recall text, p_include text[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.require_range('k', p_k, 1, 1000);
  if p_mode is null or p_mode not in ('vector', 'text', 'hybrid') then
    perform core.refuse('PT400', 'invalid_mode', 'mode must be vector, text or hybrid', null, jsonb_build_object('field', 'mode'));
  elsif p_mode <> 'text' and p_vector is null then
    perform core.refuse('PT400', 'invalid_vector', format('mode %s needs a vector', p_mode), null, jsonb_build_object('field', 'vector'));
  elsif p_mode <> 'vector' and coalesce(octet_length(p_text), 0) not between 1 and 65536 then
    perform core.refuse('PT400', 'invalid_text', format('mode %s needs a text of 1 byte to 64 KB', p_mode), null, jsonb_build_object('field', 'text'));
  elsif p_recall is null or p_recall not in ('fast', 'balanced', 'exact') then
    perform core.refuse('PT400', 'invalid_recall', 'recall must be fast, balanced or exact', null, jsonb_build_object('field', 'recall'));
  elsif p_include is null or not coalesce(p_include <@ '{content,metadata,vector}'::text[], false) then
    perform core.refuse('PT400', 'invalid_include', 'include can name content, metadata and vector', null, jsonb_build_object('field', 'include'));
  end if;
  return true;
end
$$;
comment on function core.embedding_require_search is 'Raises PT400 for arguments of a search that mean nothing.';

-- Greater is better: the cosine of the angle, the inner product, or 1 / (1 + distance).
create function core.embedding_score(p_distance double precision, p_metric text) returns double precision
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case p_metric when 'cosine' then 1 - p_distance when 'ip' then -p_distance else 1 / (1 + p_distance) end
$$;
comment on function core.embedding_score is 'The score of a distance.';

create function core.embedding_vector_text(p_generation bigint, p_item bigint) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_text text;
begin
  if to_regclass('core.embedding_vector_' || p_generation) is null then return null; end if;
  execute format('select embedding::text from core.%I where item = $1', 'embedding_vector_' || p_generation) into v_text using p_item;
  return v_text;
end
$$;
comment on function core.embedding_vector_text is 'The vector of an item as a text, or null.';

-- supabase/schemas/96_embedding/70_cache.sql

-- Vectors by the hash of their text. Behind it is money: the rows are logged, and what was not used for long goes first.

create function core.embedding_require_hashes(p_hashes text[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_hashes is null or cardinality(p_hashes) not between 1 and 1000 then
    perform core.refuse('PT413', 'too_many_hashes', 'hashes must be 1 to 1000', 'Send them in several calls.', jsonb_build_object('field', 'hashes', 'limit', 1000));
  elsif exists (select from unnest(p_hashes) h where h is null or h !~ '^[0-9a-f]{64}$') then
    perform core.refuse('PT400', 'invalid_hash', 'a hash is a SHA-256 in hexadecimal', null, jsonb_build_object('field', 'hashes'));
  end if;
  return true;
end
$$;
comment on function core.embedding_require_hashes is 'Raises PT400 or PT413 unless these are 1 to 1,000 hashes.';

-- Fills the gaps in p_vectors with vectors that the control plane made for other projects, those of the first of them first.
create function core.embedding_cache_shared(p_sharers text[], p_model text, p_revision text, p_dims int, p_hashes text[], p_vectors text[])
returns table (n int, vector text, is_shared boolean)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select h.n::int, coalesce(h.vector, s.embedding), h.vector is null and s.embedding is not null
  from unnest(p_hashes, p_vectors) with ordinality as h (hash, vector, n)
  left join lateral (
    select c.embedding from unnest(p_sharers) with ordinality as o (project, n) join core.embedding_cache c
      on c.project = o.project and c.model = p_model and c.revision = p_revision and c.dims = p_dims and c.hash = h.hash
    where h.vector is null and c.is_shareable order by o.n limit 1) s on true
$$;
comment on function core.embedding_cache_shared is 'Vectors of texts, with those of other projects where the own ones are missing.';

-- The vectors of texts by their hashes, in order; null where none is kept. The project's own first, then with p_shared those
-- that the control plane made for a project that shares the model's vectors with it: of 16 projects at most. `shared` says which
-- these are, counted from 0, so that a caller keeps them no longer than the share lasts. What is found of the project's own counts as
-- used: once an hour at most, so that reading seldom writes. Reading changes nothing of other projects.
create function core_api.embedding_cache_get_many(p_model text, p_dims int, p_hashes text[], p_revision text default '', p_project text default null,
  p_shared boolean default false) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('embedding:read', p_project);
  v_sharers text[];
  v_vectors text[];
  v_shared int[] := '{}';
begin
  v_ok := core.embedding_require_hashes(p_hashes);
  select array_agg(c.embedding order by h.n) into v_vectors
  from unnest(p_hashes) with ordinality as h (hash, n)
  left join core.embedding_cache c on c.project = v_project and c.model = p_model and c.revision = p_revision and c.dims = p_dims and c.hash = h.hash
  limit 1;
  update core.embedding_cache c set used_at = clock_timestamp() from (
    select hash from core.embedding_cache
    where project = v_project and model = p_model and revision = p_revision and dims = p_dims and hash = any (p_hashes)
      and used_at < clock_timestamp() - interval '1 hour'
    order by hash for update skip locked
  ) old
  where c.project = v_project and c.model = p_model and c.revision = p_revision and c.dims = p_dims and c.hash = old.hash;
  if p_shared and array_position(v_vectors, null) is not null then
    v_sharers := core.sharers('vectors', p_model, v_project, 'read', 16);
    if cardinality(v_sharers) > 0 then
      select array_agg(u.vector order by u.n), coalesce(array_agg(u.n - 1 order by u.n) filter (where u.is_shared), '{}') into v_vectors, v_shared
      from core.embedding_cache_shared(v_sharers, p_model, p_revision, p_dims, p_hashes, v_vectors) u;
    end if;
  end if;
  return jsonb_build_object('ok', true, 'vectors', to_jsonb(v_vectors), 'shared', to_jsonb(v_shared));
end
$$;
comment on function core_api.embedding_cache_get_many is 'Kept vectors of up to 1,000 texts by their hashes.';
revoke execute on function core_api.embedding_cache_get_many from public;
grant execute on function core_api.embedding_cache_get_many to core_member, service_role;

-- Deletes vectors of a project, those first that were not used for longest: at most p_limit, and of those not used since
-- p_before. Takes no row that another call holds. Locks: the rows, then the project's size.
create function core.embedding_cache_evict(p_project text, p_before timestamptz, p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
begin
  delete from core.embedding_cache c using (
    select project, model, revision, dims, hash from core.embedding_cache
    where project = p_project and used_at < p_before
    order by used_at limit p_limit for update skip locked) o
  where (c.project, c.model, c.revision, c.dims, c.hash) = (o.project, o.model, o.revision, o.dims, o.hash);
  get diagnostics v_count = row_count;
  update core.embedding_cache_size set vectors = vectors - v_count where project = p_project and v_count > 0;
  return v_count;
end
$$;
comment on function core.embedding_cache_evict is 'Deletes vectors of a project that were not used for longest.';

-- Keeps vectors of texts. A project keeps at most 1,000,000: beyond that those go first that were not used for longest.
-- p_shareable: the control plane's own call of the model made them, so other projects may trust them; owner only. They replace
-- what a program of the project kept before; nothing replaces them. Naturally idempotent. Locks: rows in the order of their hashes, then the project's size.
create function core_api.embedding_cache_put_many(p_model text, p_dims int, p_hashes text[], p_vectors text[], p_revision text default '',
  p_project text default null, p_shareable boolean default false) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('embedding:write', p_project);
  v_is_shareable boolean := coalesce(p_shareable, false);
  v_count int;
  v_total bigint;
begin
  if v_is_shareable then v_ok := core.authorize('embedding:share', null); end if;
  v_ok := core.require_project(v_project);
  v_ok := core.embedding_require_model('any', p_model, p_revision, p_dims, 'cosine');
  v_ok := core.embedding_require_hashes(p_hashes);
  if p_vectors is null or cardinality(p_vectors) <> cardinality(p_hashes)
    or exists (select from unnest(p_vectors) v where v is null or v !~ '^\[[-+0-9.eE,]+\]$' or octet_length(v) > 100000)
  then
    perform core.refuse('PT400', 'invalid_vectors', 'send one vector for each hash, as [x1,x2,…]', null, jsonb_build_object('field', 'vectors'));
  end if;
  with put as (
    insert into core.embedding_cache as c (project, model, revision, dims, hash, embedding, is_shareable)
    select v_project, p_model, p_revision, p_dims, u.hash, min(u.vector), v_is_shareable from unnest(p_hashes, p_vectors) as u (hash, vector)
    group by u.hash order by u.hash collate "C"
    on conflict on constraint embedding_cache_pkey do update set embedding = excluded.embedding, is_shareable = true
    where excluded.is_shareable and not c.is_shareable
    returning xmax = 0 as is_new)
  select count(*) filter (where p.is_new) into v_count from put p;
  if v_count > 0 then
    insert into core.embedding_cache_size as s (project, vectors) values (v_project, v_count)
    on conflict on constraint embedding_cache_size_pkey do update set vectors = s.vectors + excluded.vectors
    returning s.vectors into v_total;
    if v_total > 1000000 then
      perform core.embedding_cache_evict(v_project, 'infinity', least(v_total - 1000000, 2000)::int);
    end if;
  end if;
  return jsonb_build_object('ok', true, 'kept', v_count);
end
$$;
comment on function core_api.embedding_cache_put_many is 'Keeps vectors of up to 1,000 texts by their hashes.';
revoke execute on function core_api.embedding_cache_put_many from public;
grant execute on function core_api.embedding_cache_put_many to core_member, service_role;

-- Deletes kept vectors that were not used for p_keep, at most p_limit, then the tables of generations retired for
-- p_keep_retired, at most ten. Owner only.
create function core_api.embedding_sweep(p_keep interval default '180 days', p_keep_retired interval default '1 hour', p_limit int default 1000)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('embedding:sweep', null);
  v_project text;
  v_swept int := 0;
  v_generation bigint;
  v_dropped int := 0;
begin
  v_ok := core.require_page(p_limit);
  if not pg_try_advisory_xact_lock(hashtextextended('core.embedding_sweep', 0)) then
    return jsonb_build_object('ok', true, 'swept', 0, 'dropped', 0);
  end if;
  for v_project in select s.project from core.embedding_cache_size s where s.vectors > 0 order by s.project limit 10000 loop
    exit when v_swept >= p_limit;
    v_swept := v_swept + core.embedding_cache_evict(v_project, clock_timestamp() - p_keep, p_limit - v_swept);
  end loop;
  for v_generation in select g.id from core.embedding_generation g
    where g.state = 'retired' and g.retired_at < (select clock_timestamp() - p_keep_retired) order by g.id limit 10 for update skip locked
  loop
    execute format('drop table if exists core.%I', 'embedding_vector_' || v_generation);
    delete from core.embedding_generation where id = v_generation;
    v_dropped := v_dropped + 1;
  end loop;
  return jsonb_build_object('ok', true, 'swept', v_swept, 'dropped', v_dropped);
end
$$;
comment on function core_api.embedding_sweep is 'Deletes kept vectors that are not used, and tables of retired generations. Owner only.';
revoke execute on function core_api.embedding_sweep from public;
grant execute on function core_api.embedding_sweep to service_role;

-- supabase/schemas/96_embedding/75_queue.sql

-- Items without a vector: who can embed takes some, for a time, and brings their vectors.

-- Puts items of a generation that is being filled into the queue, in the order of their ids. Locks: the generation.
create function core.embedding_fill(p_generation bigint, p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.embedding_generation;
  v_last bigint;
  v_count int;
begin
  select * into v_row from core.embedding_generation where id = p_generation and filled_to < 9223372036854775807 for no key update skip locked;
  if v_row.id is null then return 0; end if;
  with page as (
    select i.id, i.content from core.embedding_item i where i.space = v_row.space and i.id > v_row.filled_to order by i.id limit p_limit
  ), queued as (
    insert into core.embedding_queue (generation, item)
    select p_generation, p.id from page p where p.content <> '' order by p.id
    on conflict on constraint embedding_queue_pkey do nothing
  )
  select max(p.id), count(*) into v_last, v_count from page p;
  update core.embedding_generation set filled_to = case when v_count < p_limit then 9223372036854775807 else v_last end where id = p_generation;
  return v_count;
end
$$;
comment on function core.embedding_fill is 'Queues the next items of a generation that is being filled.';

-- Takes items that wait for a vector of a model of the space, at most p_limit, for p_lease_s seconds: another caller gets them
-- after that. The texts come with the model that is to embed them: that of p_generation,
-- or the first with any. Locks: the rows taken.
create function core_api.embedding_queue_claim(p_space text, p_limit int default 100, p_lease_s int default 60, p_generation bigint default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_space core.embedding_space := core.embedding_enter('embedding:write', p_project, p_space, 'write');
  v_generation bigint;
  v_rows jsonb;
  v_now timestamptz;
begin
  v_ok := core.require_page(p_limit);
  v_ok := core.require_range('lease_s', p_lease_s, 1, 3600);
  foreach v_generation in array array_remove(array[v_space.generation, v_space.next_generation], null) loop
    if v_generation <> p_generation or to_regclass('core.embedding_vector_' || v_generation) is null then continue; end if;
    perform core.embedding_fill(v_generation, p_limit);
    v_now := clock_timestamp();
    with due as (
      select q.item from core.embedding_queue q
      where q.generation = v_generation and q.due_at <= v_now and q.attempts < 10
      order by q.due_at, q.item limit p_limit for update skip locked
    ), taken as (
      update core.embedding_queue q set due_at = v_now + make_interval(secs => p_lease_s)
      from due d where q.generation = v_generation and q.item = d.item returning q.item, q.attempts
    )
    select jsonb_agg(jsonb_build_object('item', i.id, 'title', i.title, 'content', i.content, 'hash', i.hash, 'attempts', t.attempts) order by i.id)
    into v_rows from taken t join core.embedding_item i on i.id = t.item;
    if v_rows is not null then
      return jsonb_build_object('ok', true, 'items', v_rows, 'model', (
        select core.embedding_generation_view(g) from core.embedding_generation g where g.id = v_generation));
    end if;
  end loop;
  return jsonb_build_object('ok', true, 'items', '[]'::jsonb, 'model', null);
end
$$;
comment on function core_api.embedding_queue_claim is 'Takes items that wait for a vector, with the model that is to embed them.';
revoke execute on function core_api.embedding_queue_claim from public;
grant execute on function core_api.embedding_queue_claim to core_member, service_role;

-- Brings vectors of items that were claimed, with the hash of the text that was embedded: where the text has changed since, the
-- item stays in the queue. An empty vector is a failure: it is tried again after a time that doubles, ten times in all.
-- Idempotent. Locks: the space.
create function core_api.embedding_queue_settle(p_space text, p_generation bigint, p_items bigint[], p_hashes text[], p_vectors text[],
  p_reason text default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_space core.embedding_space := core.embedding_enter('embedding:write', p_project, p_space, 'write', true);
  v_row core.embedding_generation;
  v_group record;
  v_written int := 0;
begin
  select * into v_row from core.embedding_generation where id = p_generation and space = v_space.id and state <> 'retired';
  if v_row.id is null then return jsonb_build_object('ok', true, 'written', 0); end if;
  if p_items is null or cardinality(p_items) > 1000 or cardinality(p_hashes) is distinct from cardinality(p_items)
    or cardinality(p_vectors) is distinct from cardinality(p_items)
  then
    perform core.refuse('PT400', 'invalid_items', 'items, hashes and vectors must be of one length, at most 1000', null, jsonb_build_object('field', 'items'));
  end if;
  p_vectors := array_replace(p_vectors, '', null);
  perform core.embedding_require_embeddings(core.embedding_require_vectors(v_row.id), v_row.dims, p_vectors);
  for v_group in
    select i.tenant, array_agg(i.id order by i.id) as items, array_agg(u.vector order by i.id) as vectors
    from unnest(p_items, p_hashes, p_vectors) as u (item, hash, vector)
    join core.embedding_item i on i.id = u.item and i.space = v_space.id and i.hash = u.hash
    where u.vector is not null group by i.tenant order by i.tenant limit 1000
  loop
    perform core.embedding_put_vectors(v_row.id, v_group.tenant, v_group.items, v_group.vectors);
    v_written := v_written + cardinality(v_group.items);
  end loop;
  update core.embedding_queue q set attempts = q.attempts + 1, reason = left(coalesce(p_reason, 'no vector'), 500),
    due_at = clock_timestamp() + make_interval(secs => least(3600, 5 * 2 ^ q.attempts))
  from unnest(p_items, p_vectors) as u (item, vector) where u.vector is null and q.generation = v_row.id and q.item = u.item;
  return jsonb_build_object('ok', true, 'written', v_written);
end
$$;
comment on function core_api.embedding_queue_settle is 'Brings the vectors of claimed items, or that they failed and why.';
revoke execute on function core_api.embedding_queue_settle from public;
grant execute on function core_api.embedding_queue_settle to core_member, service_role;

-- Spaces in which something waits for a vector of a model of p_provider, at most p_limit: what a worker for all projects looks
-- at. One of each project comes first, then a second one, by chance among them: what always waits, because its model is not
-- there, keeps no other project waiting. swaps: a migration that may change places when nothing waits. Owner only.
create function core_api.embedding_due(p_provider text, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('embedding:drain', null);
  v_now timestamptz := clock_timestamp();
begin
  v_ok := core.require_page(p_limit);
  if core.embedding_schema() is null then return jsonb_build_object('ok', true, 'spaces', '[]'::jsonb); end if;
  return jsonb_build_object('ok', true, 'spaces', (
    select coalesce(jsonb_agg(jsonb_build_object('project', d.project, 'space', d.name, 'swaps', d.swaps) order by d.turn, d.chance), '[]')
    from (
      select s.project, s.name, bool_or(g.swaps_when_filled and g.id = s.next_generation) as swaps, random() as chance,
        row_number() over (partition by s.project order by random()) as turn
      from core.embedding_generation g join core.embedding_space s on s.id = g.space
      where g.provider = p_provider and g.state <> 'retired' and (g.swaps_when_filled and g.id = s.next_generation
        or g.filled_to < 9223372036854775807
        or (select min(q.due_at) from core.embedding_queue q where q.generation = g.id and q.attempts < 10) <= v_now)
      group by s.id order by turn, chance limit p_limit
    ) d));
end
$$;
comment on function core_api.embedding_due is 'Spaces in which something waits for a vector of a provider''s model. Owner only.';
revoke execute on function core_api.embedding_due from public;
grant execute on function core_api.embedding_due to service_role;

-- All spaces of all projects in figures; counts of rows that wait end at 100,000. Owner only.
create function core_api.embedding_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('embedding:read', null);
  return (
    select jsonb_build_object('ok', true, 'spaces', count(*), 'items', coalesce(sum(s.items), 0), 'bytes', coalesce(sum(s.bytes), 0),
      'queued', (select count(*) from (select from core.embedding_queue limit 100000) q),
      'failed', (select count(*) from (select from core.embedding_queue where attempts >= 10 limit 100000) q))
    from core.embedding_space s);
end
$$;
comment on function core_api.embedding_totals is 'Spaces, items and what waits for a vector, of all projects. Owner only.';
revoke execute on function core_api.embedding_totals from public;
grant execute on function core_api.embedding_totals to service_role;

-- supabase/schemas/96_embedding/80_migrate.sql

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

-- supabase/schemas/96_embedding/90_index.sql

-- The index of approximate search. It cannot be built inside a function without holding up writers, so a process builds it over
-- a connection of its own (`buildVectorIndex` of @core/database) and records here what there is.

-- Generations that an index would help: with p_least items or more, at most p_most, and none yet, or the one of p_space whatever
-- it has. Which of more than p_limit is left to chance, so that those that cannot be built keep no other waiting. Owner only.
create function core_api.embedding_index_due(p_least bigint default 10000, p_project text default null, p_space text default null,
  p_limit int default 10, p_most bigint default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('embedding:index', null);
begin
  v_ok := core.require_page(p_limit);
  return jsonb_build_object('ok', true, 'generations', (
    select coalesce(jsonb_agg(core.embedding_generation_view(d::core.embedding_generation) order by d.id), '[]')
    from (
      select g.* from core.embedding_generation g join core.embedding_space s on g.id in (s.generation, s.next_generation)
      where to_regclass('core.embedding_vector_' || g.id) is not null
        and case when p_space is null then g.index_state <> 'ready' and s.items >= p_least and s.items <= coalesce(p_most, s.items) else s.project = p_project and s.name = p_space end
      order by random() limit p_limit
    ) d));
end
$$;
comment on function core_api.embedding_index_due is 'Generations without an index that is worth one, or those of a space. Owner only.';
revoke execute on function core_api.embedding_index_due from public;
grant execute on function core_api.embedding_index_due to service_role;

-- Records the state of an index. Searches use one that is ready. Owner only. Locks: the generation.
create function core_api.embedding_index_set(p_generation bigint, p_state text, p_type text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('embedding:index', null);
  if p_state is null or p_state not in ('none', 'building', 'ready', 'failed') or (p_state = 'ready') <> (p_type is not null) then
    perform core.refuse('PT400', 'invalid_state', 'state must be none, building, failed, or ready with the type of the index', null,
      jsonb_build_object('field', 'state'));
  end if;
  update core.embedding_generation set index_state = p_state, index_type = p_type where id = p_generation;
  return jsonb_build_object('ok', true, 'set', found);
end
$$;
comment on function core_api.embedding_index_set is 'Records the state of the index of a generation. Owner only.';
revoke execute on function core_api.embedding_index_set from public;
grant execute on function core_api.embedding_index_set to service_role;

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
