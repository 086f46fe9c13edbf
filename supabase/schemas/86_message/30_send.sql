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
