-- Generated from supabase/schemas/72_webhook by `npm run generate`. Do not edit.

-- supabase/schemas/72_webhook/10_store.sql

-- Webhooks: events of a project, sent to an address of its own. Each topic of a webhook has a position in the outbox, so
-- that its events arrive in order and a receiver that was away misses none.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('webhook:write', 'List, change, test and replay webhooks', '{admin,owner}', false, 'webhook');

create table core.webhook (
  id uuid constraint webhook_pkey primary key default core.new_id(),
  project text collate "C" not null constraint webhook_project_fkey references core.project (name),
  name text collate "C" not null constraint webhook_name_form check (name ~ '^[a-z][a-z0-9_-]{0,49}$'),
  url text not null constraint webhook_url_form check (url ~ '^https?://' and length(url) <= 2000),
  status text not null default 'active' constraint webhook_status check (status in ('active', 'disabled')),
  disabled_reason text,
  secret text not null constraint webhook_secret_form check (core.is_sealed(secret)),
  old_secret text constraint webhook_old_secret_form check (old_secret is null or core.is_sealed(old_secret)),
  old_secret_until timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor(),
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor(),
  constraint webhook_project_name_key unique (project, name)
);
comment on table core.webhook is 'Addresses that receive events of a project.';
comment on column core.webhook.secret is 'Signs each delivery. Sealed: only the process that sends can read it, and no function that a member may call returns it.';
comment on column core.webhook.disabled_reason is 'Why the process disabled it: null where a person did.';

create table core.webhook_feed (
  webhook uuid not null constraint webhook_feed_webhook_fkey references core.webhook (id) on delete cascade,
  topic text collate "C" not null,
  after_seq bigint not null,
  failures int not null default 0,
  failing_since timestamptz,
  retry_at timestamptz not null default clock_timestamp(),
  last_status int,
  last_error text,
  delivered bigint not null default 0,
  delivered_at timestamptz,
  lease uuid,
  leased_until timestamptz not null default '-infinity',
  constraint webhook_feed_pkey primary key (webhook, topic)
) with (fillfactor = 80);
comment on table core.webhook_feed is 'How far each topic of a webhook has been delivered, and when the next attempt is due.';
comment on column core.webhook_feed.lease is 'Held by the process that delivers now. One that died loses it at leased_until.';

-- A webhook as the API shows it: never its secrets.
create function core.webhook_view(p_row core.webhook) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('name', p_row.name, 'project', p_row.project, 'url', p_row.url, 'status', p_row.status,
    'disabled_reason', p_row.disabled_reason, 'created_at', p_row.created_at, 'created_by', p_row.created_by,
    'updated_at', p_row.updated_at, 'updated_by', p_row.updated_by,
    'overlap_ends_at', case when p_row.old_secret_until > clock_timestamp() then p_row.old_secret_until end,
    'topics', (
      select coalesce(jsonb_agg(jsonb_build_object('topic', f.topic, 'after', f.after_seq, 'delivered', f.delivered,
        'delivered_at', f.delivered_at, 'failures', f.failures, 'failing_since', f.failing_since,
        'next_attempt_at', case when f.failures > 0 then f.retry_at end, 'last_status', f.last_status,
        'last_error', f.last_error) order by f.topic collate "C"), '[]')
      from core.webhook_feed f where f.webhook = p_row.id))
$$;
comment on function core.webhook_view is 'A webhook with the state of each of its topics, without its secrets.';

-- What the audit log keeps of it: what a person decides.
create function core.webhook_settings(p_row core.webhook) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('name', p_row.name, 'url', p_row.url, 'status', p_row.status,
    'topics', (select coalesce(jsonb_agg(f.topic order by f.topic collate "C"), '[]') from core.webhook_feed f where f.webhook = p_row.id))
$$;
comment on function core.webhook_settings is 'What a webhook is set to, for the audit log.';

