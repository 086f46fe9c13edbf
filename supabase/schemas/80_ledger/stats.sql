-- Gauges for metrics: cheap enough to be read every few seconds. core.ledger_available is written out: called for each of 200,000
-- accounts it took four fifths of the time.
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
      'in_debt', count(*) filter (where a.total_in::bigint - a.total_out - a.held + a.overdraft < 0), 'held', coalesce(sum(a.held), 0),
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
