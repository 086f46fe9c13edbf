-- Credit leases: a long hold that a device spends while the database is away. What it spent it reports later, in numbered
-- reports; what it may lose or overspend is bounded by the lease. This file: the table, open, get. Reports and close are
-- in the next one.

create table core.ledger_lease (
  id uuid constraint ledger_lease_pkey primary key,
  account_id bigint not null,
  project text not null,
  device text not null,
  amount core.amount not null,
  reported core.amount not null default 0,
  seq int not null default 0,
  flags text[] not null default '{}',
  opened_at timestamptz not null,
  expires_at timestamptz not null,
  closed_at timestamptz
) with (fillfactor = 80);
comment on table core.ledger_lease is 'A hold spent offline and reported later. Its id is also that of its hold, whose time runs out a grace later.';
comment on column core.ledger_lease.expires_at is 'When the device stops spending. Its hold gives the unreported rest back a grace after that.';
comment on column core.ledger_lease.seq is 'The last report; the next one has the next number.';
comment on column core.ledger_lease.flags is 'overflow: more was reported than leased. late: a report came after the rest had gone back. uncollected: not all of it could be charged.';

-- How long the unreported rest of an expired lease stays held.
create function core.ledger_lease_grace() returns interval
language sql immutable set search_path = pg_catalog, pg_temp as $$ select interval '24 hours' $$;
comment on function core.ledger_lease_grace is 'From the end of a lease until its unreported rest goes back.';

-- The most that one lease may take of what is available now: lease_max_bp (basis points, 0 to 10000) in the metadata of
-- the purse, because its owner bears the exposure; else a fifth.
create function core.ledger_lease_limit(p_purse core.ledger_account) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_bp jsonb := p_purse.metadata -> 'lease_max_bp';
begin
  return floor(greatest(0, core.ledger_available(p_purse))::numeric / 10000
    * case when jsonb_typeof(v_bp) = 'number' and v_bp between '0' and '10000' then v_bp::numeric else 2000 end);
end
$$;
comment on function core.ledger_lease_limit is 'The most one lease may take of a purse: a fifth of what is available, or what its metadata allows.';

create function core.ledger_lease_view(p_lease core.ledger_lease, p_hold core.ledger_hold, p_account text, p_now timestamptz) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_returns_at timestamptz := p_lease.expires_at + core.ledger_lease_grace();
  v_status text := case when p_lease.closed_at is not null then 'closed' when p_hold.status <> 'open' or v_returns_at <= p_now then 'returned'
    when p_lease.expires_at <= p_now then 'expired' else 'open' end;
begin
  return jsonb_build_object('lease', p_lease.id, 'account', p_account, 'device', p_lease.device, 'status', v_status,
    'amount', p_lease.amount, 'reported', p_lease.reported, 'seq', p_lease.seq, 'flags', to_jsonb(p_lease.flags),
    'rest', case when v_status in ('open', 'expired') then p_hold.amount - p_hold.captured else 0 end,
    'opened_at', p_lease.opened_at, 'expires_at', p_lease.expires_at, 'returns_at', v_returns_at,
    'closed_at', p_lease.closed_at, 'at', p_now);
end
$$;
comment on function core.ledger_lease_view is 'A lease as answers show it. at is the database''s time: the device measures what is left from there.';

-- Finds a lease for a caller who may use it. A foreign lease looks exactly like a missing one.
create function core.ledger_find_lease(p_scope text, p_lease uuid) returns core.ledger_lease
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_lease core.ledger_lease;
  v_member text := core.claims() ->> 'project';
begin
  select * into v_lease from core.ledger_lease where id = p_lease and (v_member is null or project = v_member);
  v_ok := core.authorize(p_scope, coalesce(v_lease.project, v_member));
  if v_lease.id is null then
    perform core.refuse('PT404', 'lease_not_found', format('there is no lease %s', coalesce(p_lease::text, 'null')),
      'Use the lease id that ledger_lease_open returned.', jsonb_build_object('lease', p_lease));
  end if;
  return v_lease;
end
$$;
comment on function core.ledger_find_lease is 'A lease of the caller''s project, after authorisation; PT404 for a missing or foreign one.';

