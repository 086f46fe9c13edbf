-- The journal: what is kept of a call, and the answer of a known key, rebuilt from it.

-- A call as the journal keeps it: what is null or a default says nothing, and a row per call is long enough.
create function core.ledger_request(p_fields jsonb, p_metadata jsonb default '{}') returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return jsonb_strip_nulls(p_fields) || case when p_metadata = '{}' then '{}' else jsonb_build_object('metadata', p_metadata) end;
end
$$;
comment on function core.ledger_request is 'The fields of a call that are not null, and its metadata unless empty.';

-- The answer of a reserve, settle, void or charge, rebuilt from its journal row: the first one and each replay. p_hold as
-- the call left it or later: what is read of it no longer changes. p_heads: of the row's windows, in their order. Composed as
-- text, like the answers of a batch, and by op in steps of their own: what a call does not come to is not prepared either.
create function core.ledger_answer(p_tx core.ledger_tx, p_hold core.ledger_hold, p_heads text[]) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_counts bigint[] := p_tx.windows;
  v_budgets text := '';
  v_own text;
begin
  -- A hold may have grown into further windows since.
  for i in 1 .. coalesce(cardinality(v_counts), 0) / 3 loop
    v_budgets := concat(v_budgets, case when i > 1 then ', ' end, p_heads[i], v_counts[3 * i - 2], ', "spent": ', v_counts[3 * i - 1],
      ', "held": ', v_counts[3 * i], ', "rest": ', v_counts[3 * i - 2] - v_counts[3 * i - 1] - v_counts[3 * i], '}');
  end loop;
  if p_tx.op = 'reserve' then
    v_own := concat('"hold": "', p_tx.hold, '", "granted": ', p_tx.amount, ', "expires_at": ',
      to_json(p_tx.created_at + make_interval(secs => coalesce((p_tx.request -> 'ttl_s')::int, 120))));
  elsif p_tx.op = 'charge' then
    v_own := concat('"account": ', p_tx.request -> 'account', ', "charged": ', p_tx.amount);
  elsif p_tx.op = 'void' then
    v_own := concat('"hold": "', p_tx.hold, '", "status": "voided", "released": ', p_hold.released);
  elsif p_tx.flags = '{}' then
    v_own := concat('"hold": "', p_tx.hold, '", "charged": ', p_tx.amount, ', "status": "settled", "flags": [], "uncollected": 0, "released": ',
      p_hold.amount - p_hold.captured);
  else
    v_own := concat('"hold": "', p_tx.hold, '", "charged": ', p_tx.amount, ', "flags": ', to_json(p_tx.flags), ', "uncollected": ',
      coalesce(p_tx.uncollected, 0), case when 'late' = any (p_tx.flags)
        then concat(', "status": "settled_late", "released": ', greatest(0, p_hold.amount - p_hold.captured - p_tx.amount))
        else concat(', "status": "settled", "released": ', greatest(0, p_hold.amount - p_hold.captured)) end);
  end if;
  return concat('{"ok": true, "replayed": false, "tx": ', p_tx.id, ', ', v_own, ', "settled": ', p_tx.settled, ', "held": ', p_tx.held,
    ', "available": ', p_tx.available, ', "budgets": [', v_budgets, ']}')::jsonb;
end
$$;
comment on function core.ledger_answer is 'The answer of a reserve, settle, void or charge, from its journal row, its hold and the heads of its windows.';

-- The first answer of a journal row, whatever its call was.
create function core.ledger_result(p_tx core.ledger_tx) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_hold core.ledger_hold;
  v_windows core.ledger_window_set;
begin
  if p_tx.result is not null then return p_tx.result; end if;
  select * into v_hold from core.ledger_hold where id = p_tx.hold and project = p_tx.project;
  v_windows := case when p_tx.hold is null then core.ledger_read_windows(p_tx.budget_ids, p_tx.window_starts)
    else core.ledger_read_hold(v_hold, p_tx.budget_ids, p_tx.window_starts) end;
  return core.ledger_answer(p_tx, v_hold, v_windows.heads);
end
$$;
comment on function core.ledger_result is 'The first answer of a journal row.';

