-- The steps that the ledger's functions share: checked arguments, the account and its purse, replay, journal, answer.

create function core.ledger_require_amount(p_field text, p_amount bigint, p_least bigint default 1) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  if p_amount is null or p_amount < p_least or p_amount > 9007199254740991 then
    perform core.refuse('PT400', 'invalid_amount',
      format('%s must be a whole number of micro-credits from %s to 9007199254740991, got %s',
        p_field, p_least, coalesce(p_amount::text, 'null')),
      'One credit is 1000000 micro-credits.', jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.ledger_require_amount is 'Raises PT400 unless the amount is a whole number in [p_least, 2^53 - 1].';

create function core.ledger_require_ttl(p_ttl_s int) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  if p_ttl_s is null or p_ttl_s not between 1 and 86400 then
    perform core.refuse('PT400', 'invalid_ttl', format('ttl_s must be 1 to 86400 seconds, got %s', coalesce(p_ttl_s::text, 'null')),
      'For longer work extend the hold while it runs.', jsonb_build_object('field', 'ttl_s'));
  end if;
  return true;
end
$$;
comment on function core.ledger_require_ttl is 'Raises PT400 unless the time to live is 1 to 86,400 seconds.';

-- Keys of clients may not begin with core:, which the ledger's own journal rows (expiry) use.
create function core.ledger_require_key(p_key text) returns boolean
language plpgsql immutable set search_path = '' as $$
declare
  v_ok boolean;
begin
  v_ok := core.require_key(p_key);
  if starts_with(p_key, 'core:') then
    perform core.refuse('PT400', 'invalid_key', 'p_key must not begin with core:', 'That prefix belongs to the ledger itself.',
      jsonb_build_object('field', 'key'));
  end if;
  return true;
end
$$;
comment on function core.ledger_require_key is 'Raises PT400 unless the key is 1 to 200 characters and not of the ledger''s own kind.';

-- Credits come in only while total_in + overdraft stays in the range of amounts: then nothing that is reserved or charged
-- within the balance can leave it, and every sum in an answer is exact in JSON.
create function core.ledger_require_bound(p_field text, p_total_in bigint, p_overdraft bigint) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  if p_total_in + p_overdraft > 9007199254740991 then
    perform core.refuse('PT400', 'invalid_amount',
      'what the account has received in all, with its overdraft, would be more than 9007199254740991 micro-credits',
      'Give less, or use another account.', jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.ledger_require_bound is 'Raises PT400 when an account would receive more than 2^53 - 1 in all.';

-- Finds an account for a caller who may use it. Authorisation goes by the code's first segment, so that a foreign
-- caller learns nothing about which accounts exist. The result is null (id null) where there is none.
create function core.ledger_find_account(p_capability text, p_account text) returns core.ledger_account
language plpgsql stable set search_path = '' as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
begin
  if p_account is null or length(p_account) not between 1 and 200 then
    perform core.refuse('PT400', 'invalid_account', 'account must be the code of an account, 1 to 200 characters',
      'For example smart_layer or smart_layer/agent-7.', jsonb_build_object('field', 'account'));
  end if;
  v_ok := core.authorize(p_capability, split_part(p_account, '/', 1));
  select * into v_account from core.ledger_account
  where code = p_account and kind not in ('issuer', 'sink', 'breakage');
  return v_account;
end
$$;
comment on function core.ledger_find_account is 'The account of that code, after authorisation by its project; null when there is none.';

create function core.ledger_is_frozen(p_path bigint[]) returns boolean
language plpgsql stable set search_path = '' as $$
begin
  return exists (select from core.ledger_account where id = any (p_path) and status <> 'active');
end
$$;
comment on function core.ledger_is_frozen is 'Whether the account or one of its ancestors is frozen or closed.';

-- Answers a known key with its first result, or raises PT422 naming the fields that differ. Null for a new key.
-- Called under the purse's lock: the journal row of a racing twin is then committed and visible.
create function core.ledger_replay(p_project text, p_key text, p_request jsonb) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
  v_request jsonb;
  v_result jsonb;
  v_fields text[];
begin
  select request, result into v_request, v_result from core.ledger_tx where project = p_project and key = p_key;
  if not found then return null; end if;
  if v_request <> p_request then
    select array_agg(k order by k) into v_fields
    from (select jsonb_object_keys(v_request || p_request) as k) keys
    where v_request -> k is distinct from p_request -> k;
    perform core.refuse('PT422', 'idempotency_mismatch',
      format('key %s was used before with another %s', p_key, array_to_string(v_fields, ', ')),
      'Send the first payload again, or a new key for a new effect.', jsonb_build_object('fields', to_jsonb(v_fields)));
  end if;
  return v_result || '{"replayed": true}';
end
$$;
comment on function core.ledger_replay is 'The stored result of a known key, PT422 when the payload differs, null when the key is new.';

-- Writes the journal row. A twin with the same key that took another account's lock makes this raise 40001: the
-- caller's retry then replays.
create function core.ledger_journal(
  p_tx bigint, p_key text, p_op text, p_account core.ledger_account, p_purse core.ledger_account, p_hold uuid,
  p_amount bigint, p_flags text[], p_request jsonb, p_result jsonb, p_now timestamptz,
  p_budget_ids bigint[] default null, p_window_starts timestamptz[] default null, p_related bigint default null
) returns boolean
language plpgsql set search_path = '' as $$
begin
  insert into core.ledger_tx (id, project, key, op, account_id, purse_id, version, hold, related_id, amount, flags,
    budget_ids, window_starts, request, result, actor, created_at)
  values (p_tx, p_account.project, p_key, p_op, p_account.id, p_purse.id, p_purse.version, p_hold, p_related, p_amount, p_flags,
    p_budget_ids, p_window_starts, p_request, p_result, core.actor(), p_now)
  on conflict on constraint ledger_tx_key_key do nothing;
  if not found then
    raise exception using errcode = '40001', message = 'the same key is being used by a concurrent call',
      hint = 'Send the call again.';
  end if;
  return true;
end
$$;
comment on function core.ledger_journal is 'Appends one row to the journal; 40001 when a concurrent call took the key.';

-- Two entries that sum to zero: the purse and its counterpart (issuer 1, sink 2, breakage 3).
create function core.ledger_post(p_tx bigint, p_purse core.ledger_account, p_amount bigint, p_counterpart bigint) returns boolean
language plpgsql set search_path = '' as $$
begin
  insert into core.ledger_entry (tx_id, account_id, amount, balance_after, version)
  values (p_tx, p_purse.id, p_amount, p_purse.total_in - p_purse.total_out, p_purse.version),
         (p_tx, p_counterpart, -p_amount, null, null);
  return true;
end
$$;
comment on function core.ledger_post is 'Posts an amount to a purse, already counted in it, against an account that is never locked.';

create function core.ledger_available(p_purse core.ledger_account) returns bigint
language plpgsql immutable set search_path = '' as $$
begin
  return p_purse.total_in::bigint - p_purse.total_out - p_purse.held + p_purse.overdraft;
end
$$;
comment on function core.ledger_available is 'What may still be reserved: in - out - held + overdraft. Negative means debt.';

-- What every answer carries.
create function core.ledger_answer(p_tx bigint, p_purse core.ledger_account, p_budgets jsonb) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return jsonb_build_object('ok', true, 'tx', p_tx, 'replayed', false,
    'settled', p_purse.total_in::bigint - p_purse.total_out, 'held', p_purse.held,
    'available', core.ledger_available(p_purse), 'budgets', p_budgets);
end
$$;
comment on function core.ledger_answer is 'The common part of every accepted answer.';

-- A denial is a value: nothing is raised, nothing but lazy expiry is kept, nothing is stored under the key.
create function core.ledger_denied(p_code text, p_account text, p_purse core.ledger_account default null,
  p_budgets jsonb default '[]', p_facts jsonb default '{}') returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return jsonb_build_object('ok', false, 'code', p_code, 'account', p_account) || p_facts
    || case when p_purse.id is null then '{}' else jsonb_build_object(
      'settled', p_purse.total_in::bigint - p_purse.total_out, 'held', p_purse.held,
      'available', core.ledger_available(p_purse), 'budgets', p_budgets) end;
end
$$;
comment on function core.ledger_denied is 'A refusal as data: code, account, the balance and the budgets that decided.';
