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
  hold_amount bigint[], hold_captured bigint[], hold_status text[], in_parts boolean[], has_apart boolean, present int[],
  -- as decided; tx null: denied. counts: of its windows, as the journal keeps them
  tx bigint[], version bigint[], counted bigint[], settled bigint[], held bigint[], counts text[], flags text[],
  result text[], above bigint[], uncollected bigint[],
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
        and not core.is_too_deep(o.metadata)
        and (not jsonb_path_exists(o.metadata, '$.** ? (@.type() == "number" && (@ > 9007199254740991 || @ < -9007199254740991 || @ != @.floor()))') or core.is_exact(o.metadata)))
      and case o.op
        when 'reserve' then length(o.account) between 1 and 200 and o.amount > 0 and coalesce(o.min between 1 and o.amount, true)
          and coalesce(o.ttl_s between 1 and 86400, true) and coalesce(o.over in ('overflow', 'cap', 'reject'), true)
          and o.value - '{op,key,account,amount,hold,min,ttl_s,over,metadata}'::text[] = '{}'
        when 'settle' then o.hold is not null and o.value - '{op,key,hold,amount,metadata}'::text[] = '{}'
        when 'void' then o.hold is not null and coalesce(length(o.reason), 0) <= 1000 and o.value - '{op,key,hold,reason}'::text[] = '{}'
        when 'charge' then length(o.account) between 1 and 200 and o.amount > 0
          and o.value - '{op,key,account,amount,metadata}'::text[] = '{}'
      end, false)),
    -- What the journal keeps of it: as sent where that is the plain form, because to build it again costs more than all of parsing.
    array_agg(case
      when o.op in ('reserve', 'charge') and jsonb_typeof(o.value -> 'account') = 'string' and jsonb_typeof(o.value -> 'amount') = 'number'
          and o.value - '{op,key,account,amount,ttl_s,metadata}'::text[] = '{}'
          and coalesce(o.ttl_s <> 120 and jsonb_typeof(o.value -> 'ttl_s') = 'number', not o.value ? 'ttl_s')
          and coalesce(o.metadata <> '{}', not o.value ? 'metadata')
        -- Of a settle that is not valid, because it has other fields, the request is not read.
        or o.op = 'settle' and o.value ->> 'hold' = o.hold::text and coalesce(jsonb_typeof(o.value -> 'amount') = 'number', true)
          and coalesce(o.metadata <> '{}', not o.value ? 'metadata') then o.value - 'key'
      else core.ledger_request(case o.op
        when 'reserve' then jsonb_build_object('op', 'reserve', 'account', o.account, 'amount', o.amount, 'hold', o.hold, 'min', o.min,
          'ttl_s', nullif(o.ttl_s, 120), 'over', nullif(o.over, 'cap'))
        when 'charge' then jsonb_build_object('op', 'charge', 'account', o.account, 'amount', o.amount)
        when 'settle' then jsonb_build_object('op', 'settle', 'hold', o.hold, 'amount', o.amount)
        else jsonb_build_object('op', 'void', 'hold', o.hold, 'reason', o.reason) end,
        case when o.op <> 'void' then coalesce(o.metadata, '{}') else '{}' end) end),
    bool_and(coalesce(o.op in ('reserve', 'settle', 'void', 'charge'), false))
  into b.op, b.key, b.code, b.amount, b.min, b.ttl, b.over, b.metadata, b.hold, b.reason, b.valid, b.request, v_together
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

