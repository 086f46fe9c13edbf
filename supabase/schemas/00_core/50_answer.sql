-- First answers, for requests whose effect leaves no row from which they could be rebuilt.

create table core.kept_answer (
  scope text collate "C" not null,
  key text collate "C" not null,
  request jsonb not null,
  answer jsonb not null,
  at timestamptz not null default clock_timestamp(),
  constraint kept_answer_pkey primary key (scope, key)
);
comment on table core.kept_answer is 'The answers of requests that create something, by idempotency key. Never deleted: there are few.';
comment on column core.kept_answer.scope is 'The project whose keys these are; empty for those that make projects.';

-- Locks: the key, so that a concurrent call with the same key waits for the answer.
create function core.first_answer(p_scope text, p_key text, p_request jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.kept_answer;
begin
  perform core.require_key(p_key);
  perform pg_advisory_xact_lock(hashtextextended(format('kept_answer:%s:%s', p_scope, p_key), 0));
  select * into v_row from core.kept_answer where scope = p_scope and key = p_key;
  if v_row.key is null then return null; end if;
  if v_row.request <> p_request then
    perform core.refuse('PT422', 'idempotency_mismatch', 'this idempotency key was used for another request',
      'Use a new idempotency key for a new effect.',
      jsonb_build_object('fields', (
        select jsonb_agg(field order by field) from jsonb_object_keys(v_row.request || p_request) field
        where v_row.request -> field is distinct from p_request -> field)));
  end if;
  return v_row.answer || '{"replayed": true}';
end
$$;
comment on function core.first_answer is 'What this request was answered before; null for a new key. Raises PT422 where the key meant something else.';

create function core.keep_answer(p_scope text, p_key text, p_request jsonb, p_answer jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into core.kept_answer (scope, key, request, answer) values (p_scope, p_key, p_request, p_answer);
  return p_answer || '{"replayed": false}';
end
$$;
comment on function core.keep_answer is 'Keeps an answer under its key and gives it back. Only after first_answer.';