-- Answers a known key with its first result, or raises PT422 naming the fields that differ. Null for a new key.
-- Called under the purse's lock: the journal row of a concurrent call with this key is then committed and visible.
create function core.ledger_replay(p_project text, p_key text, p_request jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_tx core.ledger_tx;
  v_fields text[];
begin
  select * into v_tx from core.ledger_tx where project = p_project and key = p_key;
  if not found then return null; end if;
  if v_tx.request <> p_request then
    select array_agg(k order by k) into v_fields
    from (select jsonb_object_keys(v_tx.request || p_request) as k) keys
    where v_tx.request -> k is distinct from p_request -> k;
    perform core.refuse('PT422', 'idempotency_mismatch',
      format('key %s was used before with another %s', p_key, array_to_string(v_fields, ', ')),
      'Send the first payload again, or a new key for a new effect.', jsonb_build_object('fields', to_jsonb(v_fields)));
  end if;
  return core.ledger_result(v_tx) || '{"replayed": true}';
end
$$;
comment on function core.ledger_replay is 'The first result of a known key, PT422 when the payload differs, null when the key is new.';

-- Writes the journal row, and returns of it what core.ledger_answer reads: with p_result, or with p_counts as core.ledger_counts has them where the answer is rebuilt from the row.
-- A call with the same key that took another account's lock makes this raise 40001: the caller's retry then replays.
create function core.ledger_journal(
  p_tx bigint, p_key text, p_op text, p_account core.ledger_account, p_purse core.ledger_account, p_hold uuid,
  p_amount bigint, p_flags text[], p_request jsonb, p_result jsonb, p_now timestamptz,
  p_budget_ids bigint[] default null, p_window_starts timestamptz[] default null, p_related bigint default null,
  p_counts bigint[] default null, p_above bigint default null, p_uncollected bigint default null,
  p_captured_from bigint default null
) returns core.ledger_tx
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_tx core.ledger_tx;
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
  -- core.actor(), core.request_id() and what core.xid_after mostly answers written out: this is on the path of every posting.
  insert into core.ledger_tx (id, xid, project, key, op, account_id, purse_id, version, hold, related_id, amount, flags,
    budget_ids, window_starts, settled, held, available, windows, request, result, actor, request_id, created_at, above, uncollected,
    captured_from)
  values (p_tx, (
      select case when h.base = 0 and l.xid <= pg_current_xact_id() then pg_current_xact_id() else core.xid_after(l.xid, h.base) end
      from core.xid_head h left join (select t.xid from core.ledger_tx t order by t.xid desc limit 1) l on true), p_account.project, p_key, p_op,
    p_account.id, p_purse.id, p_purse.version, p_hold, p_related, p_amount, p_flags,
    p_budget_ids, p_window_starts, p_purse.total_in::bigint - p_purse.total_out, p_purse.held,
    p_purse.total_in::bigint - p_purse.total_out - p_purse.held + p_purse.overdraft,
    p_counts, p_request, p_result,
    coalesce(v_claims ->> 'sub', nullif(current_setting('role', true), 'none'), session_user::text), v_claims ->> 'rid', p_now,
    nullif(p_above, 0), nullif(p_uncollected, 0), nullif(p_captured_from, 0))
  on conflict on constraint ledger_tx_key_key do nothing
  returning id, op, hold, amount, flags, settled, held, available, windows, request, uncollected, created_at
  into v_tx.id, v_tx.op, v_tx.hold, v_tx.amount, v_tx.flags, v_tx.settled, v_tx.held, v_tx.available, v_tx.windows, v_tx.request,
    v_tx.uncollected, v_tx.created_at;
  if not found then
    raise exception using errcode = '40001', message = 'the same key is being used by a concurrent call',
      hint = 'Send the call again.';
  end if;
  return v_tx;
end
$$;
comment on function core.ledger_journal is 'Appends one row to the journal; 40001 when a concurrent call took the key.';

-- Two entries that sum to zero: the purse and its counterpart (issuer 1, sink 2, breakage 3).
create function core.ledger_post(p_tx bigint, p_purse core.ledger_account, p_amount bigint, p_counterpart bigint) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into core.ledger_entry (tx_id, account_id, amount, balance_after, version)
  values (p_tx, p_purse.id, p_amount, p_purse.total_in - p_purse.total_out, p_purse.version),
         (p_tx, p_counterpart, -p_amount, null, null);
  return true;
end
$$;
comment on function core.ledger_post is 'Posts an amount to a purse, already counted in it, against an account that is never locked.';
