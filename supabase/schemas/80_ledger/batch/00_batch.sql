-- Batches: up to 1,000 operations in one call, one result per operation, in order. What a batch may hold, and the
-- path that takes operations one by one. The path that takes them together is in the next file.

-- Runs one operation of a batch through its own function; misuse becomes a result and rolls back alone.
create function core.ledger_apply(p_op jsonb, p_batch core.ledger_batch_locks) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_fields text[];
  v_sqlstate text;
  v_message text;
  v_detail text;
  v_hint text;
begin
  if jsonb_typeof(p_op) is distinct from 'object' then
    perform core.refuse('PT400', 'invalid_op', 'an operation must be an object', 'Send {"op": "reserve", "key": …, …}.');
  end if;
  v_fields := case p_op ->> 'op'
    when 'reserve' then '{account,amount,hold,min,ttl_s,over,metadata}'
    when 'settle' then '{hold,amount,metadata}'
    when 'void' then '{hold,reason}'
    when 'charge' then '{account,amount,metadata}'
    when 'extend' then '{hold,add,min,ttl_s}'
    when 'capture' then '{hold,amount}'
    when 'grant' then '{account,amount,reason,metadata}'
    when 'transfer' then '{from,to,amount,mode}'
    when 'refund' then '{tx,amount}'
    end::text[];
  if v_fields is null then
    perform core.refuse('PT400', 'invalid_op', format('%s is not an operation of a batch', coalesce(p_op -> 'op', 'null')),
      'Use reserve, settle, void, charge, extend, capture, grant, transfer or refund.', jsonb_build_object('field', 'op'));
  elsif p_op - (v_fields || '{op,key}') <> '{}' then
    perform core.refuse('PT400', 'unknown_field', format('%s has no field %s', p_op ->> 'op',
      (select string_agg(k, ', ') from jsonb_object_keys(p_op - (v_fields || '{op,key}')) k)),
      format('Its fields are key, %s.', array_to_string(v_fields, ', ')), jsonb_build_object('field', 'op'));
  end if;
  -- As strict as the look-up of what to lock: a spelling that only one of them took would never find its lock.
  if p_op ->> 'op' = 'refund' and p_op ->> 'tx' !~ '^[0-9]{1,18}$' then
    perform core.refuse('PT400', 'invalid_value', format('%s is not the number of a transaction', p_op -> 'tx'), 'Send tx as a number.',
      jsonb_build_object('field', 'tx'));
  end if;
  return case p_op ->> 'op'
    when 'reserve' then core.ledger_reserve(p_batch, p_op ->> 'key', p_op ->> 'account', (p_op ->> 'amount')::bigint, (p_op ->> 'hold')::uuid,
      (p_op ->> 'min')::bigint, coalesce((p_op ->> 'ttl_s')::int, 120), coalesce(p_op ->> 'over', 'cap'), coalesce(nullif(p_op -> 'metadata', 'null'), '{}'))
    when 'settle' then core.ledger_settle(p_batch, p_op ->> 'key', (p_op ->> 'hold')::uuid, (p_op ->> 'amount')::bigint, coalesce(nullif(p_op -> 'metadata', 'null'), '{}'))
    when 'void' then core.ledger_void(p_batch, p_op ->> 'key', (p_op ->> 'hold')::uuid, p_op ->> 'reason')
    when 'charge' then core.ledger_charge(p_batch, p_op ->> 'key', p_op ->> 'account', (p_op ->> 'amount')::bigint, coalesce(nullif(p_op -> 'metadata', 'null'), '{}'))
    when 'extend' then core.ledger_extend(p_batch, p_op ->> 'key', (p_op ->> 'hold')::uuid, coalesce((p_op ->> 'add')::bigint, 0),
      (p_op ->> 'min')::bigint, coalesce((p_op ->> 'ttl_s')::int, 120))
    when 'capture' then core.ledger_capture(p_batch, p_op ->> 'key', (p_op ->> 'hold')::uuid, (p_op ->> 'amount')::bigint)
    when 'grant' then core.ledger_grant(p_batch, p_op ->> 'key', p_op ->> 'account', (p_op ->> 'amount')::bigint, p_op ->> 'reason', coalesce(nullif(p_op -> 'metadata', 'null'), '{}'))
    when 'transfer' then core.ledger_transfer(p_batch, p_op ->> 'key', p_op ->> 'from', p_op ->> 'to', (p_op ->> 'amount')::bigint, coalesce(p_op ->> 'mode', 'exact'))
    when 'refund' then core.ledger_refund(p_batch, p_op ->> 'key', (p_op ->> 'tx')::bigint, (p_op ->> 'amount')::bigint)
    end;
