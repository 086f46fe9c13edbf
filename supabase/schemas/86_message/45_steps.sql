-- Whether an inbox has something to receive, also what a dead process held.
create function core.message_is_ready(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return core.message_has_ready(p_project) or core.message_has_due(p_project);
end
$$;
comment on function core.message_is_ready is 'Whether an inbox has something to receive.';

-- Whether who waits for the reply to a message need not wait any more.
create function core.message_is_answered(p_message uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return exists (select from core.message where reply_to = p_message)
    or exists (select from core.message_done where message = p_message and status = 'dead');
end
$$;
comment on function core.message_is_answered is 'Whether a message has a reply, or will have none.';
