-- Generated from supabase/schemas/86_message by `npm run generate`. Do not edit.

-- supabase/schemas/86_message/10_tables.sql

-- Messages between projects. The inbox of a project is where its processes compete; a delivery is held by a fence and for a
-- time, as a task is. What is open and what has ended are in two tables, so that receiving costs the same however much was sent.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('message:send', 'Send messages to projects and topics and read what was sent', '{operator,admin,owner}', true, null),
  ('message:receive', 'Receive the messages of the project and subscribe it to topics', '{operator,admin,owner}', true, 'message');

insert into core.share_kind (name, rights, summary) values
  ('topic', '{read,write}', 'A topic of messages: read subscribes to it, write publishes to it');

create table core.message (
  id uuid constraint message_pkey primary key default core.new_id(),
  project text collate "C" not null,
  key text collate "C" not null,
  addressee text not null,
  type text not null,
  payload jsonb not null,
  priority smallint not null constraint message_priority_known check (priority between 0 and 3),
  is_ordered boolean not null,
  awaits_reply boolean not null,
  reply_to uuid,
  max_attempts int not null,
  ttl_s int not null,
  recipients int not null default 0,
  skipped int not null default 0,
  has_deliveries boolean not null default false,
  sent_at timestamptz not null default clock_timestamp(),
  sent_by text not null default core.actor(),
  constraint message_key_once unique (project, key)
);
comment on table core.message is 'What was sent, once for all its recipients, until its last delivery is forgotten.';
comment on column core.message.project is 'The sender.';
comment on column core.message.addressee is 'A project, topic:<name>, topic:<owner>/<name>, or * for every other project.';
comment on column core.message.priority is '0 critical, 1 high, 2 normal, 3 low.';
comment on column core.message.skipped is 'Recipients whose inbox was full.';
create index message_sent_idx on core.message (project, id);
create index message_reply_idx on core.message (reply_to) where reply_to is not null;
create index message_undelivered_idx on core.message (sent_at) where not has_deliveries;

create table core.message_delivery (
  id uuid constraint message_delivery_pkey primary key default core.new_id(),
  seq bigint generated always as identity,
  message uuid not null,
  recipient text collate "C" not null,
  sender text collate "C" not null,
  state text not null constraint message_delivery_state check (state in ('ready', 'delayed', 'waiting', 'leased')),
  priority smallint not null,
  turn bigint not null,
  is_ordered boolean not null,
  attempt int not null default 0,
  max_attempts int not null,
  error text,
  holder text,
  fence bigint,
  leased_until timestamptz,
  due_at timestamptz,
  sent_at timestamptz not null,
  expires_at timestamptz not null
) with (fillfactor = 80);
comment on table core.message_delivery is 'Deliveries that have not ended. ready: may be received; delayed: at due_at; waiting: an earlier ordered one is open.';
comment on column core.message_delivery.turn is 'Senders take turns: a sender''s next message has the next turn, another sender''s first one the turn that is being served.';
comment on column core.message_delivery.fence is 'Of the process that holds it. Every report on it carries it.';
create index message_delivery_ready_idx on core.message_delivery (recipient, priority, turn, seq) where state = 'ready';
create index message_delivery_turn_idx on core.message_delivery (recipient, sender, priority, turn);
create index message_delivery_order_idx on core.message_delivery (recipient, sender, seq) where is_ordered;
create index message_delivery_lease_idx on core.message_delivery (recipient, leased_until) where state = 'leased';
create index message_delivery_due_idx on core.message_delivery (recipient, due_at) where state = 'delayed';
create index message_delivery_expiry_idx on core.message_delivery (recipient, expires_at);
create index message_delivery_lease_any_idx on core.message_delivery (leased_until) where state = 'leased';
create index message_delivery_due_any_idx on core.message_delivery (due_at) where state = 'delayed';
create index message_delivery_expiry_any_idx on core.message_delivery (expires_at);
create index message_delivery_critical_idx on core.message_delivery (sender) where priority = 0;
create index message_delivery_message_idx on core.message_delivery (message);
create index message_delivery_list_idx on core.message_delivery (recipient, id);

create table core.message_done (
  id uuid constraint message_done_pkey primary key,
  message uuid not null,
  recipient text collate "C" not null,
  sender text not null,
  status text not null constraint message_done_status check (status in ('acked', 'dead')),
  reason text constraint message_done_reason check ((status = 'dead') = (reason is not null) and reason in ('attempts', 'expired', 'rejected')),
  error text,
  priority smallint not null,
  is_ordered boolean not null,
  attempt int not null,
  max_attempts int not null,
  holder text,
  fence bigint,
  sent_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp()
);
comment on table core.message_done is 'Deliveries that have ended, until their retention is over. The dead ones can be retried.';
comment on column core.message_done.reason is 'Why it is dead. attempts: none was left; expired: its time was over; rejected: its receiver said so.';
create index message_done_age_idx on core.message_done (ended_at);
create index message_done_list_idx on core.message_done (recipient, id);
create index message_done_dead_idx on core.message_done (recipient, id) include (reason) where status = 'dead';
create index message_done_message_idx on core.message_done (message);

create table core.message_subscription (
  owner text collate "C" not null,
  topic text collate "C" not null,
  project text collate "C" not null,
  since timestamptz not null default clock_timestamp(),
  constraint message_subscription_pkey primary key (owner, topic, project)
);
comment on table core.message_subscription is 'Which projects receive what is published to a topic, and whose topic it is.';
create index message_subscription_project_idx on core.message_subscription (project, owner, topic);

create table core.message_count (
  project text collate "C" constraint message_count_pkey primary key,
  ready bigint not null,
  delayed bigint not null,
  waiting bigint not null,
  leased bigint not null,
  dead bigint not null,
  dead_expired bigint not null default 0,
  dead_rejected bigint not null default 0,
  oldest_at timestamptz,
  counted_at timestamptz not null
);
comment on table core.message_count is 'How much is in each inbox, as of the last count.';
comment on column core.message_count.dead is 'Dead letters that are kept, whatever their reason.';
comment on column core.message_count.oldest_at is 'Since when the message waits that is ready the longest.';

-- supabase/schemas/86_message/20_view.sql

create function core.message_priority(p_name text) returns smallint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_name is null or p_name not in ('critical', 'high', 'normal', 'low') then
    perform core.refuse('PT400', 'invalid_priority', 'priority must be critical, high, normal or low', null, jsonb_build_object('field', 'priority'));
  end if;
  return (array_position(array['critical', 'high', 'normal', 'low'], p_name) - 1)::smallint;
end
$$;
comment on function core.message_priority is 'The number of a priority, 0 for critical. Raises PT400 for an unknown one.';