-- Authorises, then finds the webhook within the project, then locks it.
create function core.webhook_lock(p_name text, p_project text) returns core.webhook
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('webhook:write', p_project);
  v_row core.webhook;
begin
  select * into v_row from core.webhook where project = v_project and name = p_name for no key update;
  if v_row.id is null then
    perform core.refuse('PT404', 'webhook_not_found', 'there is no such webhook', 'List the webhooks to find its name.');
  end if;
  return v_row;
end
$$;
comment on function core.webhook_lock is 'The webhook row, locked. PT404 where it is missing or another project''s.';

-- A member sends only events that its own scopes open: else a webhook would show it what it may not read.
create function core.webhook_require_topics(p_topics text[]) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_member jsonb := core.member_claims();
  v_topic text;
  v_scope text;
begin
  if p_topics is null or cardinality(p_topics) not between 1 and 20 then
    perform core.refuse('PT400', 'invalid_topics', 'a webhook needs 1 to 20 topics', null, jsonb_build_object('field', 'topics'));
  end if;
  foreach v_topic in array p_topics loop
    select s.name into v_scope from core.scope s
    where v_topic = s.topic or starts_with(v_topic, s.topic || '.') order by length(s.topic) desc limit 1;
    if v_scope is null or length(v_topic) > 100 then
      perform core.refuse('PT400', 'invalid_topics', format('%s is not a topic', coalesce(quote_literal(left(v_topic, 100)), 'null')),
        'The realtime reference lists the topics.', jsonb_build_object('field', 'topics'));
    elsif v_member is not null and not (coalesce(v_member -> 'caps' ? 'event:read', false) and coalesce(v_member -> 'caps' ? v_scope, false)) then
      perform core.refuse('PT403', 'forbidden_capability', format('this credential cannot receive %s: it lacks event:read or %s', v_topic, v_scope),
        'Leave the topic out, or use a credential that may receive it.', jsonb_build_object('scope', v_scope, 'capability', v_scope));
    end if;
  end loop;
  return true;
end
$$;
comment on function core.webhook_require_topics is 'Raises PT400 for an unknown topic, PT403 for one that the caller may not receive.';

-- Creates a webhook or sets it to what is given; idempotent. p_secret is used where the webhook is created: "created"
-- tells. New topics begin with the next event. p_enabled true enables one that was disabled, and attempts are due at once.
-- Locks: the project's webhooks where one is created, else the webhook.
create function core_api.webhook_put(p_name text, p_url text, p_topics text[], p_secret text, p_enabled boolean default true,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_project text := core.enter('webhook:write', p_project);
  v_status text := case when p_enabled then 'active' else 'disabled' end;
  v_old core.webhook;
  v_new core.webhook;
  v_before jsonb;
  v_ok boolean;
begin
  v_ok := core.webhook_require_topics(p_topics);
  v_ok := core.require_sealed('secret', p_secret);
  if p_name is null or p_name !~ '^[a-z][a-z0-9_-]{0,49}$' then
    perform core.refuse('PT400', 'invalid_name', 'a webhook''s name is 1 to 50 lowercase letters, digits, _ and -, and begins with a letter',
      null, jsonb_build_object('field', 'name'));
  elsif p_url is null or p_url !~ '^https?://' or length(p_url) > 2000 then
    perform core.refuse('PT400', 'invalid_url', 'url must be an https address of at most 2000 characters', null, jsonb_build_object('field', 'url'));
  elsif p_enabled is null then
    perform core.refuse('PT400', 'invalid_enabled', 'enabled must be true or false', null, jsonb_build_object('field', 'enabled'));
  end if;
  -- The project's row orders those who create, so that none passes the limit.
  perform from core.project where name = v_project for no key update;
  if not found then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(v_project, 100))), 'Register the project first.');
  end if;
  select * into v_old from core.webhook where project = v_project and name = p_name for no key update;
  if v_old.id is null then
    if 20 <= (select count(*) from core.webhook where project = v_project) then
      perform core.refuse('PT409', 'too_many_webhooks', 'a project can have 20 webhooks', 'Remove those no longer used.', jsonb_build_object('max', 20));
    end if;
    insert into core.webhook (project, name, url, status, secret) values (v_project, p_name, p_url, v_status, p_secret) returning * into v_new;
  else
    v_before := core.webhook_settings(v_old);
    update core.webhook set url = p_url, status = v_status, disabled_reason = case when p_enabled or v_old.status = 'active' then null else v_old.disabled_reason end
    where id = v_old.id returning * into v_new;
  end if;
  -- "From now on" is after every event committed before.
  v_ok := core.event_number(10000, true);
  delete from core.webhook_feed where webhook = v_new.id and topic <> all (p_topics);
  insert into core.webhook_feed (webhook, topic, after_seq)
  select v_new.id, t, h.last_seq from (select distinct unnest(p_topics) as t) topics, core.event_head h order by t collate "C"
  on conflict on constraint webhook_feed_pkey do nothing;
  if v_old.status = 'disabled' and p_enabled then
    update core.webhook_feed set failures = 0, failing_since = null, retry_at = clock_timestamp() where webhook = v_new.id;
  end if;

  if v_before is distinct from core.webhook_settings(v_new) then
    update core.webhook set updated_at = clock_timestamp(), updated_by = core.actor() where id = v_new.id returning * into v_new;
    perform core.audit(case when v_old.id is null then 'webhook.create' else 'webhook.update' end, 'webhook:' || p_name, v_project,
      v_before, core.webhook_settings(v_new));
  end if;
  return jsonb_build_object('ok', true, 'created', v_old.id is null) || core.webhook_view(v_new);
