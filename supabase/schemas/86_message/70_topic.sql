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
