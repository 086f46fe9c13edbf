-- Responses: which provider answered each, so that a conversation is continued there, and the content of those that their provider
-- does not keep, sealed by the process that routes.

create table core.model_response (
  project text collate "C" not null constraint model_response_project_fkey references core.project (name),
  id_hash text collate "C" not null constraint model_response_id_hash_form check (id_hash ~ '^[0-9a-f]{64}$'),
  provider text not null,
  provider_project text,
  model text not null,
  tokens bigint not null constraint model_response_tokens_range check (tokens between 0 and 9007199254740991),
  sealed text constraint model_response_sealed_length check (length(sealed) between 1 and 400000),
  at timestamptz not null default clock_timestamp(),
  constraint model_response_pkey primary key (project, id_hash)
);
comment on table core.model_response is 'Who answered a response of a caller, for CORE_ROUTER_CALL_DAYS, and what its provider does not keep, sealed, for seven days.';
comment on column core.model_response.id_hash is 'SHA-256 of the caller and of the response''s id.';
comment on column core.model_response.provider_project is 'Whose provider it is; null for one of all projects.';
comment on column core.model_response.tokens is 'Of the conversation up to it, for what the next call reserves.';
create index model_response_at_idx on core.model_response (at);
create index model_response_sealed_at_idx on core.model_response (at) where sealed is not null;

-- Notes who answered a response; p_sealed is its content where that provider does not keep it. Naturally idempotent: the
-- first one stays.
create function core_api.router_response_put(p_project text, p_id_hash text, p_provider text, p_model text, p_tokens bigint,
  p_provider_project text default null, p_sealed text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('id_hash', p_id_hash);
  v_ok := core.router_require_name(p_provider, 50);
  v_ok := core.router_require_name(p_model, 200);
  v_ok := core.require_range('tokens', p_tokens, 0, 9007199254740991);
  v_ok := p_sealed is null or core.require_text('sealed', p_sealed, 400000);
  insert into core.model_response (project, id_hash, provider, provider_project, model, tokens, sealed)
  select p.name, p_id_hash, p_provider, p_provider_project, p_model, p_tokens, p_sealed from core.project p where p.name = p_project
  on conflict on constraint model_response_pkey do nothing;
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.router_response_put is 'Notes who answered a response, and its sealed content where that provider keeps none.';
revoke execute on function core_api.router_response_put from public;
grant execute on function core_api.router_response_put to service_role;

-- A response of a caller; null where there is none, or none any more.
create function core_api.router_response(p_project text, p_id_hash text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('id_hash', p_id_hash);
  return jsonb_build_object('ok', true, 'response', (
    select jsonb_build_object('provider', provider, 'provider_project', provider_project, 'model', model, 'tokens', tokens, 'sealed', sealed)
    from core.model_response
    where project = p_project and id_hash = p_id_hash and (sealed is null or at > clock_timestamp() - interval '7 days')));
end
$$;
comment on function core_api.router_response is 'Who answered a response, and its sealed content.';
revoke execute on function core_api.router_response from public;
grant execute on function core_api.router_response to service_role;

-- Forgets a response. Naturally idempotent: removed false where there is none.
create function core_api.router_response_remove(p_project text, p_id_hash text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
  v_count int;
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('id_hash', p_id_hash);
  delete from core.model_response where project = p_project and id_hash = p_id_hash;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'removed', v_count > 0);
end
$$;
comment on function core_api.router_response_remove is 'Forgets a response.';
revoke execute on function core_api.router_response_remove from public;
grant execute on function core_api.router_response_remove to service_role;