end
$$;
comment on function core_api.webhook_put is 'Creates a webhook of a project or changes it to what is given. Idempotent.';
revoke execute on function core_api.webhook_put from public;
grant execute on function core_api.webhook_put to core_member, service_role;

-- A new secret. Deliveries carry a signature of each until the overlap ends, so that a receiver can change over without a
-- gap. Replays on p_key. Locks: the webhook, the key.
create function core_api.webhook_rotate(p_key text, p_name text, p_secret text, p_overlap_s int default 86400, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_row core.webhook := core.webhook_lock(p_name, p_project);
  v_request jsonb := jsonb_build_object('op', 'webhook_rotate', 'name', p_name, 'overlap_s', p_overlap_s);
  v_first jsonb := core.first_answer(v_row.project, p_key, v_request);
  v_ok boolean;
begin
  if v_first is not null then return v_first; end if;
  v_ok := core.require_sealed('secret', p_secret);
  if p_overlap_s is null or p_overlap_s not between 0 and 2592000 then
    perform core.refuse('PT400', 'invalid_overlap', 'overlap must be 0 to 2592000 seconds (30 days)', null, jsonb_build_object('field', 'overlap_s'));
  end if;
  update core.webhook set secret = p_secret, old_secret = secret, old_secret_until = clock_timestamp() + make_interval(secs => p_overlap_s),
    updated_at = clock_timestamp(), updated_by = core.actor()
  where id = v_row.id returning * into v_row;
  perform core.audit('webhook.rotate', 'webhook:' || p_name, v_row.project, null, jsonb_build_object('overlap_s', p_overlap_s));
  return core.keep_answer(v_row.project, p_key, v_request, jsonb_build_object('ok', true) || core.webhook_view(v_row));
end
$$;
comment on function core_api.webhook_rotate is 'Replaces the secret of a webhook; both sign until the overlap ends. Replays on p_key.';
revoke execute on function core_api.webhook_rotate from public;
grant execute on function core_api.webhook_rotate to core_member, service_role;

-- Sends again what was sent before: positions go back to p_after, and a disabled webhook is enabled. Replays on
-- p_key. Locks: the webhook, the key.
create function core_api.webhook_replay(p_key text, p_name text, p_after bigint, p_topics text[] default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_row core.webhook := core.webhook_lock(p_name, p_project);
  v_request jsonb := jsonb_build_object('op', 'webhook_replay', 'name', p_name, 'after', p_after, 'topics', to_jsonb(p_topics));
  v_first jsonb := core.first_answer(v_row.project, p_key, v_request);
  v_before jsonb := core.webhook_settings(v_row);
  v_head core.event_head;
begin
  if v_first is not null then return v_first; end if;
  select * into v_head from core.event_head;
  if p_after is null or p_after not between 0 and v_head.last_seq then
    perform core.refuse('PT400', 'invalid_cursor', format('after must be 0 to %s, the newest sequence number', v_head.last_seq), null,
      jsonb_build_object('field', 'after'));
  elsif p_after < v_head.trimmed_seq then
    perform core.refuse('PT409', 'events_trimmed', format('events up to %s are no longer kept', v_head.trimmed_seq),
      'Replay from there, and read what is older from the history of each account.', jsonb_build_object('oldest', v_head.trimmed_seq + 1));
  elsif exists (select from unnest(p_topics) t where t is null or not exists (select from core.webhook_feed f where f.webhook = v_row.id and f.topic = t)) then
    perform core.refuse('PT400', 'invalid_topics', 'the webhook does not have all of these topics', null, jsonb_build_object('field', 'topics'));
  end if;
  -- The lease goes with the position: what is under way now reports in vain.
  update core.webhook_feed set after_seq = p_after, failures = 0, failing_since = null, retry_at = clock_timestamp(), lease = null, leased_until = '-infinity'
  where webhook = v_row.id and (p_topics is null or topic = any (p_topics));
  update core.webhook set status = 'active', disabled_reason = null, updated_at = clock_timestamp(), updated_by = core.actor()
  where id = v_row.id returning * into v_row;
  perform core.audit('webhook.replay', 'webhook:' || p_name, v_row.project, v_before,
    core.webhook_settings(v_row) || jsonb_build_object('after', p_after, 'replayed_topics', to_jsonb(p_topics)));
  return core.keep_answer(v_row.project, p_key, v_request, jsonb_build_object('ok', true) || core.webhook_view(v_row));
end
$$;
comment on function core_api.webhook_replay is 'Sends the events after a sequence number again, and enables the webhook.';
revoke execute on function core_api.webhook_replay from public;
grant execute on function core_api.webhook_replay to core_member, service_role;

-- Answers with what it was. Locks: the webhook.
create function core_api.webhook_remove(p_name text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_row core.webhook := core.webhook_lock(p_name, p_project);
  v_view jsonb := core.webhook_view(v_row);
begin
  perform core.audit('webhook.remove', 'webhook:' || p_name, v_row.project, core.webhook_settings(v_row), null);
  delete from core.webhook where id = v_row.id;
  return jsonb_build_object('ok', true) || v_view;
end
$$;
comment on function core_api.webhook_remove is 'Removes a webhook.';
revoke execute on function core_api.webhook_remove from public;
grant execute on function core_api.webhook_remove to core_member, service_role;

-- All of a project: there are at most 20.
create function core_api.webhook_list(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('webhook:write', p_project);
begin
  return jsonb_build_object('ok', true, 'webhooks', (
    select coalesce(jsonb_agg(core.webhook_view(w) order by w.name collate "C"), '[]') from core.webhook w where w.project = v_project));
end
$$;
comment on function core_api.webhook_list is 'The webhooks of a project, by name, with how far each topic has been delivered.';
revoke execute on function core_api.webhook_list from public;
grant execute on function core_api.webhook_list to core_member, service_role;

-- supabase/schemas/72_webhook/20_deliver.sql

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

-- No role may execute a function without a grant of its own.

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and exists (
        select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
        where a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole))
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v_function);
  end loop;
end
$$;
