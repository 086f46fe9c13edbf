-- The seal: tamper evidence without slowing writes. A background call hashes what is final into a chain of blocks.
-- Final is every row of a transaction older than all that still run (core.final_xid): no row can appear later in a block
-- that was sealed. An inline chain, one hash per write, measured a quarter of the throughput.

create table core.ledger_seal (
  id bigint generated always as identity constraint ledger_seal_pkey primary key,
  from_xid xid8 not null constraint ledger_seal_from_key unique,
  to_xid xid8 not null,
  first_tx bigint not null,
  last_tx bigint not null,
  tx_count int not null,
  previous bytea not null,
  hash bytea not null,
  sealed_at timestamptz not null default clock_timestamp()
);
comment on table core.ledger_seal is 'Blocks of final journal rows, folded one by one into the hash of the block before. Append-only.';
insert into core.xid_source values ('core.ledger_seal', 'to_xid', true);
create trigger ledger_seal_append_only before update or delete or truncate on core.ledger_seal
  for each statement execute function core.refuse_rewrite();

-- Folds the journal rows, with their entries, of the transactions in [p_from, p_to) into a hash: after each row it is
-- sha256(hash so far || row), in the order of transactions and rows, so that one row at a time is in memory. Stops after a
-- whole transaction once p_rows rows or p_bytes bytes are folded (null: at p_to). Fields are JSON, so that no two different
-- rows read the same; times are seconds since the epoch, whatever the session's zone.
create function core.ledger_fold(p_previous bytea, p_from xid8, p_to xid8, p_rows int default null, p_bytes bigint default null,
  out hash bytea, out last_xid xid8, out first_tx bigint, out last_tx bigint, out count int)
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = off set enable_sort = off as $$
declare
  v_row record;
  v_line bytea;
  v_bytes bigint := 0;
begin
  hash := p_previous;
  count := 0;
  for v_row in
    select t.xid, t.id, jsonb_build_array(t.id, t.project, t.key, t.op, t.account_id, t.purse_id, t.version, t.hold, t.related_id,
      t.amount, t.above, t.uncollected, t.captured_from, t.flags, t.budget_ids, (select array_agg(extract(epoch from s)) from unnest(t.window_starts) s),
      t.settled, t.held, t.available, t.windows, t.request, t.result, t.actor, t.request_id, extract(epoch from t.created_at),
      (select jsonb_agg(jsonb_build_array(e.account_id, e.amount, e.balance_after, e.version) order by e.account_id)
       from core.ledger_entry e where e.tx_id = t.id))::text as line
    from core.ledger_tx t where t.xid >= p_from and t.xid < p_to order by t.xid, t.id
  loop
    exit when v_row.xid <> last_xid and (count >= p_rows or v_bytes >= p_bytes);
    v_line := convert_to(v_row.line, 'UTF8');
    hash := sha256(hash || v_line);
    v_bytes := v_bytes + octet_length(v_line);
    last_xid := v_row.xid;
    first_tx := least(first_tx, v_row.id);
    last_tx := greatest(last_tx, v_row.id);
    count := count + 1;
  end loop;
end
$$;
comment on function core.ledger_fold is 'The hash over a previous hash and the journal rows of a range of transactions, and how far it came.';

-- Seals what is final: a block ends with a whole transaction, after about p_limit rows or 32 MB. Call again while sealed is
-- not 0. One caller at a time; another one is answered at once with "busy".
create function core_api.ledger_seal(p_limit int default 10000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean;
  v_last core.ledger_seal;
  v_from xid8;
  v_block record;
begin
  v_ok := core.authorize('ledger:operate', null);
  if p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 100000', 'Call again while sealed is not 0.', jsonb_build_object('field', 'limit'));
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended('core.ledger_seal', 0)) then
    return jsonb_build_object('ok', true, 'sealed', 0, 'busy', true);
  end if;
  select * into v_last from core.ledger_seal order by id desc limit 1;
  v_from := coalesce(v_last.to_xid, '0');
  v_block := core.ledger_fold(coalesce(v_last.hash, ''), v_from, core.final_xid(), p_limit, 33554432);
  if v_block.count = 0 then return jsonb_build_object('ok', true, 'sealed', 0); end if;
  insert into core.ledger_seal (from_xid, to_xid, first_tx, last_tx, tx_count, previous, hash)
  values (v_from, (v_block.last_xid::text::bigint + 1)::text::xid8, v_block.first_tx, v_block.last_tx, v_block.count,
    coalesce(v_last.hash, ''), v_block.hash);
  -- A copy of this event kept elsewhere proves later that the chain was not rewritten as a whole.
  v_ok := core.emit('ledger.seal', 'core', 'sealed',
    jsonb_build_object('hash', encode(v_block.hash, 'hex'), 'last_tx', v_block.last_tx, 'count', v_block.count));
  -- A seal by the background is its own record; one that a request asked for says whose.
  if core.request_id() is not null then
    perform core.audit('ledger.seal', 'seal:' || v_block.last_tx, null, null,
      jsonb_build_object('sealed', v_block.count, 'last_tx', v_block.last_tx));
  end if;
  return jsonb_build_object('ok', true, 'sealed', v_block.count, 'last_tx', v_block.last_tx, 'hash', encode(v_block.hash, 'hex'));
end
$$;
comment on function core_api.ledger_seal is 'Hashes final journal rows into the next block of the chain.';
revoke execute on function core_api.ledger_seal from public;
grant execute on function core_api.ledger_seal to service_role;

-- Recomputes the chain from block p_from on and names the first block that does not fit.
create function core_api.ledger_verify(p_from bigint default 0) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_seal core.ledger_seal;
  v_previous core.ledger_seal;
  v_rows bigint := 0;
  v_blocks int := 0;
  v_fault text;
begin
  v_ok := core.authorize('ledger:operate', null);
  select * into v_previous from core.ledger_seal where id < coalesce(p_from, 0) order by id desc limit 1;
  for v_seal in select * from core.ledger_seal where id >= coalesce(p_from, 0) order by id loop
    v_fault := case
      when v_seal.previous <> coalesce(v_previous.hash, '') then 'its link to the block before is broken'
      when v_seal.from_xid <> coalesce(v_previous.to_xid, '0') then 'a block before it is missing'
      when v_seal.hash <> (core.ledger_fold(v_seal.previous, v_seal.from_xid, v_seal.to_xid)).hash then 'its rows are not those that were sealed'
    end;
    if v_fault is not null then
      return jsonb_build_object('ok', true, 'valid', false, 'blocks', v_blocks, 'bad_block', jsonb_build_object('id', v_seal.id,
        'first_tx', v_seal.first_tx, 'last_tx', v_seal.last_tx, 'sealed_at', v_seal.sealed_at, 'fault', v_fault));
    end if;
    v_blocks := v_blocks + 1;
    v_rows := v_rows + v_seal.tx_count;
    v_previous := v_seal;
  end loop;
  return jsonb_build_object('ok', true, 'valid', true, 'blocks', v_blocks, 'transactions', v_rows,
    'head', encode(v_previous.hash, 'hex'), 'last_tx', v_previous.last_tx);
end
$$;
comment on function core_api.ledger_verify is 'Checks the chain of seals against the journal; names the first bad block.';
revoke execute on function core_api.ledger_verify from public;
grant execute on function core_api.ledger_verify to service_role;
