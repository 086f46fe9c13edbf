-- Deliveries: a process claims topics that have events due, sends them, and reports. A process that dies delivers again
-- after its lease, so receivers get each event at least once and tell repeats by its id.

-- Claims topics with events, each for p_lease_s. A project has at most p_per_project under way, so that receivers that are
-- slow on purpose delay only their own. Only the process calls it: the answer carries the sealed secrets.
create function core_api.webhook_claim(p_limit int default 20, p_lease_s int default 30, p_per_project int default 4) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
  v_head core.event_head;
  v_lease uuid := gen_random_uuid();
  v_due jsonb;
  v_ok boolean;
begin
  v_ok := core.authorize('webhook:operate', null);
  if p_limit is null or p_limit not between 1 and 100 or p_lease_s is null or p_lease_s not between 1 and 600
    or p_per_project is null or p_per_project not between 1 and 100 then
    perform core.refuse('PT400', 'invalid_limit', 'limit and per_project must be 1 to 100, lease_s 1 to 600', null);
  end if;
  v_ok := core.event_number(10000);
  select * into v_head from core.event_head;
  with due as (
    select f.webhook, f.topic, w.project, row_number() over (partition by w.project order by f.retry_at, f.webhook, f.topic) as turn
    from core.webhook_feed f join core.webhook w on w.id = f.webhook
    where w.status = 'active' and f.after_seq < v_head.last_seq and f.retry_at <= v_now and f.leased_until <= v_now
      and (exists (select from core.event e where e.topic = f.topic and e.project = w.project and e.seq > f.after_seq)
        or exists (select from core.event e where e.topic = f.topic and e.project is null and e.seq > f.after_seq))
  ), chosen as (
    select f.webhook, f.topic from core.webhook_feed f join due d using (webhook, topic)
    where d.turn <= p_per_project - (
        select count(*) from core.webhook_feed b join core.webhook bw on bw.id = b.webhook where bw.project = d.project and b.leased_until > v_now)
      and f.leased_until <= v_now
    order by d.turn, f.retry_at limit p_limit for no key update of f skip locked
  ), claimed as (
    update core.webhook_feed f set lease = v_lease, leased_until = v_now + make_interval(secs => p_lease_s)
    from chosen c where f.webhook = c.webhook and f.topic = c.topic returning f.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('webhook', c.webhook, 'name', w.name, 'project', w.project, 'topic', c.topic, 'url', w.url,
    'failures', c.failures,
    'secrets', jsonb_build_array(w.secret) || case when w.old_secret_until > v_now then jsonb_build_array(w.old_secret) else '[]' end,
    'events', (
      select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'topic', e.topic, 'project', e.project, 'type', e.type, 'data', e.data,
        'at', e.at, 'state_key', e.state_key) order by e.seq), '[]')
      from (select * from core.event e where e.topic = c.topic and (e.project = w.project or e.project is null) and e.seq > c.after_seq
        order by e.seq limit 20) e))), '[]') into v_due
  from claimed c join core.webhook w on w.id = c.webhook;
  return jsonb_build_object('ok', true, 'lease', v_lease, 'epoch', v_head.epoch, 'head', v_head.last_seq, 'oldest', v_head.trimmed_seq + 1, 'due', v_due);
end
$$;
comment on function core_api.webhook_claim is 'Claims topics of webhooks with events due, with what to send and the secrets to sign it. Owner only.';
revoke execute on function core_api.webhook_claim from public;
grant execute on function core_api.webhook_claim to service_role;

