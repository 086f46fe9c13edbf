-- What a batch is decided on: its operations parsed once into arrays, then accounts, holds, known keys, purses and windows
-- as they are under the locks of all.

-- The windows of an account now, or of a hold: the same list serves many operations. positions: in the batch's set.
create type core.ledger_window_list as (budget_ids bigint[], window_starts timestamptz[], positions int[]);

-- A batch: arrays with one element per operation, per purse and per window.
create type core.ledger_batch as (
  -- of each operation, as sent; valid: its own function would not raise for its shape
  op text[], key text[], code text[], amount bigint[], min bigint[], ttl int[], over text[], metadata jsonb[], hold uuid[],
  reason text[], valid boolean[],
  -- as found; purse, list and present (the list of the account's present windows) are positions; known: its account is there and the caller's; what is not valid by then is left
  -- to its own function, under the batch's locks; exceeds: a settle that may charge above its hold
  known boolean[], exceeds boolean[], over_bp int[], account bigint[], project text[], root bigint[], request jsonb[], purse int[], list int[], frozen boolean[],
  hold_amount bigint[], hold_captured bigint[], hold_status text[], in_parts boolean[], present int[],
  -- as decided; tx null: denied. counts: of its windows, as the journal keeps them
  tx bigint[], version bigint[], counted bigint[], charged bigint[], settled bigint[], held bigint[], counts text[], flags text[],
  hold_end text[], released bigint[], result text[], above bigint[], uncollected bigint[],
  -- of each purse
  purse_id bigint[], purse_settled bigint[], purse_held bigint[], purse_overdraft bigint[], purse_debt bigint[], purse_version bigint[],
  -- windows: as read, what an answer says of each before its counts, and which belong together
  windows core.ledger_window_set, heads text[], lists core.ledger_window_list[],
  at timestamptz
);

-- Null where operations depend on each other (one key or one hold twice), are not all of the four common kinds, or have a
-- value that is not of its field's type: checking each by pattern cost more than the rest of parsing.
create function core.ledger_batch_parse(p_ops jsonb) returns core.ledger_batch
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  b core.ledger_batch;
  v_together boolean;
begin
  select array_agg(o.op), array_agg(o.key), array_agg(o.account), array_agg(o.amount), array_agg(o.min),
    array_agg(coalesce(o.ttl_s, 120)), array_agg(coalesce(o.over, 'cap')), array_agg(coalesce(o.metadata, '{}')), array_agg(o.hold),
    array_agg(o.reason),
    array_agg(coalesce(length(o.key) between 1 and 200 and not starts_with(o.key, 'core:')
      and (o.amount is null or o.amount between 0 and 9007199254740991)
      and (o.metadata is null or o.metadata = '{}' or jsonb_typeof(o.metadata) = 'object' and pg_column_size(o.metadata) <= 16384
        and not core.is_too_deep(o.metadata))
      and case o.op
        when 'reserve' then length(o.account) between 1 and 200 and o.amount > 0 and coalesce(o.min between 1 and o.amount, true)
          and coalesce(o.ttl_s between 1 and 86400, true) and coalesce(o.over in ('overflow', 'cap', 'reject'), true)
          and o.value - '{op,key,account,amount,hold,min,ttl_s,over,metadata}'::text[] = '{}'
        when 'settle' then o.hold is not null and o.value - '{op,key,hold,amount,metadata}'::text[] = '{}'
        when 'void' then o.hold is not null and coalesce(length(o.reason), 0) <= 1000 and o.value - '{op,key,hold,reason}'::text[] = '{}'
        when 'charge' then length(o.account) between 1 and 200 and o.amount > 0
          and o.value - '{op,key,account,amount,metadata}'::text[] = '{}'
      end, false)),
    bool_and(coalesce(o.op in ('reserve', 'settle', 'void', 'charge'), false))
  into b.op, b.key, b.code, b.amount, b.min, b.ttl, b.over, b.metadata, b.hold, b.reason, b.valid, v_together
  from rows from (
    jsonb_to_recordset(p_ops) as (op text, key text, account text, amount bigint, min bigint, ttl_s int, over text,
      hold uuid, reason text, metadata jsonb),
    jsonb_array_elements(p_ops))
    as o (op, key, account, amount, min, ttl_s, over, hold, reason, metadata, value);
  -- Apart, because a distinct aggregate may sort the input of all others.
  if not v_together or (select count(distinct x.key) < count(x.key) or count(distinct x.hold) < count(x.hold)
    from unnest(b.key, b.hold) as x (key, hold)) then return null; end if;
  return b;
exception when data_exception then
  return null;
end
$$;
comment on function core.ledger_batch_parse is 'A batch as arrays; null where it cannot be taken together.';

-- Accounts and requests. What is missing, foreign or in the way is not valid: its own function says so afterwards.
create function core.ledger_batch_find(b core.ledger_batch) returns core.ledger_batch
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_member text := core.claims() ->> 'project';
  v_now timestamptz := clock_timestamp();
begin
  select array_agg(x.account), array_agg(x.project), array_agg(x.code), array_agg(x.root_id), array_agg(x.over_bp), array_agg(x.known),
    array_agg(x.known and x.op = 'settle' and x.exceeds),
    array_agg(x.known and not (x.op = 'reserve' and x.hold is not null) and x.leased is not true), array_agg(x.request)
  into b.account, b.project, b.code, b.root, b.over_bp, b.known, b.exceeds, b.valid, b.request
  from (
    select x.op, a.over_bp, coalesce(h.status <> 'open' or h.expires_at <= v_now or x.amount > h.amount - h.captured, false) as exceeds, a.id as account, a.project, a.code, a.root_id, h.id as hold, h.leased,
      x.valid and a.id is not null and (v_member is null or a.project = v_member) as known,
      case when x.op = 'void' or x.metadata = '{}' then r.fields else r.fields || jsonb_build_object('metadata', x.metadata) end as request
    from unnest(b.op, b.code, b.amount, b.hold, b.min, b.ttl, b.over, b.metadata, b.reason, b.valid)
      with ordinality as x (op, code, amount, hold, min, ttl, over, metadata, reason, valid, ord)
    cross join lateral (select jsonb_strip_nulls(case x.op
      when 'reserve' then jsonb_build_object('op', 'reserve', 'account', x.code, 'amount', x.amount, 'hold', x.hold, 'min', x.min,
        'ttl_s', nullif(x.ttl, 120), 'over', nullif(x.over, 'cap'))
      when 'charge' then jsonb_build_object('op', 'charge', 'account', x.code, 'amount', x.amount)
      when 'settle' then jsonb_build_object('op', 'settle', 'hold', x.hold, 'amount', x.amount)
      else jsonb_build_object('op', 'void', 'hold', x.hold, 'reason', x.reason) end) as fields) r
    left join core.ledger_account c on c.code = x.code and c.kind not in ('issuer', 'sink', 'breakage')
    -- Where several projects have the id, and the caller is of none, its own function says so.
    left join core.ledger_hold h on h.id = x.hold and h.project = coalesce(c.project, v_member,
      (select min(o.project) from core.ledger_hold o where o.id = x.hold having count(*) = 1))
    left join core.ledger_account a on a.id = case when x.op in ('settle', 'void') then h.account_id else c.id end
    order by x.ord) x;
  return b;
end
$$;
comment on function core.ledger_batch_find is 'Adds to a batch the account and the request of each operation.';

-- Everything else, read under the locks of ledger_lock; p_budget_ids and p_window_starts are the present windows it returned.
create function core.ledger_batch_read(b core.ledger_batch, p_budget_ids bigint[], p_window_starts timestamptz[]) returns core.ledger_batch
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_accounts bigint[];
  v_spending bigint[];
  v_holds core.ledger_hold_key[];
  v_positions int[];
begin
  select array_agg(distinct x.account), array_agg(distinct x.account) filter (where x.op in ('reserve', 'charge')),
    coalesce(array_agg(row(x.hold, x.project)::core.ledger_hold_key) filter (where x.op in ('settle', 'void') and x.valid), '{}')
  into v_accounts, v_spending, v_holds
  from unnest(b.op, b.account, b.hold, b.project, b.known, b.valid) as x (op, account, hold, project, known, valid) where x.known;
  select array_agg(p.id), array_agg(p.total_in::bigint - p.total_out), array_agg(p.held::bigint),
    array_agg(p.overdraft::bigint), array_agg(p.debt_limit::bigint), array_agg(p.version)
  into b.purse_id, b.purse_settled, b.purse_held, b.purse_overdraft, b.purse_debt, b.purse_version
  from core.ledger_account p where p.id in (select a.purse_id from core.ledger_account a where a.id = any (v_accounts));

  with account as materialized (
    select a.id, array_position(b.purse_id, a.purse_id) as purse, core.ledger_is_frozen(a.path) as frozen
    from core.ledger_account a where a.id = any (v_accounts)
  )
  select array_agg(r.purse), array_agg(r.frozen), array_agg(r.amount), array_agg(r.captured), array_agg(r.status),
    array_agg(r.result), array_agg(r.valid), array_agg(r.in_parts)
  into b.purse, b.frozen, b.hold_amount, b.hold_captured, b.hold_status, b.result, b.valid, b.in_parts
  from (
    select a.purse, a.frozen, h.amount::bigint as amount, h.captured::bigint as captured, h.status, h.part_from is not null as in_parts,
      case when t.request = x.request then (core.ledger_result(t) || '{"replayed": true}')::text end as result,
      -- A hold that somebody opened under the id of a reserve since: reserve itself says so.
      x.valid and (t.request is null or t.request = x.request) and not (x.op = 'reserve' and h.id is not null) as valid
    from unnest(b.op, b.account, b.hold, b.project, b.key, b.request, b.valid)
      with ordinality as x (op, account, hold, project, key, request, valid, ord)
    left join account a on a.id = x.account
    left join core.ledger_hold h on h.id = x.hold and h.project = x.project
    left join core.ledger_tx t on t.project = x.project and t.key = x.key
    order by x.ord) r;

  b := core.ledger_batch_lists(b, v_spending, v_accounts, v_holds, p_budget_ids, p_window_starts);
  select coalesce(array_agg(k.budget_id), '{}'), coalesce(array_agg(k.period_start), '{}') into p_budget_ids, p_window_starts
  from (select distinct u.budget_id, u.period_start from unnest(b.lists) l, unnest(l.budget_ids, l.window_starts) as u (budget_id, period_start) order by 1, 2) k;
  b.windows := core.ledger_read_windows(p_budget_ids, p_window_starts);
  select array_agg(left(f.fact::text, -1) || ', "spent": ' order by f.ord) into b.heads
  from unnest((b.windows).facts) with ordinality as f (fact, ord);
  for i in 1 .. cardinality(b.lists) loop
    select coalesce(array_agg(k.pos::int order by u.ord), '{}') into v_positions
    from unnest((b.lists[i]).budget_ids, (b.lists[i]).window_starts) with ordinality as u (budget_id, period_start, ord)
    join unnest(p_budget_ids, p_window_starts) with ordinality as k (budget_id, period_start, pos)
      on k.budget_id = u.budget_id and k.period_start = u.period_start;
    b.lists[i].positions := v_positions;
  end loop;
  return b;
end
$$;
comment on function core.ledger_batch_read is 'Adds to a batch the purses, holds, known keys and windows as they are under its locks.';

-- Which list of windows each operation counts in: one for most batches, and then it is not looked for op by op.
create function core.ledger_batch_lists(b core.ledger_batch, p_spending bigint[], p_accounts bigint[], p_holds core.ledger_hold_key[],
  p_budget_ids bigint[], p_window_starts timestamptz[]) returns core.ledger_batch
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_now core.ledger_window_list := row(p_budget_ids, p_window_starts, null);
  v_first core.ledger_window_list;
  v_last core.ledger_window_list;
begin
  select min(h.budget_ids), min(h.window_starts), max(h.budget_ids), max(h.window_starts)
  into v_first.budget_ids, v_first.window_starts, v_last.budget_ids, v_last.window_starts
  from unnest(p_holds) as k join core.ledger_hold h on h.id = k.id and h.project = k.project;
  if p_holds = '{}' then
    v_first := v_now;
    v_last := v_now;
  end if;
  if not true = any (b.exceeds) and v_first = v_last and (p_spending is null or cardinality(p_spending) = 1 and v_first = v_now) then
    b.lists := array[v_first];
    b.list := array_fill(1, array[cardinality(b.op)]);
    b.present := b.list;
    return b;
  end if;

  with account as materialized (
    select a.id, m.budget_ids, m.window_starts from core.ledger_account a
    cross join lateral (
      select coalesce(array_agg(u.id order by u.id), '{}') as budget_ids, coalesce(array_agg(k.period_start order by u.id), '{}') as window_starts
      from core.ledger_budget u join unnest(p_budget_ids, p_window_starts) as k (budget_id, period_start) on k.budget_id = u.id
      where u.account_id = any (a.path)) m
    where a.id = any (p_accounts)
  ), list as materialized (
    select l.budget_ids, l.window_starts, row_number() over (order by l.budget_ids, l.window_starts)::int as list
    from (select a.budget_ids, a.window_starts from account a
      union select h.budget_ids, h.window_starts
      from unnest(p_holds) as k join core.ledger_hold h on h.id = k.id and h.project = k.project) l
  ), listed as (
    select coalesce(hl.list, al.list) as list, al.list as present
    from unnest(b.op, b.account, b.hold, b.project) with ordinality as x (op, account, hold, project, ord)
    left join account a on a.id = x.account
    left join list al on al.budget_ids = a.budget_ids and al.window_starts = a.window_starts
    left join core.ledger_hold h on h.id = x.hold and h.project = x.project and x.op in ('settle', 'void')
    left join list hl on hl.budget_ids = h.budget_ids and hl.window_starts = h.window_starts
    order by x.ord
  )
  select (select array_agg(row(l.budget_ids, l.window_starts, null)::core.ledger_window_list order by l.list) from list l),
    (select array_agg(d.list) from listed d), (select array_agg(d.present) from listed d)
  into b.lists, b.list, b.present;
  return b;
end
$$;
comment on function core.ledger_batch_lists is 'Adds to a batch the lists of windows and which of them each operation counts in.';