create function core.message_view(p_message core.message) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('message', p_message.id, 'from', p_message.project, 'to', p_message.addressee, 'type', p_message.type,
    'payload', p_message.payload, 'priority', (array['critical', 'high', 'normal', 'low'])[p_message.priority + 1], 'ordered', p_message.is_ordered,
    'awaits_reply', p_message.awaits_reply, 'reply_to', p_message.reply_to, 'sent_at', p_message.sent_at,
    'expires_at', p_message.sent_at + make_interval(secs => p_message.ttl_s))
$$;
comment on function core.message_view is 'A message as the API shows it.';

create function core.message_delivery_view(p_delivery core.message_delivery) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('delivery', p_delivery.id, 'recipient', p_delivery.recipient, 'status', p_delivery.state, 'reason', null,
    'attempt', p_delivery.attempt, 'max_attempts', p_delivery.max_attempts, 'error', p_delivery.error, 'holder', p_delivery.holder,
    'leased_until', p_delivery.leased_until, 'ended_at', null)
$$;
comment on function core.message_delivery_view is 'An open delivery as the API shows it.';

create function core.message_done_view(p_done core.message_done) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('delivery', p_done.id, 'recipient', p_done.recipient, 'status', p_done.status, 'reason', p_done.reason,
    'attempt', p_done.attempt, 'max_attempts', p_done.max_attempts, 'error', p_done.error, 'holder', p_done.holder,
    'leased_until', null, 'ended_at', p_done.ended_at)
$$;
comment on function core.message_done_view is 'A delivery that has ended as the API shows it.';

