-- Shares an insight with every project. Replays on p_key; the same key for another insight is refused. A project has at
-- most 10,000. p_expected_bp: the improvement that it promises in basis points. Locks: the project's sharing.
create function core_api.insight_share(p_key text, p_category text, p_title text, p_body text default '', p_evidence jsonb default '{}',
  p_expected_bp int default 0, p_confidence_bp int default 5000, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('insight:share', p_project);
  v_row core.insight;
begin
  v_ok := core.require_key(p_key);
  v_ok := core.require_project(v_project);
  if p_category is null or p_category !~ '^[a-z][a-z0-9_-]{0,49}$' then
    perform core.refuse('PT400', 'invalid_category', 'category must be 1 to 50 of a-z, 0-9, _ and -, beginning with a letter', null,
      jsonb_build_object('field', 'category'));
  elsif p_body is null or length(p_body) > 10000 then
    perform core.refuse('PT400', 'invalid_body', 'body must be a text of at most 10000 characters', null, jsonb_build_object('field', 'body'));
  end if;
  v_ok := core.require_text('title', p_title, 200);
  v_ok := core.require_object('evidence', p_evidence);
  v_ok := core.require_range('expected_bp', p_expected_bp, -10000, 1000000);
  v_ok := core.require_range('confidence_bp', p_confidence_bp, 0, 10000);
  perform pg_advisory_xact_lock(hashtextextended('insight:' || v_project, 0));
  select * into v_row from core.insight where project = v_project and key = p_key;
  if v_row.id is not null then
    if (v_row.category, v_row.title, v_row.body, v_row.evidence, v_row.expected_bp, v_row.confidence_bp)
        is distinct from (p_category, p_title, p_body, p_evidence, p_expected_bp, p_confidence_bp) then
      perform core.refuse('PT422', 'idempotency_mismatch', 'this idempotency key was used for another insight',
        'Use a new idempotency key for a new insight.', jsonb_build_object('field', 'key'));
    end if;
    return jsonb_build_object('ok', true, 'replayed', true) || core.insight_view(v_row);
  end if;
  if (select count(*) from (select from core.insight where project = v_project limit 10000) i) >= 10000 then
    return core.bound_reached('insights', 10000);
  end if;
  v_row := row(core.new_id(), v_project, p_key, p_category, p_title, p_body, p_evidence, p_expected_bp, p_confidence_bp,
    0, 0, 0, 0, 0, 0, clock_timestamp(), core.actor(), clock_timestamp());
  v_row.rank := core.insight_rank(v_row);
  insert into core.insight values (v_row.*);
  perform core.audit('insight.share', 'insight:' || v_row.id, v_project, null, core.insight_view(v_row) - '{body,evidence}'::text[]);
  v_ok := core.emit('insight', null, 'shared', jsonb_build_object('insight', v_row.id, 'project', v_project, 'category', p_category,
    'title', p_title, 'expected_bp', p_expected_bp));
  return jsonb_build_object('ok', true, 'replayed', false) || core.insight_view(v_row);
end
$$;
comment on function core_api.insight_share is 'Shares what a project has learnt with every other one. Replays on p_key.';
revoke execute on function core_api.insight_share from public;
grant execute on function core_api.insight_share to core_member, service_role;

-- Decides on an insight of another project: adopted, rejected, or reverted after it was adopted; p_effect_bp is the
-- improvement that was measured. The last decision of a project counts. Naturally idempotent. Locks: the insight.
create function core_api.insight_decide(p_insight uuid, p_decision text, p_effect_bp int default null, p_note text default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_project text := core.enter('insight:decide', p_project);
  v_row core.insight;
  v_before core.insight_decision;
  v_after core.insight_decision;
begin
  v_ok := core.require_project(v_project);
  if p_decision is null or p_decision not in ('adopted', 'rejected', 'reverted') then
    perform core.refuse('PT400', 'invalid_decision', 'decision must be adopted, rejected or reverted', null, jsonb_build_object('field', 'decision'));
  elsif p_effect_bp is not null and p_decision = 'rejected' then
    perform core.refuse('PT400', 'invalid_effect', 'what is rejected has no measured effect', 'Leave effect out.', jsonb_build_object('field', 'effect_bp'));
  end if;
  if p_effect_bp is not null then v_ok := core.require_range('effect_bp', p_effect_bp, -10000, 1000000); end if;
  if p_note is not null then v_ok := core.require_text('note', p_note, 2000); end if;
  select * into v_row from core.insight where id = p_insight for no key update;
  if v_row.id is null then perform core.insight_refuse_unknown(); end if;
  if v_row.project = v_project then return jsonb_build_object('ok', false, 'code', 'insight_own', 'insight', p_insight); end if;
  select * into v_before from core.insight_decision where insight = p_insight and project = v_project;
  if p_decision = 'reverted' and coalesce(v_before.decision, 'none') not in ('adopted', 'reverted') then
    return jsonb_build_object('ok', false, 'code', 'insight_not_adopted', 'insight', p_insight);
  elsif (v_before.decision, v_before.effect_bp, v_before.note) is not distinct from (p_decision, p_effect_bp, p_note) then
    return jsonb_build_object('ok', true, 'decision', v_before.decision) || core.insight_view(v_row);
  end if;
  insert into core.insight_decision as d (insight, project, decision, effect_bp, note) values (p_insight, v_project, p_decision, p_effect_bp, p_note)
  on conflict on constraint insight_decision_pkey do update set decision = excluded.decision, effect_bp = excluded.effect_bp, note = excluded.note,
    decided_at = excluded.decided_at, decided_by = excluded.decided_by
  returning * into v_after;
  select count(*) filter (where d.decision = 'adopted'), count(*) filter (where d.decision = 'rejected'), count(*) filter (where d.decision = 'reverted'),
    count(d.effect_bp), coalesce(sum(d.effect_bp), 0), clock_timestamp()
  into v_row.adopted, v_row.rejected, v_row.reverted, v_row.measured, v_row.effect_sum_bp, v_row.active_at
  from core.insight_decision d where d.insight = p_insight;
  v_row.rank := core.insight_rank(v_row);
  update core.insight set adopted = v_row.adopted, rejected = v_row.rejected, reverted = v_row.reverted, measured = v_row.measured,
    effect_sum_bp = v_row.effect_sum_bp, rank = v_row.rank, active_at = v_row.active_at where id = p_insight;
  perform core.audit('insight.decide', 'insight:' || p_insight, v_project,
    case when v_before.insight is not null then to_jsonb(v_before) - '{decided_at,decided_by}'::text[] end, to_jsonb(v_after) - '{decided_at,decided_by}'::text[]);
  v_ok := core.emit('insight', null, 'decided', jsonb_build_object('insight', p_insight, 'project', v_row.project, 'by', v_project,
    'decision', p_decision, 'effect_bp', p_effect_bp));
  return jsonb_build_object('ok', true, 'decision', p_decision) || core.insight_view(v_row);
end
$$;
comment on function core_api.insight_decide is 'Adopts, rejects or reverts an insight of another project, with the effect that was measured.';
revoke execute on function core_api.insight_decide from public;
grant execute on function core_api.insight_decide to core_member, service_role;

create function core.insight_refuse_unknown() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT404', 'insight_not_found', 'there is no such insight', 'List the insights. One is forgotten a year after its last decision.');
end
$$;
comment on function core.insight_refuse_unknown is 'Raises PT404.';

-- Removes an insight of the project, with what others decided on it. Locks: the insight.
create function core_api.insight_remove(p_insight uuid, p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('insight:share', p_project);
  v_row core.insight;
begin
  delete from core.insight where id = p_insight and project = v_project returning * into v_row;
  if v_row.id is null then perform core.insight_refuse_unknown(); end if;
  perform core.audit('insight.remove', 'insight:' || p_insight, v_project, core.insight_view(v_row) - '{body,evidence}'::text[], null);
  return jsonb_build_object('ok', true) || core.insight_view(v_row);
end
$$;
comment on function core_api.insight_remove is 'Removes an insight of the project. PT404 for one of another.';
revoke execute on function core_api.insight_remove from public;
grant execute on function core_api.insight_remove to core_member, service_role;

-- Forgets insights without a decision since p_keep, at most p_limit. Owner only.
create function core_api.insight_sweep(p_keep interval default '365 days', p_limit int default 1000) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_count int;
begin
  v_ok := core.authorize('insight:sweep', null);
  v_ok := core.require_page(p_limit);
  if p_keep is null or p_keep < interval '1 minute' then
    perform core.refuse('PT400', 'invalid_keep', 'keep must be at least one minute', null, jsonb_build_object('field', 'keep'));
  end if;
  with old as (
    select id from core.insight where active_at < (select clock_timestamp() - p_keep) order by active_at limit p_limit for update skip locked
  )
  delete from core.insight i using old where i.id = old.id;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'swept', v_count);
end
$$;
comment on function core_api.insight_sweep is 'Deletes insights on which no one has decided for an interval. Owner only.';
revoke execute on function core_api.insight_sweep from public;
grant execute on function core_api.insight_sweep to service_role;
