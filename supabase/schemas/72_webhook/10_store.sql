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