-- Sets credits aside for a device to spend offline until p_ttl_s seconds from now, 7 days at most. Counts, like any hold,
-- in the windows of the moment it is opened. Replays on p_key. Locks: purse, windows.
create function core_api.ledger_lease_open(p_key text, p_account text, p_amount bigint, p_ttl_s int, p_device text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_windows core.ledger_window_set;
  v_lease core.ledger_lease;
  v_hold core.ledger_hold;
  v_tx bigint;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  v_ok := core.ledger_require_amount('amount', p_amount);
  if p_ttl_s is null or p_ttl_s not between 1 and 604800 then
    perform core.refuse('PT400', 'invalid_ttl', format('ttl_s must be 1 to 604800 seconds, got %s', coalesce(p_ttl_s::text, 'null')),
      'A lease lasts 7 days at most; open another one then.', jsonb_build_object('field', 'ttl_s'));
  elsif p_device is null or length(p_device) not between 1 and 200 then
    perform core.refuse('PT400', 'invalid_device', 'device must be a text of 1 to 200 characters', 'Name the machine or process that spends.',
      jsonb_build_object('field', 'device'));
  end if;
  v_account := core.ledger_find_account('ledger:spend', p_account);
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  v_request := jsonb_build_object('op', 'lease_open', 'account', p_account, 'amount', p_amount, 'ttl_s', p_ttl_s, 'device', p_device);

  v_lock := core.ledger_lock_account(null, v_account, null, true);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  if core.ledger_is_frozen(v_account.path) then return core.ledger_denied('account_frozen', p_account, v_purse); end if;
  v_windows := core.ledger_read_windows(v_lock.budget_ids, v_lock.window_starts);
  if least(core.ledger_available(v_purse), v_windows.rest) < p_amount then
    return core.ledger_spend_denial(p_account, p_amount, v_purse, v_windows, core.ledger_tightest(v_windows));
  elsif p_amount > core.ledger_lease_limit(v_purse) then
    return core.ledger_denied('lease_limit', p_account, v_purse, core.ledger_windows_view(v_windows),
      jsonb_build_object('requested', p_amount, 'limit', core.ledger_lease_limit(v_purse)));
  end if;

  v_tx := nextval('core.journal_id');
  insert into core.ledger_lease (id, account_id, project, device, amount, opened_at, expires_at)
  values (core.new_id(), v_account.id, v_account.project, p_device, p_amount, v_lock.at, v_lock.at + make_interval(secs => p_ttl_s))
  returning * into v_lease;
  insert into core.ledger_hold (id, account_id, purse_id, root_id, project, amount, over, over_bp, budget_ids, window_starts, metadata,
    opened_at, expires_at, leased)
  values (v_lease.id, v_account.id, v_purse.id, v_account.root_id, v_account.project, p_amount, 'cap', v_account.over_bp, v_lock.budget_ids,
    v_lock.window_starts, jsonb_build_object('device', p_device), v_lock.at, v_lease.expires_at + core.ledger_lease_grace(), true)
  returning * into v_hold;
  update core.ledger_account set held = held + p_amount, version = version + 1 where id = v_purse.id returning * into v_purse;
  v_answer := core.ledger_accepted(v_tx, v_purse, core.ledger_windows_view(core.ledger_count(v_tx, v_windows, p_amount, 0, v_lock.at)))
    || core.ledger_lease_view(v_lease, v_hold, p_account, v_lock.at);
  perform core.ledger_journal(v_tx, p_key, 'lease_open', v_account, v_purse, v_lease.id, p_amount, '{}', v_request, v_answer, v_lock.at);
  return v_answer;
end
$$;
comment on function core_api.ledger_lease_open is 'Sets credits aside for a device to spend offline and report later. At most a fifth of what is available, unless the purse allows otherwise. Replays on p_key.';
revoke execute on function core_api.ledger_lease_open from public;
grant execute on function core_api.ledger_lease_open to core_member, service_role;

-- The present state of a lease, with the database's time: a device that lost its own measures from here again.
create function core_api.ledger_lease_get(p_lease uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_lease core.ledger_lease := core.ledger_find_lease('ledger:read', p_lease);
begin
  return jsonb_build_object('ok', true) || core.ledger_lease_view(v_lease,
    (select h from core.ledger_hold h where h.id = v_lease.id and h.project = v_lease.project),
    (select a.code from core.ledger_account a where a.id = v_lease.account_id), clock_timestamp());
end
$$;
comment on function core_api.ledger_lease_get is 'The present state of a lease, with the database''s time.';
revoke execute on function core_api.ledger_lease_get from public;
grant execute on function core_api.ledger_lease_get to core_member, service_role;
