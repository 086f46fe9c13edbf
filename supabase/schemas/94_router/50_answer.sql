-- Answers that are kept for a repeated Idempotency-Key, sealed by the process that routes.

create table core.model_answer (
  project text collate "C" not null constraint model_answer_project_fkey references core.project (name),
  key_hash text collate "C" not null constraint model_answer_key_hash_form check (key_hash ~ '^[0-9a-f]{64}$'),
  request_hash text not null constraint model_answer_request_hash_form check (request_hash ~ '^[0-9a-f]{64}$'),
  sealed text not null constraint model_answer_sealed_length check (length(sealed) between 1 and 400000),
  at timestamptz not null default clock_timestamp(),
  constraint model_answer_pkey primary key (project, key_hash)
);
comment on table core.model_answer is 'Plain answers of model calls with an Idempotency-Key, sealed, for 24 hours.';
create index model_answer_at_idx on core.model_answer (at);

create function core.router_require_hash(p_field text, p_hash text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_hash is null or p_hash !~ '^[0-9a-f]{64}$' then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be 64 hexadecimal digits', p_field), null, jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.router_require_hash is 'Raises PT400 unless a text is a SHA-256 in hexadecimal digits.';

-- Keeps the sealed answer of a call. Naturally idempotent: the first one stays.
create function core_api.router_answer_put(p_project text, p_key_hash text, p_request_hash text, p_sealed text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('key_hash', p_key_hash);
  v_ok := core.router_require_hash('request_hash', p_request_hash);
  v_ok := core.require_text('sealed', p_sealed, 400000);
  insert into core.model_answer (project, key_hash, request_hash, sealed)
  select p.name, p_key_hash, p_request_hash, p_sealed from core.project p where p.name = p_project
  on conflict on constraint model_answer_pkey do nothing;
  return jsonb_build_object('ok', true);
end
$$;
comment on function core_api.router_answer_put is 'Keeps the sealed answer of a model call.';
revoke execute on function core_api.router_answer_put from public;
grant execute on function core_api.router_answer_put to service_role;

-- The answer that was kept under a key within 24 hours; null where there is none.
create function core_api.router_answer(p_project text, p_key_hash text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('model:write', null);
begin
  v_ok := core.router_require_name(p_project, 200);
  v_ok := core.router_require_hash('key_hash', p_key_hash);
  return jsonb_build_object('ok', true, 'answer', (
    select jsonb_build_object('request_hash', request_hash, 'sealed', sealed) from core.model_answer
    where project = p_project and key_hash = p_key_hash and at > clock_timestamp() - interval '24 hours'));
end
$$;
comment on function core_api.router_answer is 'The sealed answer that was kept under a key.';
revoke execute on function core_api.router_answer from public;
grant execute on function core_api.router_answer to service_role;