exception when others then
  get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  -- Conflicts, timeouts and faults belong to the batch as a whole: the caller sends it again.
  if v_sqlstate not like 'PT4%' and v_sqlstate not like '22%' then raise; end if;
  return jsonb_build_object('ok', false, 'code', case when v_sqlstate like 'PT4%' then v_detail::jsonb ->> 'code' else 'invalid_value' end,
    'error', jsonb_build_object('sqlstate', v_sqlstate, 'message', v_message, 'fix', v_hint,
      'details', case when v_sqlstate like 'PT4%' then v_detail::jsonb else '{}' end));
end
$$;
comment on function core.ledger_apply is 'One operation of a batch through its own function; PT4xx and bad values become {ok: false, code, error}.';

-- By which request each operation of a batch came, in their order: the control plane sends the calls of many requests as one
-- batch and names them in the claims, where only who can sign a token can name a request. Empty: all by core.request_id().
create function core.ledger_batch_requests() returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_ids jsonb := core.claims() -> 'rids';
begin
  if v_ids is null then return '{}'; end if;
  return array(select jsonb_array_elements_text(v_ids));
end
$$;
comment on function core.ledger_batch_requests is 'The request of each operation of a batch, or nothing.';

-- Runs one operation of a batch as a call of its own request.
create function core.ledger_apply_for(p_request_id text, p_op jsonb, p_batch core.ledger_batch_locks) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if p_request_id is not null then
    perform set_config('request.jwt.claims', (core.claims() - 'rids' || jsonb_build_object('rid', p_request_id))::text, true);
  end if;
  return core.ledger_apply(p_op, p_batch);
end
$$;
comment on function core.ledger_apply_for is 'One operation of a batch, journaled under its own request.';

