-- The steps that the ledger's functions share: checked arguments, the account and its purse, answers.

create function core.ledger_require_amount(p_field text, p_amount bigint, p_least bigint default 1) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
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
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
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
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
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

-- How much of both lifetime sums to net against each other before p_amount comes in: nothing while it fits. Credits that went
-- in and out again would else use up the range, and the account could receive nothing more.
create function core.ledger_netting(p_purse core.ledger_account, p_amount bigint) returns bigint
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when p_purse.total_in + p_amount + p_purse.overdraft + p_purse.debt_limit > 9007199254740991
    then least(p_purse.total_in, p_purse.total_out)::bigint else 0 end
$$;
comment on function core.ledger_netting is 'How much of total_in and total_out is netted before an amount comes in.';

-- Credits come in only while total_in, the overdraft and the debt limit together stay in the range of amounts: then nothing
-- that is reserved or charged can leave it, and every sum in an answer is exact in JSON.
create function core.ledger_require_bound(p_field text, p_total_in bigint, p_overdraft bigint, p_debt_limit bigint) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_total_in + p_overdraft + p_debt_limit > 9007199254740991 then
    perform core.refuse('PT400', 'invalid_amount',
      'what the account would have, with its overdraft and debt limit, is more than 9007199254740991 micro-credits',
      'Give less, or use another account.', jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.ledger_require_bound is 'Raises PT400 when an account would have more than 2^53 - 1.';

-- Whether there is such an account is not asked here.
create function core.ledger_authorize(p_scope text, p_account text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_account is null or length(p_account) not between 1 and 200 then
    perform core.refuse('PT400', 'invalid_account', 'account must be the code of an account, 1 to 200 characters',
      'For example smart_layer or smart_layer/agent-7.', jsonb_build_object('field', 'account'));
  end if;
  return core.authorize(p_scope, split_part(p_account, '/', 1));
end
$$;
comment on function core.ledger_authorize is 'Authorises a call on the account of a code, by its project.';

-- Finds an account for a caller who may use it. Authorisation goes by the code's first segment, so that a foreign
-- caller learns nothing about which accounts exist. The result is null (id null) where there is none.
create function core.ledger_find_account(p_scope text, p_account text) returns core.ledger_account
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.ledger_authorize(p_scope, p_account);
  v_account core.ledger_account;
begin
  select * into v_account from core.ledger_account
  where code = p_account and kind not in ('issuer', 'sink', 'breakage');
  return v_account;
end
$$;
comment on function core.ledger_find_account is 'The account of that code, after authorisation by its project; null when there is none.';

create function core.ledger_is_frozen(p_path bigint[]) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from core.ledger_account where id = any (p_path) and status <> 'active');
end
$$;
comment on function core.ledger_is_frozen is 'Whether the account or one of its ancestors is frozen or closed.';

create function core.ledger_available(p_purse core.ledger_account) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return p_purse.total_in::bigint - p_purse.total_out - p_purse.held + p_purse.overdraft;
end
$$;
comment on function core.ledger_available is 'What may still be reserved: in - out - held + overdraft. Negative means debt, at most the debt limit.';

-- What every answer carries.
create function core.ledger_accepted(p_tx bigint, p_purse core.ledger_account, p_budgets jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return jsonb_build_object('ok', true, 'tx', p_tx, 'replayed', false,
    'settled', p_purse.total_in::bigint - p_purse.total_out, 'held', p_purse.held,
    'available', core.ledger_available(p_purse), 'budgets', p_budgets);
end
$$;
comment on function core.ledger_accepted is 'The common part of every accepted answer.';

-- A denial is a value: nothing is raised, nothing but lazy expiry is kept, nothing is stored under the key.
create function core.ledger_denied(p_code text, p_account text, p_purse core.ledger_account default null,
  p_budgets jsonb default '[]', p_facts jsonb default '{}') returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return jsonb_build_object('ok', false, 'code', p_code, 'account', p_account) || p_facts
    || case when p_purse.id is null then '{}' else jsonb_build_object(
      'settled', p_purse.total_in::bigint - p_purse.total_out, 'held', p_purse.held,
      'available', core.ledger_available(p_purse), 'budgets', p_budgets) end;
end
$$;
comment on function core.ledger_denied is 'A refusal as data: code, account, the balance and the budgets that decided.';

-- What a settle or a lease report charges: the one rule, for single calls, batches and leases. p_used was used of a hold
-- with p_rest left. An open hold pays within its rest. What is above that, or all of it once the hold has expired and its
-- credits went back, is charged as far as three bounds allow: what may be charged above the grant (over_bp of all that was
-- granted), what is available (overflow: and the debt limit of the purse), and the rest of the tightest present budget
-- (p_budget_rest, null: none binds). What was used and is not charged is uncollected. reject charges nothing above a hold.
create function core.ledger_split(p_hold core.ledger_hold, p_purse core.ledger_account, p_used bigint, p_budget_rest bigint,
  out within bigint, out above bigint, out uncollected bigint)
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_rest bigint := p_hold.amount - p_hold.captured;
  v_most numeric;
begin
  within := case p_hold.status when 'open' then least(p_used, v_rest) else 0 end;
  above := p_used - within;
  if above > 0 then
    v_most := floor(p_hold.amount::numeric * case p_hold.over when 'reject' then 0 else p_hold.over_bp end / 10000)
      + v_rest - within - p_hold.above;
    above := greatest(0, least(above, v_most, p_budget_rest,
      core.ledger_available(p_purse) + case p_hold.over when 'overflow' then p_purse.debt_limit else 0 end));
  end if;
  uncollected := p_used - within - above;
end
$$;
comment on function core.ledger_split is 'How much of what was used is charged within a hold, how much above it, and how much stays uncollected.';

-- A call that met its hold otherwise than it was when the call chose its locks.
create function core.ledger_retry() returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = '40001', message = 'what the call needs has changed while it waited', hint = 'Send the call again.';
end
$$;
comment on function core.ledger_retry is 'Raises 40001: the caller sends the call again.';

-- The last journal row that was written at p_at or before; 0 for none. Numbers and times of the journal grow together but
-- for calls under way at the same moment, so that the rows can be halved instead of read.
create function core.ledger_number_at(p_at timestamptz) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_low bigint := 0;
  v_high bigint;
  v_middle bigint;
  v_id bigint;
  v_at timestamptz;
  v_found bigint := 0;
begin
  select last_value into v_high from core.journal_id;
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low + 1) / 2;
    select t.id, t.created_at into v_id, v_at from core.ledger_tx t where t.id > v_low and t.id <= v_middle order by t.id desc limit 1;
    if v_id is null then
      v_low := v_middle;
    elsif v_at <= p_at then
      v_found := v_id;
      v_low := v_middle;
    else
      v_high := v_id - 1;
    end if;
  end loop;
  return v_found;
end
$$;
comment on function core.ledger_number_at is 'The number of the last journal row up to an instant.';

-- First the number into a variable: in one query the planner would ask it again for each row.
create function core.ledger_number_after(p_at timestamptz) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_last bigint := core.ledger_number_at(p_at);
begin
  return (select min(t.id) from core.ledger_tx t where t.id > v_last);
end
$$;
comment on function core.ledger_number_after is 'The number of the first journal row after an instant; null for none.';

-- The journal as entries of the audit log: the rows numbered from p_low and below p_high, newest first. p_filter is that
-- of core_api.audit_log. Operations that write an audit entry with what was before are left out.
create function core.ledger_audit_entries(p_project text, p_low bigint, p_high bigint, p_limit int, p_filter jsonb)
returns setof core.audit
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_actor text := p_filter ->> 'actor';
  v_action text := p_filter ->> 'action';
  v_resource text := p_filter ->> 'resource';
  v_account bigint;
  v_from timestamptz := (p_filter ->> 'from')::timestamptz;
  v_to timestamptz := (p_filter ->> 'to')::timestamptz;
begin
  if starts_with(v_resource, 'account:') then
    select id into v_account from core.ledger_account where code = substr(v_resource, 9);
  end if;
  return query
    select t.id, t.project::text, t.actor, 'ledger.' || t.op, 'account:' || c.code, t.request_id, null::jsonb,
      jsonb_strip_nulls(jsonb_build_object('key', t.key, 'amount', t.amount, 'hold', t.hold, 'flags', to_jsonb(t.flags),
        'settled', t.settled, 'held', t.held, 'available', t.available)), t.created_at
    from (
      select * from core.ledger_tx t
      where t.id < p_high and t.id >= p_low and (p_project is null or t.project = p_project)
        and t.op not in ('account_open', 'account_update', 'budget_set')
        and (v_actor is null or t.actor = v_actor) and (v_resource is null or t.account_id = v_account)
        and (v_action is null or v_action = 'ledger' or v_action = 'ledger.' || t.op)
        and (v_from is null or t.created_at >= v_from) and (v_to is null or t.created_at < v_to)
      order by t.id desc limit p_limit) t
    join core.ledger_account c on c.id = t.account_id
    order by t.id desc;
end
$$;
comment on function core.ledger_audit_entries is 'Journal rows of a range of numbers as entries of the audit log, newest first.';

-- What the account of a project may still spend: what is available to its purse, or the rest of the tightest budget that
-- binds it, whichever is less. share: the least rest of a budget as a part of its cap; null without budgets. No row where
-- the project has no account.
create function core.ledger_headroom(p_project text, p_now timestamptz) returns table (credits bigint, share double precision)
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off as $$
declare
  v_account core.ledger_account;
  v_purse core.ledger_account;
begin
  select * into v_account from core.ledger_account a where a.code = p_project and a.kind not in ('issuer', 'sink', 'breakage');
  if v_account.id is null then return; end if;
  if core.ledger_is_frozen(v_account.path) then return query select 0::bigint, 0::double precision; return; end if;
  v_purse := v_account;
  if v_account.purse_id <> v_account.id then select * into v_purse from core.ledger_account a where a.id = v_account.purse_id; end if;
  return query
    select least(core.ledger_available(v_purse), min(w.cap - w.used)::bigint),
      min(case when w.cap > 0 then (w.cap - w.used)::double precision / w.cap else 0 end)
    from (
      select b.limit_amount + coalesce(l.moved, 0) + coalesce(l.carried, core.ledger_carry(b, p.period_start)) as cap,
        coalesce(l.spent, 0) + coalesce(l.held, 0) as used
      from core.ledger_budget b
      cross join lateral core.ledger_period(b.period, b.time_zone, p_now) p
      left join core.ledger_window l on l.budget_id = b.id and l.period_start = p.period_start
      where b.account_id = any (v_account.path) and b.removed_at is null
    ) w;
end
$$;
comment on function core.ledger_headroom is 'What the account of a project may still spend, and the least rest of its budgets as a part of the cap.';