create function core.message_refuse_unknown(p_noun text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT404', p_noun || '_not_found', format('there is no such %s', p_noun), 'List the messages. One is forgotten seven days after its end.');
end
$$;
comment on function core.message_refuse_unknown is 'Raises PT404 for a message or a delivery.';

-- How many deliveries of an inbox are open: what the last count found, counted again where it is older than 15 seconds.
create function core.message_open_count(p_project text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_open bigint;
  v_at timestamptz;
begin
  select ready + delayed + waiting + leased, counted_at into v_open, v_at from core.message_count where project = p_project;
  if v_at > clock_timestamp() - interval '15 seconds' then return v_open; end if;
  if not pg_try_advisory_xact_lock(hashtextextended('message_count:' || p_project, 0)) then return coalesce(v_open, 0); end if;
  return core.message_recount(p_project);
end
$$;
comment on function core.message_open_count is 'How many deliveries of an inbox are open, as of the last 15 seconds.';

create function core.message_recount(p_project text) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_row core.message_count;
begin
  select p_project, count(*) filter (where d.state = 'ready'), count(*) filter (where d.state = 'delayed'), count(*) filter (where d.state = 'waiting'),
    count(*) filter (where d.state = 'leased'), 0, 0, 0, min(d.sent_at) filter (where d.state = 'ready'), clock_timestamp() into v_row
  from core.message_delivery d where d.recipient = p_project;
  select count(*), count(*) filter (where d.reason = 'expired'), count(*) filter (where d.reason = 'rejected')
  into v_row.dead, v_row.dead_expired, v_row.dead_rejected
  from (select reason from core.message_done where recipient = p_project and status = 'dead' limit 100000) d;
  insert into core.message_count values (v_row.*)
  on conflict on constraint message_count_pkey do update set ready = excluded.ready, delayed = excluded.delayed, waiting = excluded.waiting,
    leased = excluded.leased, dead = excluded.dead, dead_expired = excluded.dead_expired, dead_rejected = excluded.dead_rejected, oldest_at = excluded.oldest_at, counted_at = excluded.counted_at;
  return v_row.ready + v_row.delayed + v_row.waiting + v_row.leased;
end
$$;
comment on function core.message_recount is 'Counts the deliveries of an inbox.';

-- supabase/schemas/86_message/30_send.sql

-- Splits topic:<name> and topic:<owner>/<name>; the owner of the first form is the caller.
create function core.message_topic(p_project text, p_to text, out owner text, out topic text)
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_parts text[] := regexp_match(p_to, '^topic:(?:([a-z][a-z0-9_]{0,47})/)?([A-Za-z0-9][A-Za-z0-9_.:@-]{0,99})$');
begin
  if v_parts is null then
    perform core.refuse('PT400', 'invalid_topic', 'a topic is topic:<name>, or topic:<project>/<name> of another project',
      'A name is 1 to 100 letters, digits and _ . : @ -, beginning with a letter or digit.', jsonb_build_object('field', 'topic'));
  end if;
  owner := coalesce(v_parts[1], p_project);
  topic := v_parts[2];
end
$$;
comment on function core.message_topic is 'The owner and the name of a topic.';

-- The projects that a message is for, by name. Raises PT403 for a topic that is not shared with the caller, PT404 for an unknown project.
create function core.message_recipients(p_project text, p_to text) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_topic record;
  v_archived timestamptz;
begin
  if p_to = '*' then
    return array(select name from core.project where archived_at is null and name <> p_project order by name);
  elsif p_to like 'topic:%' then
    select * into v_topic from core.message_topic(p_project, p_to);
    perform core.reach('topic', v_topic.owner, v_topic.topic, 'write');
    perform core.require_project(v_topic.owner);
    return array(select s.project from core.message_subscription s join core.project p on p.name = s.project and p.archived_at is null
      where s.owner = v_topic.owner and s.topic = v_topic.topic
        and (s.project = s.owner or core.is_shared('topic', s.owner, s.topic, s.project, 'read'))
      order by s.project);
  end if;
  select archived_at into v_archived from core.project where name = p_to;
  if not found then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', coalesce(quote_literal(left(p_to, 100)), 'null')),
      'List the projects with core_api.manifest, or send to * or topic:<name>.', jsonb_build_object('field', 'to'));
  elsif v_archived is not null then
    perform core.refuse('PT409', 'project_archived', format('the project %s is archived', quote_literal(p_to)), 'Restore the project first.');
  end if;
  return array[p_to];
end
$$;
comment on function core.message_recipients is 'The projects that a message is for.';

-- Sends a message: to a project, to the subscribers of topic:<name>, or to every other project (*). Replays on p_key.
-- p_ordered: a recipient gets it after it has ended the sender's earlier ordered ones. p_reply_to: the message that it
-- answers, and p_to may be null. p_await: the reply is kept for core_api.message_reply instead of the inbox; p_ttl_s is
-- its deadline, and the first reply counts. A recipient with 100,000 open deliveries is refused, or skipped where there are
-- several; a sender has at most 100 open critical ones. Hints at inboxes that were empty.
-- Locks: the key, the answered message, the sender's critical messages, the sender's order in each inbox by name.
create function core_api.message_send(p_key text, p_type text, p_to text default null, p_payload jsonb default '{}', p_priority text default 'normal',
  p_ttl_s int default 604800, p_reply_to uuid default null, p_ordered boolean default false, p_await boolean default false,
  p_max_attempts int default 5, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:send', p_project);
  v_row core.message;
  v_asked core.message;
  v_recipients text[];
  v_denial jsonb;
begin
  v_ok := core.require_key(p_key);
  v_ok := core.require_project(v_project);
  v_ok := core.message_require(p_type, p_payload, p_ttl_s, p_max_attempts, p_ordered, p_await);
  if p_to is null and p_reply_to is null then
    perform core.refuse('PT400', 'invalid_to', 'to must be a project, topic:<name> or *', null, jsonb_build_object('field', 'to'));
  elsif p_await and (p_to = '*' or p_to like 'topic:%') then
    perform core.refuse('PT400', 'invalid_await', 'a reply is awaited of one project', 'Send to a project, or do not await a reply.',
      jsonb_build_object('field', 'await'));
  end if;
  v_row := row(core.new_id(), v_project, p_key, p_to, p_type, p_payload, core.message_priority(p_priority), p_ordered, p_await, p_reply_to,
    p_max_attempts, p_ttl_s, 0, 0, false, clock_timestamp(), core.actor());
  if p_reply_to is not null then
    v_asked := core.message_asked(v_project, p_reply_to);
    v_row.addressee := coalesce(p_to, v_asked.project);
  end if;
  insert into core.message values (v_row.*) on conflict on constraint message_key_once do nothing;
  if not found then return core.message_replay(v_row); end if;
  if v_asked.awaits_reply then
    v_denial := core.message_deny_reply(v_row, v_asked);
    if v_denial is null then
      update core.message set recipients = 1 where id = v_row.id returning * into v_row;
      perform pg_notify('core_message', v_asked.project);
    end if;
  else
    v_recipients := core.message_recipients(v_project, v_row.addressee);
    v_denial := core.message_deliver(v_row, v_recipients);
    select * into v_row from core.message where id = v_row.id;
  end if;
  if v_denial is not null then
    delete from core.message where id = v_row.id;
    return v_denial;
  end if;
  return jsonb_build_object('ok', true, 'replayed', false, 'message', v_row.id, 'recipients', v_row.recipients, 'skipped', v_row.skipped,
    'sent_at', v_row.sent_at, 'expires_at', v_row.sent_at + make_interval(secs => v_row.ttl_s));
end
$$;
comment on function core_api.message_send is 'Sends a message to a project, to the subscribers of a topic, or to every other project. Replays on p_key.';
revoke execute on function core_api.message_send from public;
grant execute on function core_api.message_send to core_member, service_role;

create function core.message_require(p_type text, p_payload jsonb, p_ttl_s int, p_max_attempts int, p_ordered boolean, p_await boolean) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
begin
  v_ok := core.require_name('type', p_type);
  v_ok := core.require_payload('payload', p_payload);
  v_ok := core.require_range('ttl_s', p_ttl_s, 1, 2592000);
  v_ok := core.require_range('max_attempts', p_max_attempts, 1, 100);
  if p_ordered is null or p_await is null then
    perform core.refuse('PT400', 'invalid_message', 'ordered and await must be true or false', null,
      jsonb_build_object('field', case when p_ordered is null then 'ordered' else 'await' end));
  end if;
  return true;
end
$$;
comment on function core.message_require is 'Raises PT400 or PT413 for a field of a message that is malformed.';

-- The message that a reply answers: one that the project was sent. PT404 for any other. Locks: the message.
create function core.message_asked(p_project text, p_message uuid) returns core.message
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.message;
begin
  if exists (select from core.message_delivery where message = p_message and recipient = p_project)
    or exists (select from core.message_done where message = p_message and recipient = p_project) then
    select * into v_row from core.message where id = p_message for no key update;
  end if;
  if v_row.id is null then perform core.message_refuse_unknown('message'); end if;
  return v_row;
end
$$;
comment on function core.message_asked is 'A message that a project was sent, locked. PT404 otherwise.';

-- Null where the reply may be kept. Called with the asked message locked.
create function core.message_deny_reply(p_reply core.message, p_asked core.message) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if p_reply.addressee <> p_asked.project then
    perform core.refuse('PT400', 'invalid_to', 'an awaited reply goes to the sender of what it answers', 'Leave to out.', jsonb_build_object('field', 'to'));
  elsif exists (select from core.message where reply_to = p_asked.id and id <> p_reply.id) then
    return jsonb_build_object('ok', false, 'code', 'reply_given', 'message', p_asked.id);
  elsif p_asked.sent_at + make_interval(secs => p_asked.ttl_s) <= clock_timestamp() then
    return jsonb_build_object('ok', false, 'code', 'reply_late', 'message', p_asked.id);
  end if;
  return null;
end
$$;
comment on function core.message_deny_reply is 'The denial of a reply that comes too late or second, else null.';

-- The answer to a key that is known.
create function core.message_replay(p_message core.message) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.message;
begin
  select * into v_row from core.message where project = p_message.project and key = p_message.key;
  if v_row.id is null then
    raise exception using errcode = '40001', message = 'the message with this key was just forgotten', hint = 'Send the call again.';
  elsif (v_row.addressee, v_row.type, v_row.payload, v_row.priority, v_row.is_ordered, v_row.awaits_reply, v_row.reply_to, v_row.max_attempts, v_row.ttl_s)
      is distinct from (p_message.addressee, p_message.type, p_message.payload, p_message.priority, p_message.is_ordered, p_message.awaits_reply,
        p_message.reply_to, p_message.max_attempts, p_message.ttl_s) then
    perform core.refuse('PT422', 'idempotency_mismatch', 'this idempotency key was used for another message',
      'Use a new idempotency key for a new message.', jsonb_build_object('field', 'key'));
  end if;
  return jsonb_build_object('ok', true, 'replayed', true, 'message', v_row.id, 'recipients', v_row.recipients, 'skipped', v_row.skipped,
    'sent_at', v_row.sent_at, 'expires_at', v_row.sent_at + make_interval(secs => v_row.ttl_s));
end
$$;
comment on function core.message_replay is 'The answer to a message that was sent before. PT422 where its key was used for another one.';

-- Puts a message into inboxes. A denial where nothing could be delivered. Locks: the sender's critical messages, and its order
-- in each inbox by name.
create function core.message_deliver(p_message core.message, p_recipients text[]) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_is_one boolean := p_message.addressee <> '*' and p_message.addressee not like 'topic:%';
  v_open int;
  v_name text;
  v_free text[] := '{}';
  v_empty text[];
begin
  if p_message.priority = 0 and p_recipients <> '{}' then
    perform pg_advisory_xact_lock(hashtextextended('message_critical:' || p_message.project, 0));
    select count(*) into v_open from (select from core.message_delivery where sender = p_message.project and priority = 0 limit 100) d;
    if v_open + cardinality(p_recipients) > 100 then return core.bound_reached('open critical messages', 100); end if;
  end if;
  foreach v_name in array p_recipients loop
    if core.message_open_count(v_name) < 100000 then v_free := v_free || v_name;
    elsif v_is_one then return core.bound_reached('open messages of an inbox', 100000);
    end if;
    if p_message.is_ordered then perform pg_advisory_xact_lock(hashtextextended('message_order:' || v_name || ':' || p_message.project, 0)); end if;
  end loop;
  select coalesce(array_agg(f.name), '{}') into v_empty from unnest(v_free) as f (name)
  where not core.message_has_ready(f.name);
  insert into core.message_delivery (message, recipient, sender, state, priority, turn, is_ordered, max_attempts, sent_at, expires_at)
  select p_message.id, f.name, p_message.project,
    core.message_first_state(f.name, p_message.project, p_message.is_ordered),
    p_message.priority, core.message_turn(f.name, p_message.project, p_message.priority), p_message.is_ordered, p_message.max_attempts,
    p_message.sent_at, p_message.sent_at + make_interval(secs => p_message.ttl_s)
  from unnest(v_free) with ordinality as f (name, ordinal) order by f.ordinal;
  update core.message set recipients = cardinality(v_free), skipped = cardinality(p_recipients) - cardinality(v_free), has_deliveries = v_free <> '{}'
  where id = p_message.id;
  -- A hint serialises commits: one is enough where nothing was ready, and one for all where there are many.
  if cardinality(v_empty) > 20 then perform pg_notify('core_message', '*');
  else perform pg_notify('core_message', e.name) from unnest(v_empty) as e (name);
  end if;
  return null;
end
$$;
comment on function core.message_deliver is 'Puts a message into the inboxes of its recipients, skipping the full ones of several.';

-- The state of a new delivery: an ordered one waits while an earlier one of its sender is open. Called with the order of the sender locked.
create function core.message_first_state(p_recipient text, p_sender text, p_is_ordered boolean) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  if p_is_ordered
    and (select true from core.message_delivery d where d.recipient = p_recipient and d.sender = p_sender and d.is_ordered order by d.seq limit 1) then
    return 'waiting';
  end if;
  return 'ready';
end
$$;
comment on function core.message_first_state is 'Whether a new delivery is ready or waits for an earlier ordered one.';

-- Start-time fair queueing: a sender's turns count up from the turn that is being served, so that a sender with many messages
-- waits for its own and another one does not.
create function core.message_turn(p_recipient text, p_sender text, p_priority smallint) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return greatest(
    coalesce(
      (select min(h.turn) from generate_series(0, 3) as c (priority) cross join lateral (
        select d.turn from core.message_delivery d where d.recipient = p_recipient and d.priority = c.priority::smallint and d.state = 'ready'
        order by d.turn, d.seq limit 1) h), 0),
    coalesce((select max(d.turn) + 1 from core.message_delivery d where d.recipient = p_recipient and d.sender = p_sender and d.priority = p_priority), 0));
end
$$;
comment on function core.message_turn is 'The turn of a sender''s next message in an inbox.';

-- supabase/schemas/86_message/40_receive.sql

-- Ends deliveries, locked by the caller: they go to the ended ones, and the next ordered one of the same sender is ready. An
-- event says to the recipient, and to each sender, how many are dead and why. Locks: the order of each sender by name.
create function core.message_end(p_project text, p_deliveries uuid[], p_status text, p_reason text, p_error text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ordered text[];
  v_dead record;
begin
  with gone as (
    delete from core.message_delivery d where d.id = any (p_deliveries) returning d.*
  ), done as (
    insert into core.message_done (id, message, recipient, sender, status, reason, error, priority, is_ordered, attempt, max_attempts, holder, fence, sent_at)
    select g.id, g.message, g.recipient, g.sender, p_status, p_reason, coalesce(p_error, g.error), g.priority, g.is_ordered, g.attempt, g.max_attempts,
      g.holder, g.fence, g.sent_at
    from gone g order by g.id returning sender, is_ordered
  )
  select array_agg(distinct sender order by sender) filter (where is_ordered) into v_ordered from done;
  if v_ordered is not null then perform core.message_release_ordered(p_project, v_ordered); end if;
  if p_status = 'dead' then
    for v_dead in
      select sender, count(*) as count, min(id::text) as delivery from core.message_done where id = any (p_deliveries) group by sender order by sender
    loop
      perform core.emit('message', r.project, 'dead', jsonb_build_object('from', v_dead.sender, 'to', p_project, 'reason', p_reason, 'count', v_dead.count,
        'delivery', v_dead.delivery))
      from (select p_project collate "C" as project union select v_dead.sender order by 1) r;
    end loop;
  end if;
  return true;
end
$$;
comment on function core.message_end is 'Ends deliveries as acknowledged or dead.';

create function core.message_release_ordered(p_project text, p_senders text[]) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_sender text;
begin
  foreach v_sender in array p_senders loop
    perform pg_advisory_xact_lock(hashtextextended('message_order:' || p_project || ':' || v_sender, 0));
    update core.message_delivery d set state = 'ready'
    where d.id = (select n.id from core.message_delivery n where n.recipient = p_project and n.sender = v_sender and n.is_ordered order by n.seq limit 1)
      and d.state = 'waiting';
  end loop;
  return true;
end
$$;
comment on function core.message_release_ordered is 'Makes the next ordered message of each sender ready.';

-- In one inbox: what is due becomes ready, what a dead process held is ready again or dead, and what has expired is dead. At
-- most p_limit of each. Locks: deliveries, skipping those that are locked.
create function core.message_refresh(p_project text, p_limit int) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
  v_ids uuid[];
  v_dead uuid[];
begin
  with due as materialized (
    select id from core.message_delivery where recipient = p_project and state = 'delayed' and due_at <= (select clock_timestamp())
    order by due_at limit p_limit for update skip locked
  )
  update core.message_delivery d set state = 'ready', due_at = null from due where d.id = due.id;
  get diagnostics v_count = row_count;
  select array_agg(l.id), array_agg(l.id) filter (where l.attempt >= l.max_attempts) into v_ids, v_dead from (
    select id, attempt, max_attempts from core.message_delivery where recipient = p_project and state = 'leased' and leased_until <= (select clock_timestamp())
    order by leased_until limit p_limit for update skip locked
  ) l;
  if v_ids is not null then
    v_count := v_count + cardinality(v_ids);
    update core.message_delivery set state = 'ready', error = 'the receiver was lost', holder = null, fence = null, leased_until = null
    where id = any (v_ids) and id <> all (coalesce(v_dead, '{}'));
    if v_dead is not null then perform core.message_end(p_project, v_dead, 'dead', 'attempts', 'the receiver was lost'); end if;
  end if;
  select array_agg(e.id) into v_dead from (
    select id from core.message_delivery where recipient = p_project and expires_at <= (select clock_timestamp()) and state <> 'leased'
    order by expires_at limit p_limit for update skip locked
  ) e;
  if v_dead is not null then
    v_count := v_count + cardinality(v_dead);
    perform core.message_end(p_project, v_dead, 'dead', 'expired', null);
  end if;
  return v_count;
end
$$;
comment on function core.message_refresh is 'Makes ready what is due and what a dead process held in an inbox, and ends what has expired; how many.';

-- The deliveries of an inbox that come first, locked. Each minute of waiting raises a message by one priority; among equals senders take turns. So a
-- message waits for what was sent before it, at most three minutes for higher priorities, and never for what another sender adds.
create function core.message_pick(p_project text, p_limit int) returns uuid[]
language sql set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
  select coalesce(array_agg(p.id order by p.rank, p.turn, p.seq), '{}') from (
    select d.id, c.rank, c.turn, c.seq
    from (
      select h.id, greatest(k.priority - floor(extract(epoch from clock_timestamp() - h.sent_at) / 60), 0) as rank, h.turn, h.seq
      from generate_series(0, 3) as k (priority) cross join lateral (
        select r.id, r.sent_at, r.turn, r.seq from core.message_delivery r
        where r.recipient = p_project and r.priority = k.priority::smallint and r.state = 'ready'
        order by r.turn, r.seq limit 2 * p_limit + 100
      ) h
      order by 2, 3, 4 limit 4 * p_limit + 200
    ) c
    join core.message_delivery d on d.id = c.id and d.state || '' = 'ready' and d.expires_at + interval '0' > clock_timestamp()
    order by c.rank, c.turn, c.seq limit p_limit for update of d skip locked
  ) p
$$;
comment on function core.message_pick is 'Locks the messages of an inbox that come first.';

-- Receives up to p_limit messages of the project's inbox, those that come first. Each is held under a fence for p_visible_s seconds,
-- unless extended; then another process receives it. p_holder names the process, for people. An empty inbox is an
-- empty list: no call waits. Locks: deliveries that are ready, skipping locked ones.
create function core_api.message_receive(p_limit int default 10, p_visible_s int default 30, p_holder text default null, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_ids uuid[];
  v_answer jsonb;
begin
  v_ok := core.require_page(p_limit);
  v_ok := core.require_range('visible_s', p_visible_s, 1, 43200);
  if p_holder is not null then v_ok := core.require_text('holder', p_holder, 200); end if;
  if core.message_needs_refresh(v_project) then perform core.message_refresh(v_project, p_limit + 100); end if;
  if not core.message_has_ready(v_project) then
    return jsonb_build_object('ok', true, 'messages', jsonb_build_array());
  end if;
  v_ids := core.message_pick(v_project, p_limit);
  with received as (
    update core.message_delivery d set state = 'leased', attempt = d.attempt + 1, holder = p_holder, fence = nextval('core.fence'),
      leased_until = clock_timestamp() + make_interval(secs => p_visible_s)
    where d.id = any (v_ids) returning d.*
  )
  select coalesce(jsonb_agg(core.message_view(m) || jsonb_build_object('delivery', r.id, 'attempt', r.attempt, 'max_attempts', r.max_attempts,
    'fence', r.fence, 'leased_until', r.leased_until) order by array_position(v_ids, r.id)), '[]') into v_answer
  from received r join core.message m on m.id = r.message;
  return jsonb_build_object('ok', true, 'messages', v_answer);
end
$$;
comment on function core_api.message_receive is 'Receives the messages of the inbox that come first, each under a fence and for a time.';
revoke execute on function core_api.message_receive from public;
grant execute on function core_api.message_receive to core_member, service_role;

-- Looks of receivers, mostly at nothing. Each is ordered as its index and takes the first row, and nothing but that index is offered:
-- as exists the planner reads the table, because it takes a third of it for overdue.
create function core.message_has_ready(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  return coalesce((select true from core.message_delivery where recipient = p_project and state = 'ready' order by priority, turn, seq limit 1), false);
end
$$;
comment on function core.message_has_ready is 'Whether an inbox has a message that is ready.';

create function core.message_has_due(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  return coalesce(
    (select true from core.message_delivery where recipient = p_project and state = 'leased' and leased_until <= (select clock_timestamp())
      order by leased_until limit 1),
    (select true from core.message_delivery where recipient = p_project and state = 'delayed' and due_at <= (select clock_timestamp()) order by due_at limit 1),
    false);
end
$$;
comment on function core.message_has_due is 'Whether something in an inbox is due, or was held by a dead process.';

create function core.message_needs_refresh(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
  set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  return core.message_has_due(p_project) or coalesce(
    (select true from core.message_delivery where recipient = p_project and expires_at <= (select clock_timestamp()) order by expires_at limit 1), false);
end
$$;
comment on function core.message_needs_refresh is 'Whether something in an inbox is due, lost or expired.';

-- supabase/schemas/86_message/45_steps.sql

-- Whether an inbox has something to receive, also what a dead process held.
create function core.message_is_ready(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return core.message_has_ready(p_project) or core.message_has_due(p_project);
end
$$;
comment on function core.message_is_ready is 'Whether an inbox has something to receive.';

-- Whether who waits for the reply to a message need not wait any more.
create function core.message_is_answered(p_message uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return exists (select from core.message where reply_to = p_message)
    or exists (select from core.message_done where message = p_message and status = 'dead');
end
$$;
comment on function core.message_is_answered is 'Whether a message has a reply, or will have none.';

-- supabase/schemas/86_message/50_settle.sql

create function core.message_require_held(p_deliveries uuid[], p_fences bigint[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_deliveries is null or p_fences is null or cardinality(p_deliveries) <> cardinality(p_fences) or cardinality(p_deliveries) not between 1 and 1000 then
    perform core.refuse('PT400', 'invalid_deliveries', 'deliveries and fences must be 1 to 1000, and as many of one as of the other', null,
      jsonb_build_object('field', 'deliveries'));
  end if;
  return true;
end
$$;
comment on function core.message_require_held is 'Raises PT400 unless deliveries and fences come in pairs.';

-- Which of these deliveries the caller holds, locked. But for the ids the conditions are expressions, so that no index but the primary key fits:
-- the planner takes a table that was empty for one of one row, and then every index for as good. Locks: the deliveries, in the order of their ids.
create function core.message_lock_held(p_project text, p_deliveries uuid[], p_fences bigint[]) returns uuid[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from core.message_delivery d where d.recipient || '' = p_project and d.id = any (p_deliveries) order by d.id for update;
  return array(select d.id from core.message_delivery d join unnest(p_deliveries, p_fences) as b (id, fence) on b.id = d.id
    where d.recipient || '' = p_project and d.state || '' = 'leased' and d.fence = b.fence and d.leased_until + interval '0' > clock_timestamp());
end
$$;
comment on function core.message_lock_held is 'Locks deliveries and returns those that are held under these fences.';

-- Raises PT404 for a single delivery that is not known, or another project's.
create function core.message_require_known(p_project text, p_delivery uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.message_delivery where id = p_delivery and recipient = p_project)
    and not exists (select from core.message_done where id = p_delivery and recipient = p_project) then
    perform core.message_refuse_unknown('delivery');
  end if;
  return true;
end
$$;
comment on function core.message_require_known is 'Raises PT404 unless the project has this delivery.';

-- Acknowledges messages: their deliveries have ended. p_deliveries and p_fences in the same order. Those whose time was over
-- are lost: nothing is written, and another process has them or will. The same acknowledgement again is accepted again. PT404 for a
-- single one that is not known. Locks: the deliveries, in the order of their ids.
create function core_api.message_ack(p_deliveries uuid[], p_fences bigint[], p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_held uuid[];
  v_acked uuid[];
begin
  v_ok := core.message_require_held(p_deliveries, p_fences);
  v_held := core.message_lock_held(v_project, p_deliveries, p_fences);
  if v_held <> '{}' then v_ok := core.message_end(v_project, v_held, 'acked', null, null); end if;
  v_acked := v_held || array(select d.id from core.message_done d join unnest(p_deliveries, p_fences) as b (id, fence) on b.id = d.id
    where d.recipient || '' = v_project and d.status = 'acked' and d.fence = b.fence and d.id <> all (v_held));
  if v_acked = '{}' and cardinality(p_deliveries) = 1 then v_ok := core.message_require_known(v_project, p_deliveries[1]); end if;
  return jsonb_build_object('ok', true, 'acked', cardinality(v_acked),
    'lost', to_jsonb(array(select d from unnest(p_deliveries) as d where d <> all (v_acked) limit 1000)));
end
$$;
comment on function core_api.message_ack is 'Ends deliveries that the caller holds, and names those that it has lost.';
revoke execute on function core_api.message_ack from public;
grant execute on function core_api.message_ack to core_member, service_role;

-- Holds deliveries for p_visible_s seconds from now. Names those that are lost. PT404 for a single one that is not known.
-- Locks: the deliveries, in the order of their ids.
create function core_api.message_extend(p_deliveries uuid[], p_fences bigint[], p_visible_s int default 30, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_held uuid[];
begin
  v_ok := core.require_range('visible_s', p_visible_s, 1, 43200);
  v_ok := core.message_require_held(p_deliveries, p_fences);
  v_held := core.message_lock_held(v_project, p_deliveries, p_fences);
  update core.message_delivery set leased_until = clock_timestamp() + make_interval(secs => p_visible_s) where id = any (v_held);
  if v_held = '{}' and cardinality(p_deliveries) = 1 then v_ok := core.message_require_known(v_project, p_deliveries[1]); end if;
  return jsonb_build_object('ok', true, 'held', cardinality(v_held),
    'lost', to_jsonb(array(select d from unnest(p_deliveries) as d where d <> all (v_held) limit 1000)));
end
$$;
comment on function core_api.message_extend is 'Holds deliveries for longer, and names those that are lost.';
revoke execute on function core_api.message_extend from public;
grant execute on function core_api.message_extend to core_member, service_role;

-- Gives a delivery back. p_outcome: retry, after p_delay_ms or a pause that doubles with each attempt, or dead where none is
-- left; dead, a dead letter at once; release, at once, and the attempt is not counted. What is not held is refused (message_stale).
-- Locks: the delivery.
create function core_api.message_nack(p_delivery uuid, p_fence bigint, p_error text default null, p_outcome text default 'retry',
  p_delay_ms bigint default null, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('message:receive', p_project);
  v_row core.message_delivery;
begin
  if p_outcome is null or p_outcome not in ('retry', 'dead', 'release') then
    perform core.refuse('PT400', 'invalid_outcome', 'outcome must be retry, dead or release', null, jsonb_build_object('field', 'outcome'));
  end if;
  if p_error is not null then v_ok := core.require_text('error', p_error, 10000); end if;
  if p_delay_ms is not null then v_ok := core.require_range('delay_ms', p_delay_ms, 0, 2592000000); end if;
  if core.message_lock_held(v_project, array[p_delivery], array[p_fence]) = '{}' then
    v_ok := core.message_require_known(v_project, p_delivery);
    return jsonb_build_object('ok', false, 'code', 'message_stale', 'delivery', p_delivery);
  end if;
  select * into v_row from core.message_delivery where id = p_delivery;
  if p_outcome = 'dead' or p_outcome = 'retry' and v_row.attempt >= v_row.max_attempts then
    v_ok := core.message_end(v_project, array[p_delivery], 'dead', case when p_outcome = 'dead' then 'rejected' else 'attempts' end, p_error);
    return jsonb_build_object('ok', true, 'delivery', p_delivery, 'status', 'dead');
  end if;
  v_row.due_at := clock_timestamp() + interval '1 millisecond' * case p_outcome when 'release' then 0
    else coalesce(p_delay_ms, least(1000 * 2 ^ least(v_row.attempt - 1, 20), 3600000) * (0.5 + random() / 2)) end;
  v_row.state := case when v_row.due_at <= clock_timestamp() then 'ready' else 'delayed' end;
  update core.message_delivery set state = v_row.state, due_at = case when v_row.state = 'delayed' then v_row.due_at end,
    attempt = attempt - (p_outcome = 'release')::int, error = coalesce(p_error, error), holder = null, fence = null, leased_until = null
  where id = p_delivery;
  return jsonb_build_object('ok', true, 'delivery', p_delivery, 'status', v_row.state);
end
$$;
comment on function core_api.message_nack is 'Gives a delivery back: to be tried again, as a dead letter, or without counting the attempt.';
revoke execute on function core_api.message_nack from public;
grant execute on function core_api.message_nack to core_member, service_role;

-- Opens a dead letter again, with all its attempts and at least a day until it expires. retried is false where it is not dead.
-- Locks: the delivery, the sender's order.
create function core_api.message_retry(p_delivery uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:receive', p_project);
  v_done core.message_done;
  v_message core.message;
begin
  perform core.message_require_known(v_project, p_delivery);
  delete from core.message_done where id = p_delivery and recipient = v_project and status = 'dead' returning * into v_done;
  if v_done.id is null then return jsonb_build_object('ok', true, 'delivery', p_delivery, 'retried', false); end if;
  select * into v_message from core.message where id = v_done.message;
  if v_done.is_ordered then perform pg_advisory_xact_lock(hashtextextended('message_order:' || v_project || ':' || v_done.sender, 0)); end if;
  insert into core.message_delivery (id, message, recipient, sender, state, priority, turn, is_ordered, max_attempts, error, sent_at, expires_at)
  values (v_done.id, v_done.message, v_project, v_done.sender,
    core.message_first_state(v_project, v_done.sender, v_done.is_ordered),
    v_done.priority, core.message_turn(v_project, v_done.sender, v_done.priority), v_done.is_ordered, v_done.max_attempts, v_done.error, v_done.sent_at,
    greatest(v_message.sent_at + make_interval(secs => v_message.ttl_s), clock_timestamp() + interval '1 day'));
  perform pg_notify('core_message', v_project);
  return jsonb_build_object('ok', true, 'delivery', p_delivery, 'retried', true);
end
$$;
comment on function core_api.message_retry is 'Opens a dead letter of the project again.';
revoke execute on function core_api.message_retry from public;
grant execute on function core_api.message_retry to core_member, service_role;

-- supabase/schemas/86_message/60_read.sql

-- A message with what became of it: its sender sees all deliveries (at most 1,000), a recipient its own.
create function core_api.message_get(p_message uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:send', p_project);
  v_row core.message;
  v_deliveries jsonb;
begin
  select * into v_row from core.message where id = p_message;
  select coalesce(jsonb_agg(d.view order by d.recipient), '[]') into v_deliveries from (
    (select recipient, core.message_delivery_view(o) as view from core.message_delivery o where o.message = p_message and v_project in (o.recipient, o.sender) limit 1000)
    union all
    (select recipient, core.message_done_view(e) from core.message_done e where e.message = p_message and v_project in (e.recipient, e.sender) limit 1000)
    limit 1000
  ) d;
  if v_row.id is null or v_row.project <> v_project and v_deliveries = '[]' then perform core.message_refuse_unknown('message'); end if;
  return jsonb_build_object('ok', true, 'deliveries', v_deliveries) || core.message_view(v_row);
end
$$;
comment on function core_api.message_get is 'A message that the project sent or was sent, with its deliveries.';
revoke execute on function core_api.message_get from public;
grant execute on function core_api.message_get to core_member, service_role;

-- What became of a request that awaits a reply: waiting, replied, late (its deadline has passed) or dead. Only for its sender.
create function core_api.message_reply(p_message uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:send', p_project);
  v_row core.message;
  v_reply core.message;
  v_dead core.message_done;
begin
  select * into v_row from core.message where id = p_message and project = v_project and awaits_reply;
  if v_row.id is null then perform core.message_refuse_unknown('message'); end if;
  select * into v_reply from core.message where reply_to = p_message limit 1;
  select * into v_dead from core.message_done where message = p_message and status = 'dead' limit 1;
  return jsonb_build_object('ok', true, 'message', p_message,
    'status', case when v_reply.id is not null then 'replied' when v_dead.reason in ('attempts', 'rejected') then 'dead'
      when v_dead.id is not null or v_row.sent_at + make_interval(secs => v_row.ttl_s) <= clock_timestamp() then 'late' else 'waiting' end,
    'error', case when v_reply.id is null then v_dead.error end,
    'reply', case when v_reply.id is not null then core.message_view(v_reply) end);
end
$$;
comment on function core_api.message_reply is 'The reply to a request of the project, or why there is none yet.';
revoke execute on function core_api.message_reply from public;
grant execute on function core_api.message_reply to core_member, service_role;

-- What a list shows beside a message: the delivery of that id in its box, or that it was sent.
create function core.message_list_view(p_box text, p_id uuid, p_max_attempts int) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case p_box
    when 'inbox' then (select core.message_delivery_view(d) from core.message_delivery d where d.id = p_id)
    when 'sent' then jsonb_build_object('delivery', null, 'recipient', null, 'status', 'sent', 'reason', null, 'attempt', 0,
      'max_attempts', p_max_attempts, 'error', null, 'holder', null, 'leased_until', null, 'ended_at', null)
    else (select core.message_done_view(d) from core.message_done d where d.id = p_id) end
$$;
comment on function core.message_list_view is 'The delivery of a message as a list of a box shows it.';

-- The messages of a project, newest first. p_box: inbox, what is open; acked and dead, what has ended; sent. p_type and p_with,
-- the other project, narrow it. A page looks at 10,000 rows at most, so one that narrows may be short, or empty, and have a next.
create function core_api.message_list(p_box text default 'inbox', p_type text default null, p_with text default null, p_before uuid default null,
  p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
  set enable_hashjoin = off set enable_mergejoin = off set enable_material = off as $$
declare
  v_project text;
  v_rows jsonb;
  v_next uuid;
  v_scan int := case when coalesce(p_type, p_with) is null then p_limit else 10000 end;
begin
  if p_box is null or p_box not in ('inbox', 'acked', 'dead', 'sent') then
    perform core.refuse('PT400', 'invalid_box', 'box must be inbox, acked, dead or sent', null, jsonb_build_object('field', 'box'));
  end if;
  v_project := core.enter(case when p_box = 'sent' then 'message:send' else 'message:receive' end, p_project);
  perform core.require_page(p_limit);
  with looked as (
    (select d.id, d.message, d.sender as peer from core.message_delivery d
      where p_box = 'inbox' and d.recipient = v_project and (p_before is null or d.id < p_before) order by d.id desc limit v_scan)
    union all
    (select d.id, d.message, d.sender from core.message_done d
      where p_box = 'acked' and d.status = 'acked' and d.recipient = v_project and (p_before is null or d.id < p_before) order by d.id desc limit v_scan)
    union all
    (select d.id, d.message, d.sender from core.message_done d
      where p_box = 'dead' and d.status = 'dead' and d.recipient = v_project and (p_before is null or d.id < p_before) order by d.id desc limit v_scan)
    union all
    (select m.id, m.id, m.addressee from core.message m
      where p_box = 'sent' and m.project = v_project and (p_before is null or m.id < p_before) order by m.id desc limit v_scan)
  ), page as (
    select l.id, m as message from looked l join core.message m on m.id = l.message
    where (p_type is null or m.type = p_type) and (p_with is null or l.peer = p_with) order by l.id desc limit p_limit
  )
  select coalesce((select jsonb_agg(core.message_view(p.message) || core.message_list_view(p_box, p.id, (p.message).max_attempts) order by p.id desc)
      from page p), '[]'),
    case when (select count(*) from page) = p_limit then (select min(p.id::text) from page p)::uuid
      when (select count(*) from looked) = v_scan then (select min(l.id::text) from looked l)::uuid end
  into v_rows, v_next;
  return jsonb_build_object('ok', true, 'messages', v_rows, 'next', v_next);
end
$$;
comment on function core_api.message_list is 'The messages of a project, newest first: open, acknowledged, dead or sent.';
revoke execute on function core_api.message_list from public;
grant execute on function core_api.message_list to core_member, service_role;

-- How much is in the inbox of a project, counted at most once in a second.
create function core_api.message_stats(p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:receive', p_project);
  v_row core.message_count;
begin
  if not exists (select from core.message_count where project = v_project and counted_at > clock_timestamp() - interval '1 second')
    and pg_try_advisory_xact_lock(hashtextextended('message_count:' || v_project, 0)) then
    perform core.message_recount(v_project);
  end if;
  select * into v_row from core.message_count where project = v_project;
  return jsonb_build_object('ok', true, 'ready', coalesce(v_row.ready, 0), 'delayed', coalesce(v_row.delayed, 0), 'waiting', coalesce(v_row.waiting, 0),
    'leased', coalesce(v_row.leased, 0), 'dead', coalesce(v_row.dead, 0), 'oldest_at', v_row.oldest_at,
    'counted_at', coalesce(v_row.counted_at, clock_timestamp()));
end
$$;
comment on function core_api.message_stats is 'How much is in the inbox of a project.';
revoke execute on function core_api.message_stats from public;
grant execute on function core_api.message_stats to core_member, service_role;

-- supabase/schemas/86_message/70_topic.sql

-- Subscribes the project to a topic: its own, or topic:<owner>/<name> that its owner shares (kind topic, right read). What is
-- published from then on arrives in its inbox. Naturally idempotent. Locks: the project's subscriptions.
create function core_api.topic_subscribe(p_topic text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:receive', p_project);
  v_topic record;
  v_row core.message_subscription;
begin
  perform core.require_project(v_project);
  select * into v_topic from core.message_topic(v_project, p_topic);
  perform core.reach('topic', v_topic.owner, v_topic.topic, 'read');
  perform core.require_project(v_topic.owner);
  perform pg_advisory_xact_lock(hashtextextended('message_subscription:' || v_project, 0));
  select * into v_row from core.message_subscription where owner = v_topic.owner and topic = v_topic.topic and project = v_project;
  if v_row.owner is null then
    if (select count(*) from core.message_subscription where project = v_project) >= 1000 then return core.bound_reached('subscriptions', 1000); end if;
    insert into core.message_subscription (owner, topic, project) values (v_topic.owner, v_topic.topic, v_project) returning * into v_row;
  end if;
  return jsonb_build_object('ok', true, 'owner', v_row.owner, 'topic', v_row.topic, 'since', v_row.since);
end
$$;
comment on function core_api.topic_subscribe is 'Subscribes a project to a topic of its own, or one that is shared with it.';
revoke execute on function core_api.topic_subscribe from public;
grant execute on function core_api.topic_subscribe to core_member, service_role;

-- Ends a subscription. Naturally idempotent: removed is false where there was none. Locks: the subscription.
create function core_api.topic_unsubscribe(p_topic text, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:receive', p_project);
  v_topic record;
begin
  select * into v_topic from core.message_topic(v_project, p_topic);
  delete from core.message_subscription where owner = v_topic.owner and topic = v_topic.topic and project = v_project;
  return jsonb_build_object('ok', true, 'owner', v_topic.owner, 'topic', v_topic.topic, 'removed', found);
end
$$;
comment on function core_api.topic_unsubscribe is 'Ends the subscription of a project to a topic.';
revoke execute on function core_api.topic_unsubscribe from public;
grant execute on function core_api.topic_unsubscribe to core_member, service_role;

-- The topics to which a project is subscribed, of which there are at most 1,000.
create function core_api.topic_list(p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('message:receive', p_project);
begin
  return jsonb_build_object('ok', true, 'topics', (select coalesce(jsonb_agg(jsonb_build_object('owner', s.owner, 'topic', s.topic, 'since', s.since)
      order by s.owner, s.topic), '[]')
    from (select * from core.message_subscription where project = v_project order by owner, topic limit 1000) s));
end
$$;
comment on function core_api.topic_list is 'The topics to which a project is subscribed.';
revoke execute on function core_api.topic_list from public;
grant execute on function core_api.topic_list to core_member, service_role;

-- supabase/schemas/86_message/80_operate.sql

-- What needs doing when no process receives: takes deliveries from dead processes, ends what has expired, counts, and forgets
-- what ended before p_keep. At most p_limit of each. Owner only.
create function core_api.message_sweep(p_keep interval default '7 days', p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text;
  v_refreshed int := 0;
  v_messages uuid[];
  v_ended int;
begin
  v_ok := core.authorize('message:sweep', null);
  v_ok := core.require_page(p_limit);
  if p_keep is null or p_keep < interval '1 minute' then
    perform core.refuse('PT400', 'invalid_keep', 'keep must be at least one minute', null, jsonb_build_object('field', 'keep'));
  end if;
  for v_project in
    select distinct d.recipient from (
      (select recipient from core.message_delivery where state = 'leased' and leased_until <= (select clock_timestamp()) order by leased_until limit p_limit)
      union all
      (select recipient from core.message_delivery where state = 'delayed' and due_at <= (select clock_timestamp()) order by due_at limit p_limit)
      union all
      (select recipient from core.message_delivery where expires_at <= (select clock_timestamp()) order by expires_at limit p_limit)
    ) d order by 1
  loop
    v_refreshed := v_refreshed + core.message_refresh(v_project, p_limit);
  end loop;
  with old as (
    select id from core.message_done where ended_at < (select clock_timestamp() - p_keep) order by ended_at limit p_limit for update skip locked
  ), gone as (
    delete from core.message_done d using old where d.id = old.id returning d.message
  )
  select array_agg(distinct message), count(*) into v_messages, v_ended from gone;
  v_messages := coalesce(v_messages, '{}') || array(
    select id from core.message where not has_deliveries and sent_at < (select clock_timestamp() - p_keep)
      and sent_at + make_interval(secs => ttl_s) < (select clock_timestamp() - p_keep) order by sent_at limit p_limit);
  delete from core.message m where m.id = any (v_messages) and not exists (select from core.message_delivery d where d.message = m.id)
    and not exists (select from core.message_done d where d.message = m.id);
  for v_project in
    select project from core.message_count where counted_at < (select clock_timestamp() - interval '15 seconds') order by counted_at limit 100
  loop
    if pg_try_advisory_xact_lock(hashtextextended('message_count:' || v_project, 0)) then perform core.message_recount(v_project); end if;
  end loop;
  return jsonb_build_object('ok', true, 'refreshed', v_refreshed, 'swept', greatest(v_ended, cardinality(v_messages)));
end
$$;
comment on function core_api.message_sweep is 'Takes deliveries from dead processes, ends what has expired, and forgets what ended before an interval. Owner only.';
revoke execute on function core_api.message_sweep from public;
grant execute on function core_api.message_sweep to service_role;

-- All inboxes in figures, as of their last counts. Owner only.
create function core_api.message_totals() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('message:sweep', null);
begin
  return (select jsonb_build_object('ok', true, 'ready', coalesce(sum(c.ready), 0), 'held', coalesce(sum(c.leased), 0),
    'pending', coalesce(sum(c.delayed + c.waiting), 0), 'dead_attempts', coalesce(sum(c.dead - c.dead_expired - c.dead_rejected), 0),
    'dead_expired', coalesce(sum(c.dead_expired), 0), 'dead_rejected', coalesce(sum(c.dead_rejected), 0),
    'oldest_s', coalesce(extract(epoch from clock_timestamp() - min(c.oldest_at)), 0)::float8) from core.message_count c);
end
$$;
comment on function core_api.message_totals is 'All inboxes in figures, as of the last counts. Owner only.';
revoke execute on function core_api.message_totals from public;
grant execute on function core_api.message_totals to service_role;

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
