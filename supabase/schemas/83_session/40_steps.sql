create type core.session_figures as (project text, status text, sessions int, hung int, beat_at timestamptz, ttl_s int, version text,
  requests bigint, errors bigint, p95_ms double precision, target_p95_ms double precision, backlog bigint);
comment on type core.session_figures is 'The live sessions of a project in one row.';

-- What live processes report of themselves, for the nouns above: one row for each of these projects with live sessions. Ask for
-- all projects at once: a row alone costs ten times as much. In plpgsql, whose plan stays: as SQL it was planned again in each
-- call, which cost four times as much as its work.
create function core.session_summary(p_projects text[]) returns setof core.session_figures
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return query select s.project,
    -- The best one decides: who can be served at all is served by it.
    (array['online', 'degraded', 'starting', 'maintenance'])[min(array_position(array['online', 'degraded', 'starting', 'maintenance'],
      case when s.is_hung and s.status = 'online' then 'degraded' else s.status end))],
    count(*)::int, count(*) filter (where s.is_hung)::int, max(s.beat_at), (array_agg(s.ttl_s order by s.beat_at desc))[1],
    (array_agg(s.version order by s.opened_at desc))[1],
    sum(s.requests)::bigint, sum(s.errors)::bigint, max(s.p95_ms), min(s.target_p95_ms), sum(s.backlog)::bigint
  from (select t.*, t.progress_at < t.beat_at - interval '60 seconds' as is_hung from core.session t
    where t.ends_at > (select clock_timestamp()) and t.project = any (p_projects)) s
  group by s.project;
end
$$;
comment on function core.session_summary is 'The live sessions of each project in one row: the best status, sums, and the worst p95.';

create function core.session_is_live(p_project text, p_session uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from core.session where id = p_session and project = p_project and ends_at > clock_timestamp());
end
$$;
comment on function core.session_is_live is 'Whether a project has this session and it is alive.';

-- Also of sessions that have ended: they are known for an hour.
create function core.session_last_beat(p_project text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select max(s.beat_at) from core.session s where s.project = p_project);
end
$$;
comment on function core.session_last_beat is 'The last beat of any session of a project that is still known; null for none.';

-- Waits for a beat or an end that is under way, which session_is_live does not. Locks: the session, shared.
create function core.session_hold_live(p_project text, p_session uuid) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from core.session where id = p_session and project = p_project and ends_at > clock_timestamp() for share;
  return found;
end
$$;
comment on function core.session_hold_live is 'Whether a project has this session and it is alive, kept so until the transaction ends.';
