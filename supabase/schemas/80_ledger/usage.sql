-- Usage for people, numbers for machines.

-- What an account was charged between two instants, per bucket (hour, day, week, month; UTC), refunds apart.
create function core_api.ledger_usage(p_account text, p_from timestamptz, p_to timestamptz, p_bucket text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  v_account core.ledger_account;
  v_buckets int;
  -- By how much numbers and times may differ in order: no call that waits for its locks takes as long.
  v_slack constant interval := '1 minute';
  v_low bigint;
  v_high bigint;
  v_rows jsonb;
begin
  if p_bucket is null or p_bucket not in ('hour', 'day', 'week', 'month') then
    perform core.refuse('PT400', 'invalid_bucket', 'bucket must be hour, day, week or month', null, jsonb_build_object('field', 'bucket'));
  elsif p_from is null or p_to is null or not isfinite(p_from) or not isfinite(p_to) or p_from >= p_to then
    perform core.refuse('PT400', 'invalid_range', 'from must be before to', null, jsonb_build_object('field', 'from'));
  end if;
  v_buckets := ceil(extract(epoch from p_to - p_from) / extract(epoch from ('1 ' || p_bucket)::interval));
  if v_buckets > 1000 then
    perform core.refuse('PT400', 'invalid_range', format('the range has %s buckets, at most 1000 are answered', v_buckets),
      'Ask for a shorter range or larger buckets.', jsonb_build_object('field', 'bucket'));
  end if;
  v_account := core.ledger_find_account('ledger:read', p_account);
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  v_low := core.ledger_number_at(greatest(p_from, timestamptz '2000-01-01') - v_slack);
  v_high := core.ledger_number_at(least(p_to, timestamptz '3000-01-01') + v_slack);
  select coalesce(jsonb_agg(jsonb_build_object('start', u.start, 'charged', u.charged, 'refunded', u.refunded, 'charges', u.charges,
    'uncollected', u.uncollected)
    order by u.start), '[]') into v_rows
  from (
    select date_trunc(p_bucket, t.created_at, 'UTC') as start,
      coalesce(sum(t.amount) filter (where t.op <> 'refund'), 0) as charged,
      coalesce(sum(t.amount) filter (where t.op = 'refund'), 0) as refunded,
      coalesce(sum(t.uncollected), 0) as uncollected, count(*) filter (where t.op <> 'refund') as charges
    from (
      select * from core.ledger_tx p where p.purse_id = v_account.id and p.id > v_low and p.id <= v_high
      union all
      select * from core.ledger_tx d where d.account_id = v_account.id and d.account_id <> d.purse_id and d.id > v_low and d.id <= v_high) t
    where t.op in ('charge', 'capture', 'settle', 'refund', 'lease_report')
      and t.created_at >= p_from and t.created_at < p_to
    group by 1) u;
  return jsonb_build_object('ok', true, 'account', p_account, 'bucket', p_bucket, 'from', p_from, 'to', p_to, 'usage', v_rows);
end
$$;
comment on function core_api.ledger_usage is 'Charges and refunds of an account per bucket of time; empty buckets are left out.';
revoke execute on function core_api.ledger_usage from public;
grant execute on function core_api.ledger_usage to core_member, service_role;

-- Gauges for metrics: cheap enough to be read every few seconds.
create function core_api.ledger_stats() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_now timestamptz := clock_timestamp();
  v_seal core.ledger_seal;
begin
  v_ok := core.authorize('ledger:operate', null);
  select * into v_seal from core.ledger_seal order by id desc limit 1;
  return (
    select jsonb_build_object('ok', true, 'accounts', count(*), 'frozen', count(*) filter (where a.status = 'frozen'),
      'in_debt', count(*) filter (where core.ledger_available(a) < 0), 'held', coalesce(sum(a.held), 0),
      'balance', coalesce(sum(a.total_in - a.total_out), 0))
    from core.ledger_account a where a.kind not in ('issuer', 'sink', 'breakage'))
    || (select jsonb_build_object('open_holds', count(*), 'due_holds', count(*) filter (where h.expires_at <= v_now),
      'oldest_due_s', coalesce(extract(epoch from v_now - min(h.expires_at) filter (where h.expires_at <= v_now)), 0))
    from core.ledger_hold h where h.status = 'open')
    || jsonb_build_object('transactions', (select last_value from core.journal_id),
      'sealed_tx', coalesce(v_seal.last_tx, 0), 'sealed_at', v_seal.sealed_at,
      'alerts', (select coalesce(max(id), 0) from core.ledger_alert));
end
$$;
comment on function core_api.ledger_stats is 'Gauges of the ledger for metrics and operators.';
revoke execute on function core_api.ledger_stats from public;
grant execute on function core_api.ledger_stats to service_role;
