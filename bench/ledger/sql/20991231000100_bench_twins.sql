-- Copies of the ledger's tables: same columns, checks, indexes and page settings, so that what is measured beside the
-- ledger writes the same rows into the same shape, and the ledger's own tables keep passing their audit.

create schema bench;

do $$
declare
  v_table text;
  v_settings text;
begin
  foreach v_table in array array['ledger_account', 'ledger_window', 'ledger_hold', 'ledger_tx', 'ledger_entry'] loop
    execute format('create table bench.%I (like core.%I including all)', v_table, v_table);
    select array_to_string(reloptions, ', ') into v_settings
    from pg_catalog.pg_class where oid = format('core.%I', v_table)::regclass;
    if v_settings is not null then execute format('alter table bench.%I set (%s)', v_table, v_settings); end if;
  end loop;
end
$$;
-- The ledger computes this number; a copy takes the cluster's.
alter table bench.ledger_tx alter column xid set default pg_current_xact_id();
create sequence bench.ledger_tx_id;

-- Copies an account, its purse and the present windows of its path, and answers with what a function without checks
-- takes as arguments.
create function core_api.bench_adopt(p_account text) returns jsonb
language plpgsql as $$
declare
  v_account core.ledger_account;
  v_windows record;
begin
  select * into strict v_account from core.ledger_account where code = p_account;
  v_windows := core.ledger_open_windows(v_account.path, clock_timestamp());
  insert into bench.ledger_account select * from core.ledger_account where id = v_account.purse_id on conflict do nothing;
  insert into bench.ledger_window
  select w.* from unnest(v_windows.budget_ids, v_windows.window_starts) as k (budget_id, period_start)
  join core.ledger_window w on w.budget_id = k.budget_id and w.period_start = k.period_start on conflict do nothing;
  return jsonb_build_object('account', v_account.id, 'purse', v_account.purse_id, 'root', v_account.root_id,
    'project', v_account.project, 'budgets', v_windows.budget_ids, 'windows', v_windows.window_starts);
end
$$;

-- The newest reserve or settle of the ledger as its rows, each column in Postgres's text format: the hold as it left it, the
-- journal row and its entries. Columns and types come from the catalog: a change of the ledger's tables changes the limit with it.
do $$
declare
  v_columns text[] := '{}';
  v_table text;
begin
  foreach v_table in array array['hold', 'tx', 'entry'] loop
    v_columns := v_columns || (select string_agg(format('%L, %s.%I::text', attname, v_table, attname), ', ' order by attnum)
      from pg_catalog.pg_attribute where attrelid = format('core.ledger_%s', v_table)::regclass and attnum > 0 and not attisdropped);
  end loop;
  execute format($body$
    create function core_api.bench_rows(p_op text) returns jsonb language sql as $sql$
      select jsonb_build_object('hold', jsonb_build_object(%s), 'tx', jsonb_build_object(%s), 'entries',
        (select coalesce(jsonb_agg(jsonb_build_object(%s)), '[]') from core.ledger_entry entry where entry.tx_id = tx.id))
      from core.ledger_tx tx join core.ledger_hold hold on hold.id = tx.hold where tx.op = p_op order by tx.id desc limit 1
    $sql$ $body$, v_columns[1], v_columns[2], v_columns[3]);
end
$$;

-- The limits: one INSERT of many rows per table, all values from the caller. One array per column; columns that are
-- arrays themselves come as texts, because Postgres has no arrays of arrays.
do $$
declare
  v_op text;
  v_table text;
  v_arguments text;
  v_inserts text;
begin
  foreach v_op in array array['reserve', 'settle'] loop
    v_arguments := '';
    v_inserts := '';
    foreach v_table in array case v_op when 'reserve' then array['hold', 'tx'] else array['hold', 'tx', 'entry'] end loop
      select v_arguments || case v_arguments when '' then '' else ', ' end
          || string_agg(format('p_%s_%s %s[]', v_table, attname, c.type), ', ' order by attnum),
        v_inserts || format('insert into bench.ledger_%s (%s) select %s from unnest(%s) as x (%s);', v_table,
          string_agg(format('%I', attname), ', ' order by attnum),
          string_agg(format('x.%I::%s', attname, c.declared), ', ' order by attnum),
          string_agg(format('p_%s_%s', v_table, attname), ', ' order by attnum),
          string_agg(format('%I', attname), ', ' order by attnum))
      into v_arguments, v_inserts
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_type t on t.oid = a.atttypid
      cross join lateral (
        select format_type(a.atttypid, a.atttypmod) as declared,
          case when t.typcategory = 'A' then 'text' else format_type(coalesce(nullif(t.typbasetype, 0), t.oid), -1) end as type) c
      where a.attrelid = format('core.ledger_%s', v_table)::regclass and a.attnum > 0 and not a.attisdropped;
    end loop;
    execute format('create function core_api.bench_insert_%ss(%s) returns void language plpgsql
      set plan_cache_mode = force_generic_plan as $body$ begin %s end $body$', v_op, v_arguments, v_inserts);
  end loop;
end
$$;
