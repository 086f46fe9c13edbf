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
