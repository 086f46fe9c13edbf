-- Holds: reserve before work, settle what was used, void what was not; late settles still charge, once.

-- Sets credits aside before work starts. Grants between p_min (default: exactly p_amount) and p_amount, as much as
-- the balance and every budget on the account and its ancestors leave. Replays on p_key. Locks: purse, windows.
create function core.ledger_reserve(
  p_batch core.ledger_batch_locks, p_key text, p_account text, p_amount bigint, p_hold uuid, p_min bigint, p_ttl_s int, p_over text, p_metadata jsonb
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_windows core.ledger_window_set;
  v_at timestamptz;
  v_path core.ledger_path_windows;
  v_counted record;
  v_is_frozen boolean;
  v_granted bigint;
  v_hold uuid;
  v_id bigint;
  v_tx core.ledger_tx;
  v_request jsonb;
begin
  -- What is mostly so is asked in one expression: four calls cost as much as a row.
  if length(p_key) between 1 and 200 and not starts_with(p_key, 'core:') and p_amount between 1 and 9007199254740991
    and p_ttl_s between 1 and 86400 and p_metadata = '{}' and p_min is null and p_over = 'cap' and p_hold is null then
    v_request := case p_ttl_s when 120 then jsonb_build_object('op', 'reserve', 'account', p_account, 'amount', p_amount)
      else jsonb_build_object('op', 'reserve', 'account', p_account, 'amount', p_amount, 'ttl_s', p_ttl_s) end;
  else
    v_ok := core.ledger_require_key(p_key);
    v_ok := core.ledger_require_amount('amount', p_amount);
    v_ok := core.ledger_require_ttl(p_ttl_s);
    v_ok := core.require_object('metadata', p_metadata);
    if p_min is not null and (p_min < 1 or p_min > p_amount) then
      perform core.refuse('PT400', 'invalid_min', format('min must be from 1 to amount (%s), got %s', p_amount, p_min),
        'Leave min out to reserve exactly the amount.', jsonb_build_object('field', 'min'));
    end if;
    if p_over is null or p_over not in ('overflow', 'cap', 'reject') then
      perform core.refuse('PT400', 'invalid_over', 'over must be overflow, cap or reject', null, jsonb_build_object('field', 'over'));
    end if;
    v_request := core.ledger_request(jsonb_build_object('op', 'reserve', 'account', p_account, 'amount', p_amount, 'hold', p_hold,
      'min', p_min, 'ttl_s', nullif(p_ttl_s, 120), 'over', nullif(p_over, 'cap')), p_metadata);
  end if;
  if p_batch.at is null then
    v_ok := core.ledger_authorize('ledger:spend', p_account);
    -- The account found and its purse locked at once. Only what is needed of them: a column costs as much as an expression.
    select a.id, a.project, a.path, a.root_id, a.purse_id, a.over_bp, p.id, p.total_in, p.total_out, p.held, p.overdraft, p.version
    into v_account.id, v_account.project, v_account.path, v_account.root_id, v_account.purse_id, v_account.over_bp,
      v_purse.id, v_purse.total_in, v_purse.total_out, v_purse.held, v_purse.overdraft, v_purse.version
    from core.ledger_account a join core.ledger_account p on p.id = a.purse_id
    where a.code = p_account and a.kind not in ('issuer', 'sink', 'breakage') for no key update of p;
    v_at := clock_timestamp();
    if v_account.id is not null then v_path := core.ledger_lock_path(v_account, p_key, v_at); end if;
  else
    v_account := core.ledger_find_account('ledger:spend', p_account);
  end if;
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  if v_path.seen is null then
    v_lock := core.ledger_lock(p_batch, array[v_account.purse_id], array[v_account.root_id], '{}', v_account.path, '{}', '{}', p_amount,
      v_account.project, p_key);
    v_at := v_lock.at;
    v_purse := v_lock.purse;
    if v_lock.is_known then return core.ledger_replay(v_account.project, p_key, v_request); end if;
    v_is_frozen := v_lock.is_frozen;
    v_path.budget_ids := v_lock.budget_ids;
    v_path.window_starts := v_lock.window_starts;
  end if;
  if p_amount <= v_path.rest and p_amount <= v_purse.total_in::bigint - v_purse.total_out - v_purse.held + v_purse.overdraft then
    v_granted := p_amount;
  else
    -- Before any denial: a taken id is a mistake whatever the balance says, in a batch too.
    if p_hold is not null then
      if exists (select from core.ledger_hold where id = p_hold and project = v_account.project) then v_ok := core.ledger_refuse_hold(p_hold); end if;
    end if;
    if v_is_frozen then return core.ledger_denied('account_frozen', p_account, v_purse); end if;
    v_windows := core.ledger_read_windows(v_path.budget_ids, v_path.window_starts, false);
    v_granted := least(p_amount, core.ledger_available(v_purse), v_windows.rest);
    if v_granted < coalesce(p_min, p_amount) then
      return core.ledger_spend_denial(p_account, coalesce(p_min, p_amount), v_purse, v_windows, core.ledger_tightest(v_windows));
    end if;
    v_path.seen := core.ledger_see_windows(v_path.budget_ids, v_path.window_starts);
  end if;

  v_id := nextval('core.journal_id');
  v_hold := coalesce(p_hold, core.new_id());
  insert into core.ledger_hold (id, account_id, purse_id, root_id, project, amount, over, over_bp, budget_ids, window_starts, metadata,
    opened_at, expires_at)
  values (v_hold, v_account.id, v_purse.id, v_account.root_id, v_account.project, v_granted, p_over, v_account.over_bp,
    v_path.budget_ids, v_path.window_starts, p_metadata, v_at, v_at + make_interval(secs => p_ttl_s))
  on conflict on constraint ledger_hold_pkey do nothing;
  if not found then v_ok := core.ledger_refuse_hold(p_hold); end if; -- taken meanwhile, under another purse's lock
  update core.ledger_account set held = held + v_granted, version = version + 1 where id = v_purse.id
  returning held, version into v_purse.held, v_purse.version;
  v_counted := core.ledger_count_seen(v_id, v_path.seen, v_granted, 0, v_at);
  v_tx := core.ledger_journal(v_id, p_key, 'reserve', v_account, v_purse, v_hold, v_granted, '{}', v_request, null, v_at,
    p_counts => v_counted.counts);
  return core.ledger_answer(v_tx, null, v_counted.heads);
end
$$;
comment on function core.ledger_reserve is 'core_api.ledger_reserve, alone (p_batch null) or as one operation of a batch.';

-- Windows are looked up one by one: a plan made while there were few would read all of them for a hash or a merge, in every
-- later call of the connection.
create function core_api.ledger_reserve(
  p_key text, p_account text, p_amount bigint, p_hold uuid default null, p_min bigint default null,
  p_ttl_s int default 120, p_over text default 'cap', p_metadata jsonb default '{}'
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  return core.ledger_reserve(null, p_key, p_account, p_amount, p_hold, p_min, p_ttl_s, p_over, p_metadata);
end
$$;
comment on function core_api.ledger_reserve is 'Sets credits aside before work starts: all, or at least p_min, or a denial. Replays on p_key.';
revoke execute on function core_api.ledger_reserve from public;
grant execute on function core_api.ledger_reserve to core_member, service_role;

create function core.ledger_refuse_hold(p_hold uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT409', 'hold_exists', format('the hold %s exists already', p_hold),
    'Send a new hold id, or leave it out.', jsonb_build_object('field', 'hold'));
  return false;
end
$$;
comment on function core.ledger_refuse_hold is 'Raises PT409: the id is taken.';

-- Which of the two said no: the balance, else the tightest budget.
create function core.ledger_spend_denial(p_account text, p_amount bigint, p_purse core.ledger_account,
  p_windows core.ledger_window_set, p_tightest text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return case when core.ledger_available(p_purse) < p_amount
    then core.ledger_denied('insufficient_credits', p_account, p_purse,
      core.ledger_windows_view(p_windows), jsonb_build_object('requested', p_amount))
    else core.ledger_denied('budget_exhausted', p_account, p_purse,
      core.ledger_windows_view(p_windows), jsonb_build_object('requested', p_amount, 'budget', p_tightest))
    end;
end
$$;
comment on function core.ledger_spend_denial is 'insufficient_credits or budget_exhausted, with the balance and budgets that decided.';

-- Whose hold an id means: the caller's own project's. For a caller who is bound to none, the project that has the id; null where
-- none has it, PT409 where several do.
create function core.ledger_hold_project(p_hold uuid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_claims jsonb := core.claims();
  v_projects text[];
begin
  if v_claims ->> 'project' is not null or core.member_claims() is not null then return v_claims ->> 'project'; end if;
  v_projects := array(select h.project from core.ledger_hold h where h.id = p_hold limit 2);
  if cardinality(v_projects) > 1 then
    perform core.refuse('PT409', 'hold_ambiguous', format('several projects have a hold %s', p_hold),
      'Act for one of them: with its key, or with claims of its project.', jsonb_build_object('hold', p_hold));
  end if;
  return v_projects[1];
end
$$;
comment on function core.ledger_hold_project is 'Whose hold an id means; PT409 for a caller of all projects where several have it.';

-- Finds a hold for a caller who may use it. A foreign hold looks exactly like a missing one.
create function core.ledger_find_hold(p_scope text, p_hold uuid) returns core.ledger_hold
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_hold core.ledger_hold;
  v_holds core.ledger_hold[];
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_member text := v_claims ->> 'project';
begin
  -- core.member_claims() written out. Who is bound to no project means the one that has the id; core.ledger_hold_project
  -- refuses where several do.
  if v_member is null and (current_setting('role', true) = 'core_member' or v_claims ->> 'role' = 'core_member') is not true then
    v_holds := array(select h from core.ledger_hold h where h.id = p_hold limit 2);
    if cardinality(v_holds) > 1 then v_member := core.ledger_hold_project(p_hold); end if;
    v_hold := v_holds[1];
  else
    select * into v_hold from core.ledger_hold where id = p_hold and project = v_member;
  end if;
  v_ok := core.authorize(p_scope, coalesce(v_hold.project, v_member));
  if v_hold.id is null then
    perform core.refuse('PT404', 'hold_not_found', format('there is no hold %s', coalesce(p_hold::text, 'null')),
      'Use the hold id that reserve returned.', jsonb_build_object('hold', p_hold));
  elsif v_hold.leased and p_scope <> 'ledger:read' then
    perform core.refuse('PT409', 'hold_leased', format('the hold %s belongs to a credit lease', p_hold),
      'Report what was spent with ledger_lease_report, end it with ledger_lease_close.', jsonb_build_object('hold', p_hold));
  end if;
  return v_hold;
end
$$;
comment on function core.ledger_find_hold is 'A hold of the caller''s project, after authorisation; PT404 for a missing or foreign one, PT409 to change a lease''s.';

-- Whether a settle may charge above its hold: the hold is no longer open, or p_used (null: its rest) is more than its rest.
create function core.ledger_is_above(p_hold core.ledger_hold, p_used bigint, p_now timestamptz) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return p_hold.status = 'expired' or p_hold.status = 'open'
    and (p_hold.expires_at <= p_now or coalesce(p_used, 0) > p_hold.amount - p_hold.captured);
end
$$;
comment on function core.ledger_is_above is 'Whether a settle may charge above its hold, so that it needs the present windows.';

-- The windows of a set that a list names.
create function core.ledger_pick(p_set core.ledger_window_set, p_ids bigint[], p_starts timestamptz[]) returns core.ledger_window_set
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_set core.ledger_window_set;
begin
  for i in 1 .. coalesce(cardinality(p_set.caps), 0) loop
    continue when not exists (select from unnest(p_ids, p_starts) as k (id, start)
      where k.id = p_set.budget_ids[i] and k.start = p_set.window_starts[i]);
    v_set.caps := v_set.caps || p_set.caps[i];
    v_set.spent := v_set.spent || p_set.spent[i];
    v_set.held := v_set.held || p_set.held[i];
    v_set.heads := v_set.heads || p_set.heads[i];
    v_set.rest := least(v_set.rest, p_set.caps[i] - p_set.spent[i] - p_set.held[i]);
  end loop;
  return v_set;
end
$$;
comment on function core.ledger_pick is 'Heads, caps and counts of the windows of a set that a list names.';

-- The windows of a hold, and those of a further list, locked by the caller.
create function core.ledger_read_hold(p_hold core.ledger_hold, p_more_ids bigint[] default null, p_more_starts timestamptz[] default null)
returns core.ledger_window_set
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_lists record;
begin
  if p_hold.part_from is null and p_more_ids is null then
    return core.ledger_read_windows(p_hold.budget_ids, p_hold.window_starts);
  end if;
  v_lists := core.ledger_hold_windows(p_hold, p_more_ids, p_more_starts);
  return core.ledger_read_windows(v_lists.budget_ids, v_lists.window_starts);
end
$$;
comment on function core.ledger_read_hold is 'The windows of a hold, with those of a further list, each once.';

-- Counts what happens to a hold in the windows of its grant from p_from on: p_held (0 or less) is no longer held, p_spent is
-- charged (less than 0: given back). p_above counts in the windows of the list.
create function core.ledger_count_hold(p_tx bigint, p_set core.ledger_window_set, p_hold core.ledger_hold, p_from bigint, p_held bigint,
  p_spent bigint, p_ids bigint[], p_starts timestamptz[], p_above bigint, p_now timestamptz) returns core.ledger_window_set
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_held bigint[];
  v_spent bigint[];
begin
  if p_set.caps is null then return p_set; end if;
  if p_ids is null and p_hold.part_from is null then return core.ledger_count(p_tx, p_set, p_held, p_spent, p_now); end if;
  v_held := core.ledger_share(p_set, p_hold, p_from - p_held, p_from);
  v_spent := case when p_spent < 0 then core.ledger_share(p_set, p_hold, p_from - p_spent, p_from)
    else core.ledger_share(p_set, p_hold, p_from, p_from + p_spent) end;
  if p_above <> 0 then
    v_spent := array(
      select s.spent + case when exists (select from unnest(p_ids, p_starts) as k (id, start) where k.id = s.id and k.start = s.start)
        then p_above else 0 end
      from unnest(p_set.budget_ids, p_set.window_starts, v_spent) with ordinality as s (id, start, spent, ord) order by s.ord);
  end if;
  return core.ledger_count_each(p_tx, p_set, v_held, v_spent, p_now);
end
$$;
comment on function core.ledger_count_hold is 'Counts what is charged and released of a hold in the windows of its parts, and what is above it in those of a list.';

-- Charges what was used and releases the rest; p_amount null charges the whole rest and flags it estimated. Above the
-- hold, or after it expired, core.ledger_split bounds the charge: what it leaves is uncollected, and part of every book.
-- reject denies what is above an open hold. What is within the hold counts in the windows it was granted in, what is above
-- in the present ones. An expired hold charges once: the provider has billed. Replays on p_key.
-- Locks: purse, hold, windows.
create function core.ledger_settle(
  p_batch core.ledger_batch_locks, p_key text, p_hold uuid, p_amount bigint, p_metadata jsonb
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_lock record;
  v_locked core.ledger_hold;
  v_at timestamptz;
  v_seen core.ledger_window_seen[];
  v_budget_ids bigint[];
  v_window_starts timestamptz[];
  v_counted record;
  v_purse core.ledger_account;
  v_captured bigint;
  v_rest bigint;
  v_used bigint;
  v_is_above boolean;
  v_within bigint;
  v_part record;
  v_above bigint;
  v_uncollected bigint;
  v_flags text[] := '{}';
  v_windows core.ledger_window_set;
  v_id bigint;
  v_tx core.ledger_tx;
  v_request jsonb;
begin
  if length(p_key) between 1 and 200 and not starts_with(p_key, 'core:') and p_amount between 0 and 9007199254740991
    and p_metadata = '{}' then
    v_request := jsonb_build_object('op', 'settle', 'hold', p_hold, 'amount', p_amount);
  else
    v_ok := core.ledger_require_key(p_key);
    if p_amount is not null then v_ok := core.ledger_require_amount('amount', p_amount, 0); end if;
    v_ok := core.require_object('metadata', p_metadata);
    v_request := core.ledger_request(jsonb_build_object('op', 'settle', 'hold', p_hold, 'amount', p_amount), p_metadata);
  end if;
  v_hold := core.ledger_find_hold('ledger:spend', p_hold);

  -- The present windows are needed where the charge goes above the hold, and locked in their order with those of the hold.
  -- core.ledger_is_above written out: to hand over a hold costs more.
  v_is_above := v_hold.status = 'expired' or v_hold.status = 'open'
    and (v_hold.expires_at <= coalesce(p_batch.at, clock_timestamp()) or coalesce(p_amount, 0) > v_hold.amount - v_hold.captured);
  -- What is within the hold needs no more of the account than the hold has.
  if v_is_above then
    select * into v_account from core.ledger_account where id = v_hold.account_id;
  else
    v_account.id := v_hold.account_id;
    v_account.project := v_hold.project;
  end if;
  if p_batch.at is null and not v_is_above then
    select p.id, p.total_in, p.total_out, p.held, p.overdraft, p.version
    into v_purse.id, v_purse.total_in, v_purse.total_out, v_purse.held, v_purse.overdraft, v_purse.version
    from core.ledger_account p where p.id = v_hold.purse_id for no key update;
    v_at := clock_timestamp();
    -- Mostly nothing is due and the key is new.
    select h.id, h.project, h.account_id, h.status, h.amount, h.captured, h.over, h.budget_ids, h.window_starts, h.part_from, h.part_to
    into v_locked.id, v_locked.project, v_locked.account_id, v_locked.status, v_locked.amount, v_locked.captured, v_locked.over,
      v_locked.budget_ids, v_locked.window_starts, v_locked.part_from, v_locked.part_to
    from core.ledger_hold h where h.id = p_hold and h.project = v_hold.project
      and not exists (select from core.ledger_hold d where d.root_id = v_hold.root_id and d.status = 'open' and d.expires_at <= v_at)
      and not exists (select from core.ledger_tx t where t.project = v_hold.project and t.key = p_key)
    for no key update;
  end if;
  if v_locked.id is not null then
    v_hold := v_locked;
  else
    v_lock := core.ledger_lock(p_batch, array[v_hold.purse_id], array[v_hold.root_id],
      array[row(p_hold, v_hold.project)::core.ledger_hold_key], case when v_is_above then v_account.path end, '{}', '{}',
      case when v_is_above then coalesce(p_amount, v_hold.amount) else 0 end, v_account.project, p_key);
    v_at := v_lock.at;
    v_purse := v_lock.purse;
    if v_lock.is_known then return core.ledger_replay(v_account.project, p_key, v_request); end if;
    v_hold := v_lock.hold;
  end if;
  if v_hold.status not in ('open', 'expired') then
    return core.ledger_denied('hold_closed', (select code from core.ledger_account where id = v_hold.account_id), v_purse,
      core.ledger_windows_view(core.ledger_read_hold(v_hold)),
      jsonb_build_object('hold', p_hold, 'status', v_hold.status));
  end if;

  v_captured := v_hold.captured;
  v_rest := v_hold.amount - v_captured;
  v_used := coalesce(p_amount, v_rest);
  if v_hold.status = 'open' and v_used <= v_rest then
    v_within := v_used;
    v_seen := core.ledger_see_windows(v_hold.budget_ids, v_hold.window_starts);
    if v_hold.part_from is not null then v_windows := core.ledger_read_hold(v_hold); end if;
    if p_amount is null then v_flags := '{estimated}'; end if;
  elsif v_hold.status = 'open' and v_hold.over = 'reject' then
    return core.ledger_denied('over_capture', (select code from core.ledger_account where id = v_hold.account_id), v_purse,
      core.ledger_windows_view(core.ledger_read_hold(v_hold)),
      jsonb_build_object('hold', p_hold, 'requested', p_amount, 'limit', v_rest));
  elsif not v_is_above then
    v_ok := core.ledger_retry();
  else
    v_budget_ids := v_lock.budget_ids;
    v_window_starts := v_lock.window_starts;
    v_windows := core.ledger_read_hold(v_hold, v_budget_ids, v_window_starts);
    v_part := core.ledger_split(v_hold, v_purse, v_used, (core.ledger_pick(v_windows, v_budget_ids, v_window_starts)).rest);
    v_within := v_part.within;
    v_above := v_part.above;
    v_uncollected := nullif(v_part.uncollected, 0);
    if v_hold.status = 'expired' then v_flags := v_flags || 'late'::text; end if;
    if p_amount is null then v_flags := v_flags || 'estimated'::text; end if;
    if v_within + v_above > v_rest then v_flags := v_flags || 'overflow'::text; end if;
    if v_uncollected > 0 then v_flags := v_flags || 'uncollected'::text; end if;
  end if;

  v_id := nextval('core.journal_id');
  update core.ledger_account set total_out = total_out + v_within + coalesce(v_above, 0), version = version + 1,
    held = held - case v_hold.status when 'open' then v_rest else 0 end
  where id = v_purse.id returning total_out, held, version into v_purse.total_out, v_purse.held, v_purse.version;
  if v_above is null and v_hold.part_from is null then
    v_counted := core.ledger_count_seen(v_id, v_seen, -v_rest, v_within, v_at);
  else
    v_windows := core.ledger_count_hold(v_id, v_windows, v_hold, v_captured, case v_hold.status when 'open' then -v_rest else 0 end,
      v_within, v_budget_ids, v_window_starts, coalesce(v_above, 0), v_at);
    select v_windows.heads as heads, core.ledger_counts(v_windows) as counts into v_counted;
  end if;
  update core.ledger_hold set captured = captured + v_within, above = above + coalesce(v_above, 0), closed_at = v_at,
    uncollected = uncollected + coalesce(v_uncollected, 0),
    status = case status when 'open' then 'settled' else 'settled_late' end,
    released = case status when 'open' then v_rest - v_within else released end
  where id = p_hold and project = v_account.project returning captured into v_hold.captured;
  v_tx := core.ledger_journal(v_id, p_key, 'settle', v_account, v_purse, p_hold, v_within + coalesce(v_above, 0), v_flags, v_request,
    null, v_at, v_budget_ids, v_window_starts, p_counts => v_counted.counts, p_above => v_above,
    p_uncollected => v_uncollected, p_captured_from => v_captured);
  if v_tx.amount > 0 then v_ok := core.ledger_post(v_id, v_purse, -v_tx.amount, 2); end if;
  if v_uncollected > 0 then v_ok := core.ledger_alert_uncollected(v_id, v_account, p_hold, v_uncollected, v_at); end if;
  return core.ledger_answer(v_tx, v_hold, v_counted.heads);
end
$$;
comment on function core.ledger_settle is 'core_api.ledger_settle, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_settle(p_key text, p_hold uuid, p_amount bigint default null, p_metadata jsonb default '{}') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  return core.ledger_settle(null, p_key, p_hold, p_amount, p_metadata);
end
$$;
comment on function core_api.ledger_settle is 'Charges what was used of a hold, releases the rest, closes it; late settles still charge once. Replays on p_key.';
revoke execute on function core_api.ledger_settle from public;
grant execute on function core_api.ledger_settle to core_member, service_role;

-- Gives a hold back whole. Denied once something is captured: settle it instead. Replays on p_key.
-- Locks: purse, hold, windows.
create function core.ledger_void(
  p_batch core.ledger_batch_locks, p_key text, p_hold uuid, p_reason text
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_hold core.ledger_hold;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_windows core.ledger_window_set;
  v_tx core.ledger_tx;
  v_request jsonb;
  v_replay jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  if length(p_reason) > 1000 then
    perform core.refuse('PT400', 'invalid_reason', 'reason must be at most 1000 characters', null, jsonb_build_object('field', 'reason'));
  end if;
  v_hold := core.ledger_find_hold('ledger:spend', p_hold);
  select * into v_account from core.ledger_account where id = v_hold.account_id;
  v_request := core.ledger_request(jsonb_build_object('op', 'void', 'hold', p_hold, 'reason', p_reason));

  v_lock := core.ledger_lock_account(p_batch, v_account, p_hold, false, p_need => 0);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  v_hold := v_lock.hold;
  v_windows := core.ledger_read_hold(v_hold);
  if v_hold.status <> 'open' or v_hold.captured > 0 then
    return core.ledger_denied('hold_closed', v_account.code, v_purse, core.ledger_windows_view(v_windows),
      jsonb_build_object('hold', p_hold, 'status', v_hold.status, 'captured', v_hold.captured));
  end if;

  v_tx.id := nextval('core.journal_id');
  update core.ledger_hold set status = 'voided', released = amount, closed_at = v_lock.at
  where id = p_hold and project = v_account.project returning * into v_hold;
  update core.ledger_account set held = held - v_hold.amount, version = version + 1 where id = v_purse.id returning * into v_purse;
  v_windows := core.ledger_count_hold(v_tx.id, v_windows, v_hold, 0, -v_hold.amount, 0, null, null, 0, v_lock.at);
  v_tx := core.ledger_journal(v_tx.id, p_key, 'void', v_account, v_purse, p_hold, 0, '{}', v_request, null, v_lock.at,
    p_counts => core.ledger_counts(v_windows));
  return core.ledger_answer(v_tx, v_hold, v_windows.heads);
end
$$;
comment on function core.ledger_void is 'core_api.ledger_void, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_void(p_key text, p_hold uuid, p_reason text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
begin
  return core.ledger_void(null, p_key, p_hold, p_reason);
end
$$;
comment on function core_api.ledger_void is 'Gives a hold back whole, if nothing of it is captured. Replays on p_key.';
revoke execute on function core_api.ledger_void from public;
grant execute on function core_api.ledger_void to core_member, service_role;
