-- Takes a sample of every project's score, once in an interval of p_every_s seconds however many control planes ask: it
-- goes into the row of its minute and that of its hour. Emits an event where a project changes between good (80 or more),
-- fair (50 or more) and poor. Forgets minutes after p_keep_minutes, hours after p_keep_hours, at most p_limit of each.
-- Locks: the head; who does not get it answers 0.
create function core_api.health_sample(p_every_s int default 60, p_keep_minutes interval default '6 hours', p_keep_hours interval default '30 days',
  p_limit int default 10000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_at timestamptz;
  v_change record;
  v_count int;
  v_forgotten int;
begin
  v_ok := core.authorize('health:operate', null);
  v_ok := core.require_range('every_s', p_every_s, 1, 3600);
  if p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 100000', null, jsonb_build_object('field', 'limit'));
  end if;
  if p_keep_minutes is null or p_keep_minutes < interval '1 minute' or p_keep_hours is null or p_keep_hours < interval '1 hour' then
    perform core.refuse('PT400', 'invalid_keep', 'keep at least one minute of minutes and one hour of hours', null, jsonb_build_object('field', 'keep'));
  end if;
  v_at := date_bin(make_interval(secs => p_every_s), clock_timestamp(), '2000-01-01Z');
  perform from core.health_head where sampled_at < v_at for no key update skip locked;
  if not found then return jsonb_build_object('ok', true, 'sampled', 0, 'forgotten', 0); end if;
  update core.health_head set sampled_at = v_at;

  v_count := 0;
  for v_change in
    with present as materialized (
      select p.name as project, h.status, h.score, h.worst ->> 0 as worst, h.criticality, h.beat_at,
        case when h.score is null then 'unknown' when h.score >= 80 then 'good' when h.score >= 50 then 'fair' else 'poor' end as band
      from core.project p left join core.session_summary(array(select q.name from core.project q)) s on s.project = p.name
        cross join lateral core.health_of(p.name, s) h where p.archived_at is null
    ), sampled as (
      insert into core.health_sample as s (project, period, at, samples, total, least, most)
      select n.project, u.period, date_trunc(u.period, v_at), 1, n.score, n.score, n.score
      from present n cross join (values ('minute'), ('hour')) as u (period) where n.score is not null
      on conflict on constraint health_sample_pkey do update set samples = s.samples + 1, total = s.total + excluded.total,
        least = least(s.least, excluded.least), most = greatest(s.most, excluded.most)
    ), gone as (
      delete from core.health_state s where not exists (select from present n where n.project = s.project)
    ), stored as (
      insert into core.health_state as s (project, score, worst, band, criticality, status, last_beat_at)
      select n.project, n.score, n.worst, n.band, n.criticality, n.status, n.beat_at from present n
      on conflict on constraint health_state_pkey do update set score = excluded.score, worst = excluded.worst, band = excluded.band,
        criticality = excluded.criticality, status = excluded.status, last_beat_at = coalesce(excluded.last_beat_at, s.last_beat_at),
        since = case when s.band = excluded.band then s.since else excluded.since end
    )
    select n.*, coalesce(b.band, 'unknown') as before from present n left join core.health_state b on b.project = n.project
    order by n.project
  loop
    v_count := v_count + (v_change.score is not null)::int;
    continue when v_change.band = v_change.before;
    v_ok := core.emit('manifest.health', null, v_change.band, jsonb_build_object('project', v_change.project, 'health', v_change.band,
      'before', v_change.before, 'score', v_change.score, 'worst', v_change.worst));
  end loop;
  v_forgotten := core.health_forget('minute', v_at - p_keep_minutes, p_limit) + core.health_forget('hour', v_at - p_keep_hours, p_limit);
  return jsonb_build_object('ok', true, 'sampled', v_count, 'forgotten', v_forgotten);
end
$$;
comment on function core_api.health_sample is 'Samples the score of every project, once in an interval. Owner only.';
revoke execute on function core_api.health_sample from public;
grant execute on function core_api.health_sample to service_role;

create function core.health_forget(p_period text, p_before timestamptz, p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
begin
  with old as (
    select s.project, s.period, s.at from core.health_sample s where s.period = p_period and s.at < p_before order by s.at limit p_limit
  )
  delete from core.health_sample s using old o where s.project = o.project and s.period = o.period and s.at = o.at;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function core.health_forget is 'Deletes samples from before an instant, the oldest first.';
