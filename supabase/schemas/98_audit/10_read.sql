-- Reading the audit log: administrative changes and the journal of the ledger as one list, newest first.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('audit:read', 'Read the audit log: who changed what', '{admin,owner}', false, null);

create function core.audit_instant(p_filter jsonb, p_name text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (p_filter ->> p_name)::timestamptz;
exception when others then
  perform core.refuse('PT400', 'invalid_filter', format('%s must be an instant', p_name), 'Send RFC 3339, such as 2026-11-20T09:30:00Z.',
    jsonb_build_object('field', p_name));
end
$$;
comment on function core.audit_instant is 'An instant of a filter; PT400 where it is none.';

-- The entries before a number, newest first: of a project, or of everything (owner). p_filter may hold actor, action (all
-- of it, or the noun before its dot), resource, source (admin or ledger), from and to. One call reads at most the journal
-- rows of 20,000 numbers, and 20,000 changes, so that a rare filter over a long past costs many short calls and never a
-- long one: a page may hold less than p_limit, even nothing, and only next null is the end.
create function core_api.audit_log(p_project text default null, p_before bigint default null, p_limit int default 100, p_filter jsonb default '{}')
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_scan constant int := 20000;
  -- How far numbers and times may differ in order: no call that waits for its locks takes as long.
  v_slack constant interval := '1 minute';
  v_actor text := p_filter ->> 'actor';
  v_action text := p_filter ->> 'action';
  v_resource text := p_filter ->> 'resource';
  v_source text := p_filter ->> 'source';
  v_from timestamptz;
  v_to timestamptz;
  v_high bigint := coalesce(p_before, 9223372036854775807);
  v_low bigint := 0;
  v_floor bigint := 0;
  v_unknown text;
  v_rows jsonb;
begin
  v_ok := core.authorize('audit:read', p_project);
  v_ok := core.require_page(p_limit);
  v_ok := core.require_object('filter', p_filter);
  select k into v_unknown from jsonb_object_keys(p_filter) k where k not in ('actor', 'action', 'resource', 'source', 'from', 'to') limit 1;
  if v_unknown is not null or v_source not in ('admin', 'ledger') then
    perform core.refuse('PT400', 'invalid_filter', format('%s is not a filter', coalesce(v_unknown, 'source ' || v_source)),
      'Filter by actor, action, resource, source (admin or ledger), from or to.', jsonb_build_object('field', coalesce(v_unknown, 'source')));
  end if;
  v_from := core.audit_instant(p_filter, 'from');
  v_to := core.audit_instant(p_filter, 'to');
  if isfinite(v_to) then
    v_high := least(v_high, core.ledger_number_after(v_to + v_slack));
  end if;
  if isfinite(v_from) then v_floor := core.ledger_number_at(v_from - v_slack); end if;
  if v_source is distinct from 'admin' then
    select least(v_high, s.last_value + 1) - v_scan into v_low from core.journal_id s;
  end if;
  v_low := greatest(v_low, v_floor);
  if p_filter ?| '{actor,action}'::text[] and v_resource is null then -- of a resource there is an index
    v_low := greatest(v_low, (select a.id from core.audit a where a.id < v_high and (p_project is null or a.project = p_project)
      order by a.id desc offset v_scan - 1 limit 1));
  end if;

  select coalesce(jsonb_agg(r.entry order by r.id desc), '[]') into v_rows from (
    select e.id, jsonb_build_object('id', e.id, 'source', e.source, 'at', e.at, 'project', e.project, 'actor', e.actor,
      'action', e.action, 'resource', e.resource, 'request_id', e.request_id, 'before', e.before, 'after', e.after) as entry
    from (
      (select 'admin' as source, a.*
      from core.audit a
      where a.id < v_high and a.id >= v_low and (p_project is null or a.project = p_project) and v_source is distinct from 'ledger'
        and (v_actor is null or a.actor = v_actor) and (v_resource is null or a.resource = v_resource)
        and (v_action is null or a.action = v_action or starts_with(a.action, v_action || '.'))
        and (v_from is null or a.at >= v_from) and (v_to is null or a.at < v_to)
      order by a.id desc limit p_limit)
      union all
      select 'ledger', t.* from core.ledger_audit_entries(p_project, v_low, v_high, p_limit, p_filter) t
      where v_source is distinct from 'admin'
    ) e
    order by e.id desc limit p_limit) r;
  return jsonb_build_object('ok', true, 'entries', v_rows, 'next', case
    when jsonb_array_length(v_rows) = p_limit then (v_rows -> -1 ->> 'id')::bigint
    when v_low > v_floor then v_low end);
end
$$;
comment on function core_api.audit_log is 'The audit log of a project, or of everything: changes and the journal of the ledger, newest first, before a number.';
revoke execute on function core_api.audit_log from public;
grant execute on function core_api.audit_log to core_member, service_role;
