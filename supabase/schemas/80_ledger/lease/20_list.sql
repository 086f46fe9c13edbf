-- Lists of what an account has: holds, credit leases, charges and refunds, the latest first. One whose id was lost is found
-- here. They walk the journal of the account, so that no table that each call writes needs an index for them.

-- The rows of the journal that a list shows: of an account, of one kind, before a cursor. One call looks at 5,000 rows at most,
-- so a page may hold less than p_limit, even nothing, and only next null is the end.
create function core.ledger_list(p_op text, p_account text, p_status text, p_before bigint, p_limit int) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean := core.require_page(p_limit);
  v_account core.ledger_account := core.ledger_find_account('ledger:read', p_account);
  v_high bigint := coalesce(p_before, 9223372036854775807);
  v_scan constant int := 5000;
  v_ids bigint[];
  v_rows jsonb;
begin
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  select array(
    select u.id from (
      (select t.id from core.ledger_tx t where t.purse_id = v_account.id and t.id < v_high order by t.id desc limit v_scan)
      union all
      (select t.id from core.ledger_tx t where t.account_id = v_account.id and t.account_id <> t.purse_id and t.id < v_high
       order by t.id desc limit v_scan)) u
    order by u.id desc limit v_scan) into v_ids;
  select coalesce(jsonb_agg(r.row order by r.id desc), '[]') into v_rows from (
    select t.id, jsonb_build_object('tx', t.id, 'key', t.key, 'actor', t.actor) || s.view as row
    from core.ledger_tx t cross join lateral (
      select case p_op
        when 'reserve' then core.ledger_hold_row(t, p_account)
        when 'lease_open' then core.ledger_lease_row(t, p_account)
        else core.ledger_posting_row(t, p_account) end as view) s
    where t.id = any (v_ids) and t.op = p_op and t.account_id = v_account.id
      and (p_status is null or s.view ->> 'status' = p_status)
    order by t.id desc limit p_limit) r;
  return jsonb_build_object('ok', true, 'rows', v_rows, 'next', case
    when jsonb_array_length(v_rows) = p_limit then (v_rows -> -1 ->> 'tx')::bigint
    when cardinality(v_ids) = v_scan then v_ids[v_scan] end);
end
$$;
comment on function core.ledger_list is 'Journal rows of an account of one kind as a list shows them, the latest first, before a cursor.';

-- The hold that a row of the journal opened, as it is now: one whose time is up shows as expired before the sweep has been.
create function core.ledger_hold_row(p_tx core.ledger_tx, p_account text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_hold core.ledger_hold;
  v_due boolean;
begin
  select * into v_hold from core.ledger_hold where id = p_tx.hold and project = p_tx.project;
  v_due := v_hold.status = 'open' and v_hold.expires_at <= clock_timestamp();
  return jsonb_build_object('hold', v_hold.id, 'account', p_account, 'status', case when v_due then 'expired' else v_hold.status end,
    'amount', v_hold.amount, 'captured', v_hold.captured,
    'released', case when v_due then v_hold.amount - v_hold.captured else v_hold.released end,
    'above', v_hold.above, 'uncollected', v_hold.uncollected,
    'rest', case when v_hold.status = 'open' and not v_due then v_hold.amount - v_hold.captured else 0 end, 'over', v_hold.over,
    'metadata', v_hold.metadata, 'opened_at', v_hold.opened_at, 'expires_at', v_hold.expires_at, 'closed_at', v_hold.closed_at);
end
$$;
comment on function core.ledger_hold_row is 'The hold of a journal row as a list shows it.';

create function core.ledger_lease_row(p_tx core.ledger_tx, p_account text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_lease core.ledger_lease;
  v_hold core.ledger_hold;
begin
  select * into v_lease from core.ledger_lease where id = p_tx.hold;
  select * into v_hold from core.ledger_hold where id = p_tx.hold and project = p_tx.project;
  return core.ledger_lease_view(v_lease, v_hold, p_account, clock_timestamp());
end
$$;
comment on function core.ledger_lease_row is 'The lease of a journal row as a list shows it.';

create function core.ledger_posting_row(p_tx core.ledger_tx, p_account text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_tx.op = 'charge' then
    return jsonb_build_object('account', p_account, 'at', p_tx.created_at, 'charged', p_tx.amount,
      'refunded', coalesce((select sum(g.amount) from core.ledger_tx g where g.op = 'refund' and g.related_id = p_tx.id), 0),
      'metadata', coalesce(p_tx.request -> 'metadata', '{}'));
  end if;
  return jsonb_build_object('account', p_account, 'at', p_tx.created_at, 'refunded', p_tx.amount, 'refunds', p_tx.related_id,
    'hold', p_tx.hold);
end
$$;
comment on function core.ledger_posting_row is 'A charge or a refund as a list shows it.';

create function core_api.ledger_holds(p_account text, p_status text default null, p_before bigint default null, p_limit int default 100)
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if p_status not in ('open', 'settled', 'voided', 'expired', 'settled_late') then
    perform core.refuse('PT400', 'invalid_status', format('%s is not a status', quote_literal(left(p_status, 100))),
      'Use open, settled, settled_late, voided or expired.', jsonb_build_object('field', 'status'));
  end if;
  return core.ledger_list('reserve', p_account, p_status, p_before, p_limit);
end
$$;
comment on function core_api.ledger_holds is 'Holds of an account, the latest first, before a cursor.';
revoke execute on function core_api.ledger_holds from public;
grant execute on function core_api.ledger_holds to core_member, service_role;

create function core_api.ledger_leases(p_account text, p_before bigint default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core.ledger_list('lease_open', p_account, null, p_before, p_limit);
end
$$;
comment on function core_api.ledger_leases is 'Credit leases of an account, the latest first, before a cursor.';
revoke execute on function core_api.ledger_leases from public;
grant execute on function core_api.ledger_leases to core_member, service_role;

create function core_api.ledger_charges(p_account text, p_before bigint default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core.ledger_list('charge', p_account, null, p_before, p_limit);
end
$$;
comment on function core_api.ledger_charges is 'Charges of an account with what was refunded of them, the latest first, before a cursor.';
revoke execute on function core_api.ledger_charges from public;
grant execute on function core_api.ledger_charges to core_member, service_role;

create function core_api.ledger_refunds(p_account text, p_before bigint default null, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return core.ledger_list('refund', p_account, null, p_before, p_limit);
end
$$;
comment on function core_api.ledger_refunds is 'Refunds of an account, the latest first, before a cursor.';
revoke execute on function core_api.ledger_refunds from public;
grant execute on function core_api.ledger_refunds to core_member, service_role;
