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
