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
