-- Balances for the outbox, off the hot path: postings write nothing for it and wait for no lock of it. What has changed is
-- read from the journal in the background, and every purse is published once however often it changed.

create table core.ledger_publish_head (
  singleton boolean constraint ledger_publish_head_pkey primary key default true
    constraint ledger_publish_head_one_row check (singleton),
  from_xid xid8 not null default core.xid()
);
comment on table core.ledger_publish_head is 'Transactions before from_xid have been published. Its lock lets one process publish at a time.';
insert into core.ledger_publish_head default values;
insert into core.xid_source values ('core.ledger_publish_head', 'from_xid', true);

-- A purse's state for each project that draws on it, and for its own, where it is newer than what was published before.
create function core.ledger_publish_purses(p_purses bigint[]) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
begin
  insert into core.event as old (topic, project, type, data, state_key)
  select 'ledger.balance', c.project, 'changed', jsonb_build_object('account', a.code, 'kind', a.kind, 'status', a.status,
      'settled', a.total_in::bigint - a.total_out, 'held', a.held, 'overdraft', a.overdraft,
      'available', core.ledger_available(a), 'version', a.version), c.project || ':' || a.code
  from core.ledger_account a cross join lateral (
    select a.project union
    select p.name from core.project p where exists (
      select from core.ledger_account d where d.purse_id = a.id and d.project = p.name)
  ) c (project)
  where a.id = any (p_purses) and a.purse_id = a.id and a.kind not in ('issuer', 'sink', 'breakage')
  -- In one order, so that two calls cannot wait for each other.
  order by a.code, c.project
  on conflict (topic, state_key) where state_key is not null do update set data = excluded.data, at = clock_timestamp(), seq = null
    where (old.data ->> 'version')::bigint < (excluded.data ->> 'version')::bigint;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function core.ledger_publish_purses is 'Writes the present state of purses to the outbox, replacing what it said of them before.';

-- Publishes every purse that postings have changed since the last call. A transaction is final for the cursor once none
-- older is running; what is read twice meanwhile is known by its version. One process does it, the others find it done.
create function core_api.ledger_publish(p_limit int default 20000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_from xid8;
  v_final xid8;
  v_to xid8;
  v_read int;
  v_purses bigint[];
  v_count int := 0;
begin
  v_ok := core.authorize('ledger:operate', null);
  if p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'p_limit must be 1 to 100000', null, jsonb_build_object('field', 'limit'));
  end if;
  select from_xid into v_from from core.ledger_publish_head for no key update skip locked;
  if not found then return jsonb_build_object('ok', true, 'published', 0, 'more', false); end if;
  v_final := core.final_xid();
  select max(r.xid), count(*), array_agg(distinct r.purse_id) || array_agg(distinct r.related_id) filter (where r.op = 'transfer')
  into v_to, v_read, v_purses
  from (select t.xid, t.op, t.purse_id, t.related_id from core.ledger_tx t where t.xid >= v_from
    order by t.xid fetch first p_limit rows with ties) r;
  if v_read > 0 then v_count := core.ledger_publish_purses(v_purses); end if;
  if v_count > 0 then perform pg_notify('core_event', 'ledger.balance'); end if;
  -- A full page may end before what is final, with a whole transaction; one that is not full has seen it all.
  update core.ledger_publish_head set from_xid = case when v_read < p_limit or v_to >= v_final then v_final
    else ((v_to::text)::numeric + 1)::text::xid8 end;
  return jsonb_build_object('ok', true, 'published', v_count, 'more', v_read >= p_limit and v_to < v_final);
end
$$;
comment on function core_api.ledger_publish is 'Writes the balances that have changed since the last call to the outbox, each once.';
revoke execute on function core_api.ledger_publish from public;
grant execute on function core_api.ledger_publish to service_role;
