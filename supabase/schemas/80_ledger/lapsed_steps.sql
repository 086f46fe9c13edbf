-- Model calls whose process died: their holds have lapsed, and the router says what they cost.

-- Holds of model calls that lapsed p_after ago and were not settled since, with what their work cost at least in their metadata.
-- Others may have a floor of their own meaning there.
create function core.ledger_lapsed_holds(p_after interval, p_limit int) returns table (id uuid, project text, metadata jsonb)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select h.id, h.project, h.metadata from core.ledger_hold h
  where h.status = 'expired' and h.metadata ?& '{call,target,floor}'::text[] and h.expires_at <= (select clock_timestamp() - p_after)
  order by h.expires_at limit p_limit
$$;
comment on function core.ledger_lapsed_holds is 'Lapsed holds of model calls that were not settled, for the noun that did the work.';

-- Settles lapsed holds, and returns what each was charged, null where it is denied. Each in the name of its project, because
-- another one may have a hold with its id, and by a key that no caller has taken: one that cannot be charged would keep all
-- others from it. Locks: as a batch, those of all before the first is charged.
create function core.ledger_settle_lapsed(p_ids uuid[], p_projects text[], p_amounts bigint[], p_metadata jsonb) returns bigint[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_holds core.ledger_hold_key[] := array(select row(u.id, u.project)::core.ledger_hold_key from unnest(p_ids, p_projects) as u (id, project));
  v_claims jsonb := core.claims();
  v_purses bigint[];
  v_roots bigint[];
  v_path bigint[];
  v_lock record;
  v_locks core.ledger_batch_locks;
  v_answer jsonb;
  v_charged bigint[] := '{}';
begin
  select array_agg(distinct h.purse_id), array_agg(distinct h.root_id), array_agg(distinct p.id) into v_purses, v_roots, v_path
  from unnest(v_holds) as k join core.ledger_hold h on h.id = k.id and h.project = k.project
  join core.ledger_account a on a.id = h.account_id cross join unnest(a.path) as p (id);
  if v_purses is null then return v_charged; end if;
  v_lock := core.ledger_lock(null, v_purses, v_roots, v_holds, v_path, '{}', '{}', (select sum(a)::bigint from unnest(p_amounts) as a));
  v_locks := core.ledger_adopt_locks(v_purses, v_holds, v_lock.at, v_lock.budget_ids, v_lock.window_starts);
  for i in 1 .. cardinality(p_ids) loop
    perform set_config('request.jwt.claims', (coalesce(v_claims, '{}') || jsonb_build_object('project', p_projects[i]))::text, true);
    v_answer := core.ledger_settle(v_locks, format('recover:%s:%s', p_ids[i], core.new_id()), p_ids[i], p_amounts[i], p_metadata);
    v_charged := array_append(v_charged, (v_answer ->> 'charged')::bigint);
  end loop;
  perform set_config('request.jwt.claims', coalesce(v_claims::text, ''), true);
  return v_charged;
end
$$;
comment on function core.ledger_settle_lapsed is 'Settles lapsed holds of any projects; what each was charged, null where it is denied.';
