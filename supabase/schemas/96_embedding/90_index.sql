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