-- How an attempt ended: delivered through p_through, then p_error where the next event failed. A lapsed lease reports in
-- vain. Failures wait longer each time, at most an hour, with full jitter; after a day of them, or where the receiver says
-- it is gone (410), the webhook is disabled. Locks: the topic, and the webhook where it is disabled.
create function core_api.webhook_report(p_webhook uuid, p_topic text, p_lease uuid, p_through bigint, p_delivered int,
  p_status int default null, p_error text default null, p_retry_after_s int default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_now timestamptz := clock_timestamp();
  v_feed core.webhook_feed;
  v_row core.webhook;
  v_before jsonb;
  v_ok boolean;
begin
  v_ok := core.authorize('webhook:operate', null);
  if p_through is null or p_through < 0 or p_delivered is null or p_delivered < 0 or length(p_error) > 500 or p_retry_after_s not between 0 and 86400 then
    perform core.refuse('PT400', 'invalid_report', 'through and delivered are whole numbers from 0, error has at most 500 characters', null);
  end if;
  update core.webhook_feed f set
    after_seq = greatest(f.after_seq, p_through),
    delivered = f.delivered + p_delivered,
    delivered_at = case when p_delivered > 0 then v_now else f.delivered_at end,
    failures = case when p_error is null then 0 when p_delivered > 0 then 1 else f.failures + 1 end,
    failing_since = case when p_error is null then null when p_delivered > 0 then v_now else coalesce(f.failing_since, v_now) end,
    retry_at = case when p_error is null then v_now else v_now + greatest(
      make_interval(secs => coalesce(p_retry_after_s, 1)),
      random() * least(interval '1 hour', interval '5 seconds' * power(2, least(f.failures, 12)))) end,
    last_status = p_status, last_error = p_error, lease = null, leased_until = '-infinity'
  where f.webhook = p_webhook and f.topic = p_topic and f.lease = p_lease and f.leased_until > v_now
  returning f.* into v_feed;
  if v_feed.webhook is null then return jsonb_build_object('ok', true, 'accepted', false, 'disabled', false); end if;
  if p_error is null or p_status is distinct from 410 and v_feed.failing_since > v_now - interval '24 hours' then
    return jsonb_build_object('ok', true, 'accepted', true, 'disabled', false);
  end if;

  select * into v_row from core.webhook where id = p_webhook for no key update;
  v_before := core.webhook_settings(v_row);
  update core.webhook set status = 'disabled', updated_at = v_now, updated_by = core.actor(),
    disabled_reason = case when p_status = 410 then 'the receiver answered 410 Gone' else 'every attempt failed for 24 hours: ' || p_error end
  where id = p_webhook and status = 'active' returning * into v_row;
  if v_row.id is not null then
    perform core.emit('webhook', v_row.project, 'disabled', jsonb_build_object('name', v_row.name, 'reason', v_row.disabled_reason, 'topic', p_topic));
    perform core.audit('webhook.disable', 'webhook:' || v_row.name, v_row.project, v_before, core.webhook_settings(v_row));
  end if;
  return jsonb_build_object('ok', true, 'accepted', true, 'disabled', true);
end
$$;
comment on function core_api.webhook_report is 'Records how the deliveries of a claimed topic ended. Owner only.';
revoke execute on function core_api.webhook_report from public;
grant execute on function core_api.webhook_report to service_role;

-- What a test delivery needs. Owner only: it carries the secrets. The caller's own scope is checked by the process, which
-- asks with webhook_list first.
create function core_api.webhook_target(p_name text, p_project text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.webhook;
begin
  perform core.authorize('webhook:operate', null);
  select * into v_row from core.webhook where project = p_project and name = p_name;
  if v_row.id is null then
    perform core.refuse('PT404', 'webhook_not_found', 'there is no such webhook', 'List the webhooks to find its name.');
  end if;
  return jsonb_build_object('ok', true, 'url', v_row.url, 'secrets', jsonb_build_array(v_row.secret)
    || case when v_row.old_secret_until > clock_timestamp() then jsonb_build_array(v_row.old_secret) else '[]' end);
end
$$;
comment on function core_api.webhook_target is 'Where a webhook sends to and what signs it. Owner only.';
revoke execute on function core_api.webhook_target from public;
grant execute on function core_api.webhook_target to service_role;

-- Webhooks with a secret that another key sealed. Owner only.
create function core_api.webhook_stale(p_key_id text, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform core.authorize('webhook:operate', null);
  perform core.require_page(p_limit);
  return jsonb_build_object('ok', true, 'secrets', (
    select coalesce(jsonb_agg(to_jsonb(s)), '[]') from (
      select w.id as webhook, w.project, w.name, kept.sealed
      from core.webhook w cross join lateral (values (w.secret), (w.old_secret)) kept (sealed)
      where split_part(kept.sealed, '.', 2) <> p_key_id order by w.id limit p_limit) s));
end
$$;
comment on function core_api.webhook_stale is 'Secrets of webhooks that another key sealed. Owner only.';
revoke execute on function core_api.webhook_stale from public;
grant execute on function core_api.webhook_stale to service_role;

-- The same secret under another key; one that was replaced meanwhile stays as it is. Locks: the webhook.
create function core_api.webhook_rewrap(p_webhook uuid, p_from text, p_to text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_row core.webhook;
begin
  perform core.authorize('webhook:operate', null);
  perform core.require_sealed('to', p_to);
  update core.webhook set secret = case when secret = p_from then p_to else secret end,
    old_secret = case when old_secret = p_from then p_to else old_secret end
  where id = p_webhook and p_from in (secret, old_secret) returning * into v_row;
  if v_row.id is not null then
    perform core.audit('webhook.rewrap', 'webhook:' || v_row.name, v_row.project, null, jsonb_build_object('key_id', split_part(p_to, '.', 2)));
  end if;
  return jsonb_build_object('ok', true, 'rewrapped', v_row.id is not null);
end
$$;
comment on function core_api.webhook_rewrap is 'Keeps a secret of a webhook under another key. Owner only.';
revoke execute on function core_api.webhook_rewrap from public;
grant execute on function core_api.webhook_rewrap to service_role;
