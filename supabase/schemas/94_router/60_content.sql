-- What was asked and answered, of routes that say so: sealed by the process that routes, which alone can open it.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('model:content', 'Read what model calls asked and answered', '{admin,owner}', false, null);

create table core.model_content (
  project text collate "C" not null constraint model_content_project_fkey references core.project (name),
  call text collate "C" not null constraint model_content_call_length check (length(call) between 1 and 200),
  at timestamptz not null,
  sealed text not null constraint model_content_sealed_length check (length(sealed) between 1 and 700000),
  constraint model_content_pkey primary key (project, call)
);
comment on table core.model_content is 'Requests and answers of model calls whose route has log: content, sealed, for seven days.';
create index model_content_at_idx on core.model_content (at);

-- Writes contents of calls, [{project, call, at, sealed}], at most 20; one that is there already stays. Naturally idempotent.
-- Returns how many were new.
create function core_api.router_contents_put(p_contents jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_count int;
begin
  v_ok := core.require_exact('contents', p_contents);
  if jsonb_typeof(p_contents) is distinct from 'array' or jsonb_array_length(p_contents) not between 1 and 20 then
    perform core.refuse('PT400', 'invalid_contents', 'contents must be a list of 1 to 20', null, jsonb_build_object('field', 'contents'));
  end if;
  insert into core.model_content (project, call, at, sealed)
  select c.project, c.call, c.at, c.sealed
  from jsonb_to_recordset(p_contents) as c (project text, call text, at timestamptz, sealed text)
  join core.project p on p.name = c.project
  order by c.project collate "C", c.call collate "C"
  on conflict on constraint model_content_pkey do nothing;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'written', v_count);
end
$$;
comment on function core_api.router_contents_put is 'Writes the sealed contents of model calls.';
revoke execute on function core_api.router_contents_put from public;
grant execute on function core_api.router_contents_put to service_role;

-- The sealed content of a call; null where none is kept.
create function core_api.router_content(p_call text, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('model:content', p_project);
  v_ok boolean := core.require_text('call', p_call, 200);
begin
  return jsonb_build_object('ok', true, 'content', (
    select jsonb_build_object('at', at, 'sealed', sealed) from core.model_content
    where project = v_project and call = p_call and at > clock_timestamp() - interval '7 days'));
end
$$;
comment on function core_api.router_content is 'The sealed content of a model call.';
revoke execute on function core_api.router_content from public;
grant execute on function core_api.router_content to core_member, service_role;
