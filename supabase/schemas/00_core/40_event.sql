-- The outbox: facts that others want to hear of, written in the transaction that made them true. Realtime replays it.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('event:read', 'Receive events; each topic needs its own scope as well', '{viewer,operator,admin,owner}', true, null);

create table core.event (
  id bigint generated always as identity constraint event_pkey primary key,
  seq bigint constraint event_seq_key unique,
  topic text collate "C" not null,
  project text collate "C",
  type text not null,
  data jsonb not null,
  at timestamptz not null default clock_timestamp(),
  state_key text collate "C"
);
comment on table core.event is 'The outbox. seq is given after commit, in the order in which events became visible: a reader''s cursor misses nothing.';
comment on column core.event.project is 'Whose event it is; null concerns everybody who may read the topic.';
comment on column core.event.state_key is 'Of events that carry a state: the thing whose state it is. Only the newest is kept, under a new seq.';
create unique index event_state_key on core.event (topic, state_key) where state_key is not null;
create index event_fresh_idx on core.event (id) where seq is null;
create index event_age_idx on core.event (at);
create index event_topic_idx on core.event (topic, project, seq);
create index event_project_idx on core.event (project, seq);
create index event_common_idx on core.event (seq) where project is null;

create table core.event_head (
  singleton boolean constraint event_head_pkey primary key default true constraint event_head_one_row check (singleton),
  epoch uuid not null default gen_random_uuid(),
  last_seq bigint not null default 0,
  trimmed_seq bigint not null default 0
);
comment on table core.event_head is 'The last sequence number given. The epoch is new in a new or restored database: cursors of another one are void.';
comment on column core.event_head.trimmed_seq is 'Events up to this one may have been forgotten. Those missing above it were replaced by newer states.';
insert into core.event_head default values;

-- Appends an event. The hint wakes readers; the row is the truth. For rare events only: a notification inside the
-- transaction serialises commits, which would halve the throughput of a hot path.
create function core.emit(p_topic text, p_project text, p_type text, p_data jsonb) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into core.event (topic, project, type, data) values (p_topic, p_project, p_type, p_data);
  perform pg_notify('core_event', p_topic);
  return true;
end
$$;
comment on function core.emit is 'Appends an event to the outbox in the caller''s transaction and hints at it.';

-- Numbers what has become visible. One caller at a time does it; the others do not wait, unless p_wait: who asks for the
-- end must not get one that events committed before are still to pass. Locks: the head.
create function core.event_number(p_limit int, p_wait boolean default false) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_last bigint;
begin
  if not exists (select from core.event where seq is null) then return false; end if;
  if p_wait then
    select last_seq into v_last from core.event_head for no key update;
  else
    select last_seq into v_last from core.event_head for no key update skip locked;
    if not found then return false; end if;
  end if;
  with fresh as (
    select id, v_last + row_number() over (order by id) as seq
    from (select id from core.event where seq is null order by id limit p_limit) f
  ), numbered as (
    update core.event e set seq = f.seq from fresh f where e.id = f.id returning e.seq
  )
  update core.event_head set last_seq = (select coalesce(max(seq), v_last) from numbered);
  return true;
end
$$;
comment on function core.event_number is 'Gives sequence numbers to committed events, in order.';

-- The scope of the topic itself, or of the nearest topic above it.
create function core.event_scope(p_topic text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((
    select name from core.scope where p_topic = topic or starts_with(p_topic, topic || '.') order by length(topic) desc limit 1
  ), 'event:read')
$$;
comment on function core.event_scope is 'The scope that the events of a topic need beside event:read.';

-- Events after a cursor, oldest first: all of them, or those that a member of the project sees with its scopes.
create function core.event_page(p_member text, p_caps jsonb, p_after bigint, p_limit int, p_topics text[]) returns setof core.event
language plpgsql stable set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan set jit = off set enable_seqscan = off set enable_sort = off as $$
begin
  if p_member is null then
    return query select * from core.event where seq > p_after and (p_topics is null or topic = any (p_topics)) order by seq limit p_limit;
  else
    return query select * from (
      (select * from core.event where project = p_member and seq > p_after and (p_topics is null or topic = any (p_topics))
        and p_caps ? core.event_scope(topic) order by seq limit p_limit)
      union all
      (select * from core.event where project is null and seq > p_after and (p_topics is null or topic = any (p_topics))
        and p_caps ? core.event_scope(topic) order by seq limit p_limit)) e order by seq limit p_limit;
  end if;
end
$$;
comment on function core.event_page is 'A page of events. What other projects have is not read for a member.';

-- Events after a cursor, oldest first. p_after -1 only answers where the end is. A member sees its project's and common
-- ones, of the topics its scopes open.
create function core_api.event_poll(p_after bigint, p_limit int default 100, p_topics text[] default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_member text := core.claims() ->> 'project';
  v_caps jsonb := coalesce(core.claims() -> 'caps', '[]');
  v_head core.event_head;
  v_rows jsonb := '[]';
  v_ok boolean;
begin
  v_ok := core.authorize('event:read', v_member);
  v_ok := core.require_page(p_limit);
  v_ok := core.event_number(10000, p_after = -1);
  select * into v_head from core.event_head;
  if p_after is null or p_after < -1 then
    perform core.refuse('PT400', 'invalid_cursor', 'after must be a sequence number, 0 for the beginning or -1 for the end', null,
      jsonb_build_object('field', 'after'));
  elsif p_after >= 0 then
    select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'topic', e.topic, 'project', e.project, 'type', e.type,
      'data', e.data, 'at', e.at, 'state_key', e.state_key) order by e.seq), '[]') into v_rows
    from core.event_page(v_member, v_caps, p_after, p_limit, p_topics) e;
  end if;
  return jsonb_build_object('ok', true, 'epoch', v_head.epoch, 'head', v_head.last_seq, 'events', v_rows,
    'oldest', v_head.trimmed_seq + 1);
end
$$;
comment on function core_api.event_poll is 'Events after a sequence number, oldest first, with the epoch, the end and the oldest one kept.';
revoke execute on function core_api.event_poll from public;
grant execute on function core_api.event_poll to core_member, service_role;

-- Deletes events older than p_keep. Readers that were away longer see it by `oldest` and resync.
create function core_api.event_trim(p_keep interval default '7 days', p_limit int default 10000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
  v_last bigint;
begin
  v_ok := core.authorize('event:operate', null);
  if p_keep is null or p_keep < interval '1 minute' then
    perform core.refuse('PT400', 'invalid_keep', 'keep must be at least one minute', null, jsonb_build_object('field', 'keep'));
  elsif p_limit is null or p_limit not between 1 and 100000 then
    perform core.refuse('PT400', 'invalid_limit', 'limit must be 1 to 100000', 'Call again while trimmed is not 0.', jsonb_build_object('field', 'limit'));
  end if;
  with old as (
    select id from core.event where seq is not null and at < (select clock_timestamp() - p_keep) order by seq limit p_limit
  ), gone as (
    delete from core.event e using old where e.id = old.id returning e.seq
  )
  select count(*), max(seq) into v_count, v_last from gone;
  update core.event_head set trimmed_seq = v_last where trimmed_seq < v_last;
  return jsonb_build_object('ok', true, 'trimmed', v_count);
end
$$;
comment on function core_api.event_trim is 'Deletes numbered events older than an interval, at most p_limit.';
revoke execute on function core_api.event_trim from public;
grant execute on function core_api.event_trim to service_role;