-- Whether the caller has a scope at all, where its reach (its own project, or every one) is looked at apart.
create function core.ledger_may(p_scope text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return core.authorize(p_scope, coalesce(core.claims() ->> 'project', ''));
exception when sqlstate 'PT403' then
  return false;
end
$$;
comment on function core.ledger_may is 'Whether core.authorize would let the caller pass, within its own reach.';

-- What operations name and their caller may use: nothing else is locked for them. An operation that names more is
-- refused by its own function, which authorises before it looks.
create function core.ledger_batch_reach(p_ops jsonb,
  out purses bigint[], out roots bigint[], out path bigint[], out holds core.ledger_hold_key[], out budget_ids bigint[], out window_starts timestamptz[])
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_member text := core.claims() ->> 'project';
  v_spend boolean := core.ledger_may('ledger:spend');
  v_grant boolean := core.ledger_may('ledger:grant');
  v_codes text[];
  v_holds uuid[];
  v_txs bigint[];
  v_accounts bigint[];
begin
  -- What is no uuid or number names nothing; its operation says so. Values of the columns' own types, or no index serves.
  select array_agg(f.code), array_agg(case when f.hold ~ '^[0-9a-fA-F]{32}$' then f.hold::uuid end),
    array_agg(case when f.tx ~ '^[0-9]{1,18}$' then f.tx::bigint end)
  into v_codes, v_holds, v_txs
  from jsonb_array_elements(p_ops) o
  cross join lateral (values (o.value ->> 'account', translate(o.value ->> 'hold', '{}-', ''), o.value ->> 'tx'),
    (o.value ->> 'from', null, null), (o.value ->> 'to', null, null)) as f (code, hold, tx)
  where case when jsonb_typeof(o.value) <> 'object' then false
    when o.value ->> 'op' in ('grant', 'refund') then v_grant
    when o.value ->> 'op' in ('reserve', 'settle', 'void', 'charge', 'extend', 'capture', 'transfer') then v_spend
    else false end;
  select coalesce(array_agg(t.id), '{}') into v_txs from core.ledger_tx t
  where t.id = any (v_txs) and (v_member is null or t.project = v_member);
  -- A refund counts in the windows of what it gives back: those of its hold, or its own.
  select coalesce(array_agg(row(u.hold, u.project)::core.ledger_hold_key), '{}') into holds from (
    select h.id as hold, h.project from core.ledger_hold h where h.id = any (v_holds) and (v_member is null or h.project = v_member)
    union select t.hold, t.project from core.ledger_tx t where t.id = any (v_txs) and t.hold is not null) u;
  select coalesce(array_agg(k.budget_id), '{}'), coalesce(array_agg(k.period_start), '{}') into budget_ids, window_starts
  from core.ledger_tx t, unnest(t.budget_ids, t.window_starts) as k (budget_id, period_start) where t.id = any (v_txs);
  select array_agg(u.id) into v_accounts from (
    select a.id from core.ledger_account a where a.code = any (v_codes) and (v_member is null or a.project = v_member)
    union select h.account_id from unnest(holds) as k cross join lateral (select o.account_id from core.ledger_hold o
      where o.id = k.id and o.project = k.project offset 0) h
    union select t.account_id from core.ledger_tx t where t.id = any (v_txs)) u;
  select array_agg(distinct p.id) into path from core.ledger_account a, unnest(a.path) as p (id) where a.id = any (v_accounts);
  select coalesce(array_agg(distinct a.purse_id), '{}'), coalesce(array_agg(distinct a.root_id), '{}') into purses, roots
  from core.ledger_account a where a.id = any (v_accounts);
end
$$;
comment on function core.ledger_batch_reach is 'The purses, holds and windows that the operations of a batch name within the reach of their caller.';

-- One by one, in order, under locks taken for all of them.
create function core.ledger_batch_apply(p_ops jsonb, p_locks core.ledger_batch_locks) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_results text[] := '{}';
  v_op record;
  v_requests text[] := core.ledger_batch_requests();
begin
  for v_op in select o.value, o.ordinality as nth from jsonb_array_elements(p_ops) with ordinality as o loop
    v_results := v_results || core.ledger_apply_for(v_requests[v_op.nth], v_op.value, p_locks)::text;
  end loop;
  return '[' || array_to_string(v_results, ', ') || ']';
end
$$;
comment on function core.ledger_batch_apply is 'Runs the operations of a batch one by one under locks taken for all of them.';

-- One by one, after taking the locks of all in the global order: an operation may depend on an earlier one of the same
-- batch (settle what it reserved), and any operation is allowed.
create function core.ledger_batch_each(p_ops jsonb) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_reach record;
  v_lock record;
begin
  v_reach := core.ledger_batch_reach(p_ops);
  v_lock := core.ledger_lock(null, v_reach.purses, v_reach.roots, v_reach.holds, v_reach.path, v_reach.budget_ids, v_reach.window_starts);
  return core.ledger_batch_apply(p_ops, core.ledger_adopt_locks(v_reach.purses, v_reach.holds, v_lock.at,
    v_lock.budget_ids || v_reach.budget_ids, v_lock.window_starts || v_reach.window_starts));
end
$$;
comment on function core.ledger_batch_each is 'Locks what the operations of a batch name, then runs them one by one.';

-- All or nothing: rolls the batch back when one operation is not accepted.
create function core.ledger_batch_atomic(p_ops jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_results jsonb;
begin
  begin
    v_results := core.ledger_batch_run(p_ops)::jsonb;
    if jsonb_path_exists(v_results, '$[*] ? (@.ok == false)') then
      raise exception using errcode = 'CB001';
    end if;
  exception when sqlstate 'CB001' then
    return jsonb_build_object('ok', false, 'code', 'batch_denied', 'results', (
      select jsonb_agg(case when (r.value -> 'ok')::boolean and not (r.value -> 'replayed')::boolean
        then '{"ok": false, "code": "not_applied"}' else r.value end order by r.ordinality)
      from jsonb_array_elements(v_results) with ordinality r));
  end;
  return jsonb_build_object('ok', true, 'results', v_results);
end
$$;
comment on function core.ledger_batch_atomic is 'Runs a batch and undoes all of it when one operation is not accepted.';

-- Runs up to 1,000 operations, each with its own key and its own result; a denied or malformed one never fails its
-- neighbours. p_atomic: all or nothing. Locks: all purses, holds and windows of the batch, each class sorted. Plans may
-- not depend on statistics: a plan made while the tables were empty would scan them, 1,000 times, in every later call.
-- As json, because making jsonb of the results, only to make text of it again, took a third of a batch of 1,000.
create function core_api.ledger_batch_json(p_ops jsonb, p_atomic boolean default false) returns json
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
begin
  if jsonb_typeof(p_ops) is distinct from 'array' then
    perform core.refuse('PT400', 'invalid_batch', 'ops must be an array of operations', 'Send [{"op": "reserve", "key": …, …}].',
      jsonb_build_object('field', 'ops'));
  elsif jsonb_array_length(p_ops) > 1000 then
    perform core.refuse('PT413', 'batch_too_large', format('a batch holds at most 1000 operations, got %s', jsonb_array_length(p_ops)),
      'Split it; every operation keeps its own key.', jsonb_build_object('field', 'ops'));
  end if;
  if p_atomic then return core.ledger_batch_atomic(p_ops); end if;
  return '{"ok": true, "results": ' || core.ledger_batch_run(p_ops) || '}';
end
$$;
comment on function core_api.ledger_batch_json is 'ledger_batch, answered as json: for callers who read text anyway.';
revoke execute on function core_api.ledger_batch_json from public;
grant execute on function core_api.ledger_batch_json to core_member, service_role;

create function core_api.ledger_batch(p_ops jsonb, p_atomic boolean default false) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core_api.ledger_batch_json(p_ops, p_atomic);
end
$$;
comment on function core_api.ledger_batch is 'Up to 1,000 operations in one call, one result each, in order; with p_atomic all or nothing.';
revoke execute on function core_api.ledger_batch from public;
grant execute on function core_api.ledger_batch to core_member, service_role;
