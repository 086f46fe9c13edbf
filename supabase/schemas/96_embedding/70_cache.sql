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
