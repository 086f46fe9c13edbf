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