-- Statements over all operations of a batch read these positions and take the rest from arrays by subscript: of an array of
-- unknown length the planner expects ten elements, and looks each of them up; of generate_series it expects a thousand, and
-- would read the tables. What is looked up is fenced (lateral, offset 0): one after the other, so in their order, whatever the
-- planner believes. As joins, planned while a vacuum had just found the tables empty, each operation was compared with every row.
create function core.ledger_batch_positions(p_ops text[]) returns int[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array(select generate_series(1, cardinality(p_ops)))
$$;
comment on function core.ledger_batch_positions is 'The positions of the operations of a batch.';

-- Whose operations they are. What is missing, foreign or in the way is not valid: its own function says so afterwards.
create function core.ledger_batch_find(b core.ledger_batch) returns core.ledger_batch
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_member text := core.claims() ->> 'project';
  v_now timestamptz := clock_timestamp();
  v_each int[] := core.ledger_batch_positions(b.op);
  v_op text[] := b.op; v_code text[] := b.code; v_amount bigint[] := b.amount; v_hold uuid[] := b.hold; v_valid boolean[] := b.valid;
begin
  select array_agg(x.account), array_agg(x.project), array_agg(x.code), array_agg(x.root_id), array_agg(x.over_bp), array_agg(x.known),
    array_agg(x.known and v_op[x.i] = 'settle' and x.exceeds),
    array_agg(x.known and not (v_op[x.i] = 'reserve' and x.hold is not null) and x.leased is not true)
  into b.account, b.project, b.code, b.root, b.over_bp, b.known, b.exceeds, b.valid
  from (
    select n.i, a.id as account, a.project, a.code, a.root_id, a.over_bp, h.id as hold, h.leased,
      v_valid[n.i] and a.id is not null and (v_member is null or a.project = v_member) as known,
      coalesce(h.status <> 'open' or h.expires_at <= v_now or v_amount[n.i] > h.amount - h.captured, false) as exceeds
    from unnest(v_each) as n (i)
    left join lateral (select o.id, o.project from core.ledger_account o
      where o.code = v_code[n.i] and o.kind not in ('issuer', 'sink', 'breakage') offset 0) c on true
    left join lateral (select o.id, o.account_id, o.leased, o.status, o.expires_at, o.amount, o.captured from core.ledger_hold o
      where o.id = v_hold[n.i] and o.project = coalesce(c.project, v_member, o.project) offset 0) h on true
    left join lateral (select o.id, o.project, o.code, o.root_id, o.over_bp from core.ledger_account o
      where o.id = case when v_op[n.i] in ('settle', 'void') then h.account_id else c.id end offset 0) a on true) x;
  -- Several projects have the id of a hold, and the caller is of none: each operation says so itself.
  if cardinality(b.account) > cardinality(b.op) then b.known := array_fill(false, array[cardinality(b.op)]); end if;
  return b;
end
$$;
comment on function core.ledger_batch_find is 'Adds to a batch the account of each operation.';

-- Everything else, read under the locks of ledger_lock: p_accounts, of which p_spending may need their present windows, and
-- p_holds are those of the batch; p_budget_ids and p_window_starts are the present windows it returned.
create function core.ledger_batch_read(b core.ledger_batch, p_accounts bigint[], p_spending bigint[], p_holds core.ledger_hold_key[],
  p_budget_ids bigint[], p_window_starts timestamptz[]) returns core.ledger_batch
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_accounts bigint[];
  v_purses int[];
  v_frozen boolean[];
  v_first core.ledger_window_list;
  v_last core.ledger_window_list;
  v_positions int[];
  v_each int[] := core.ledger_batch_positions(b.op);
  v_op text[] := b.op; v_account bigint[] := b.account; v_hold uuid[] := b.hold; v_project text[] := b.project; v_key text[] := b.key;
  v_request jsonb[] := b.request; v_valid boolean[] := b.valid; v_amount bigint[] := b.amount;
begin
  select array_agg(p.id), array_agg(p.total_in::bigint - p.total_out), array_agg(p.held::bigint),
    array_agg(p.overdraft::bigint), array_agg(p.debt_limit::bigint), array_agg(p.version)
  into b.purse_id, b.purse_settled, b.purse_held, b.purse_overdraft, b.purse_debt, b.purse_version
  from core.ledger_account p where p.id in (select a.purse_id from core.ledger_account a where a.id = any (p_accounts));
  select array_agg(a.id), array_agg(array_position(b.purse_id, a.purse_id)), array_agg(core.ledger_is_frozen(a.path))
  into v_accounts, v_purses, v_frozen
  from core.ledger_account a where a.id = any (p_accounts);

  select array_agg(v_purses[r.at]), array_agg(v_frozen[r.at]), array_agg(r.amount), array_agg(r.captured), array_agg(r.status),
    array_agg(r.result), array_agg(r.valid), array_agg(r.in_parts),
    bool_or(r.in_parts or r.status = 'expired' or v_amount[r.i] > r.amount - r.captured),
    min(r.budget_ids), min(r.window_starts), max(r.budget_ids), max(r.window_starts)
  into b.purse, b.frozen, b.hold_amount, b.hold_captured, b.hold_status, b.result, b.valid, b.in_parts, b.has_apart,
    v_first.budget_ids, v_first.window_starts, v_last.budget_ids, v_last.window_starts
  from (
    select n.i, array_position(v_accounts, v_account[n.i]) as at, h.budget_ids, h.window_starts, h.amount::bigint as amount, h.captured::bigint as captured, h.status, h.part_from is not null as in_parts,
      case when v_valid[n.i] and t.request = v_request[n.i] then (core.ledger_result(t.tx) || '{"replayed": true}')::text end as result,
      -- A hold that somebody opened under the id of a reserve since: reserve itself says so.
      v_valid[n.i] and (t.request is null or t.request = v_request[n.i]) and not (v_op[n.i] = 'reserve' and h.id is not null) as valid
    from unnest(v_each) as n (i)
    left join lateral (select o.id, o.budget_ids, o.window_starts, o.amount, o.captured, o.status, o.part_from from core.ledger_hold o
      where o.id = v_hold[n.i] and o.project = v_project[n.i] offset 0) h on true
    left join lateral (select o as tx, o.request from core.ledger_tx o
      where o.project = v_project[n.i] and o.key = v_key[n.i] offset 0) t on true) r;

  b := core.ledger_batch_lists(b, p_spending, p_accounts, p_holds, v_first, v_last, p_budget_ids, p_window_starts);
  select coalesce(array_agg(k.budget_id), '{}'), coalesce(array_agg(k.period_start), '{}') into p_budget_ids, p_window_starts
  from (select distinct u.budget_id, u.period_start from unnest(b.lists) l, unnest(l.budget_ids, l.window_starts) as u (budget_id, period_start) order by 1, 2) k;
  b.windows := core.ledger_read_windows(p_budget_ids, p_window_starts);
  select array_agg(concat(k.head, k.cap, ', "spent": ') order by k.ord) into b.heads
  from unnest((b.windows).heads, (b.windows).caps) with ordinality as k (head, cap, ord);
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

-- Which list of windows each operation counts in: one for most batches, and then it is not looked for op by op. p_first and
-- p_last: the least and the greatest list of the holds.
create function core.ledger_batch_lists(b core.ledger_batch, p_spending bigint[], p_accounts bigint[], p_holds core.ledger_hold_key[],
  p_first core.ledger_window_list, p_last core.ledger_window_list, p_budget_ids bigint[], p_window_starts timestamptz[])
returns core.ledger_batch
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_now core.ledger_window_list := row(p_budget_ids, p_window_starts, null);
begin
  if p_holds = '{}' then
    p_first := v_now;
    p_last := v_now;
  end if;
  if not true = any (b.exceeds) and p_first = p_last and (p_spending is null or cardinality(p_spending) = 1 and p_first = v_now) then
    b.lists := array[p_first];
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
      from unnest(p_holds) as k cross join lateral (select o.budget_ids, o.window_starts from core.ledger_hold o
        where o.id = k.id and o.project = k.project offset 0) h) l
  ), listed as (
    select coalesce(hl.list, al.list) as list, al.list as present
    from unnest(b.op, b.account, b.hold, b.project) with ordinality as x (op, account, hold, project, ord)
    left join account a on a.id = x.account
    left join list al on al.budget_ids = a.budget_ids and al.window_starts = a.window_starts
    left join lateral (select o.budget_ids, o.window_starts from core.ledger_hold o
      where o.id = x.hold and o.project = x.project and x.op in ('settle', 'void') offset 0) h on true
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
