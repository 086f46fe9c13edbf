-- Generated from supabase/schemas/92_insight by `npm run generate`. Do not edit.

-- supabase/schemas/92_insight/10_tables.sql

-- Insights: what a project has learnt and others can adopt. Everybody may read them; who decides on one reports what came
-- of it, and by that they are ranked.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('insight:share', 'Share insights with other projects and remove them', '{operator,admin,owner}', true, 'insight'),
  ('insight:decide', 'Adopt, reject and revert insights of other projects', '{operator,admin,owner}', false, null);

create table core.insight (
  id uuid constraint insight_pkey primary key default core.new_id(),
  project text collate "C" not null,
  key text collate "C" not null,
  category text collate "C" not null constraint insight_category_form check (category ~ '^[a-z][a-z0-9_-]{0,49}$'),
  title text not null,
  body text not null,
  evidence jsonb not null,
  expected_bp int not null constraint insight_expected_range check (expected_bp between -10000 and 1000000),
  confidence_bp int not null constraint insight_confidence_range check (confidence_bp between 0 and 10000),
  adopted int not null default 0,
  rejected int not null default 0,
  reverted int not null default 0,
  measured int not null default 0,
  effect_sum_bp bigint not null default 0,
  rank double precision not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor(),
  active_at timestamptz not null default clock_timestamp(),
  constraint insight_key_once unique (project, key)
);
comment on table core.insight is 'What projects have learnt. At most 10,000 of a project; forgotten a year after the last decision.';
comment on column core.insight.expected_bp is 'How much better it makes things, in basis points: 2000 is 20 %.';
comment on column core.insight.confidence_bp is 'How sure its author is, 0 to 10000.';
comment on column core.insight.effect_sum_bp is 'The sum of the effects that were measured.';
create index insight_rank_idx on core.insight (rank desc, id desc);
create index insight_category_idx on core.insight (category, rank desc, id desc);
create index insight_author_idx on core.insight (project, rank desc, id desc);
create index insight_age_idx on core.insight (active_at);

create table core.insight_decision (
  insight uuid not null constraint insight_decision_insight_fkey references core.insight on delete cascade,
  project text collate "C" not null,
  decision text not null constraint insight_decision_known check (decision in ('adopted', 'rejected', 'reverted')),
  effect_bp int constraint insight_decision_effect_range check (effect_bp between -10000 and 1000000),
  note text,
  decided_at timestamptz not null default clock_timestamp(),
  decided_by text not null default core.actor(),
  constraint insight_decision_pkey primary key (insight, project)
);
comment on table core.insight_decision is 'What each project has decided, and the effect that it measured. The last decision counts.';
create index insight_decision_project_idx on core.insight_decision (project, insight);

-- A Bayesian average (Laplace's rule of succession with a prior of two observations): the part of deciders that keep it,
-- times its mean effect, both beginning at what the author expects with the author's confidence. So one lucky measurement
-- ranks below many good ones, and an insight without decisions below one that proved the same. In basis points.
-- @core/coordinator has the same function; a test holds the two equal.
create function core.insight_rank(p_row core.insight) returns double precision
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select (p_row.adopted + p_row.confidence_bp / 5000::double precision) / (p_row.adopted + p_row.rejected + p_row.reverted + 2)
    * ((p_row.effect_sum_bp + p_row.expected_bp * (p_row.confidence_bp / 5000::double precision)) / (p_row.measured + 2))
$$;
comment on function core.insight_rank is 'The rank of an insight: its rate of adoption times its mean effect, both shrunk to what its author expects.';

create function core.insight_view(p_row core.insight) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('insight', p_row.id, 'project', p_row.project, 'category', p_row.category, 'title', p_row.title, 'body', p_row.body,
    'evidence', p_row.evidence, 'expected_bp', p_row.expected_bp, 'confidence_bp', p_row.confidence_bp, 'adopted', p_row.adopted,
    'rejected', p_row.rejected, 'reverted', p_row.reverted, 'measured', p_row.measured,
    'effect_bp', case when p_row.measured > 0 then round(p_row.effect_sum_bp::numeric / p_row.measured)::int end,
    'rank', p_row.rank, 'created_at', p_row.created_at, 'created_by', p_row.created_by)
$$;
comment on function core.insight_view is 'An insight as the API shows it.';

-- supabase/schemas/92_insight/20_share.sql

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

-- supabase/schemas/92_insight/30_read.sql

-- Insights of all projects, the highest rank first. p_category and p_author narrow it; p_open leaves those of other projects
-- on which this one has not decided: its feed. p_after: `next` of the page before. A page of a feed looks at 5,000 insights at most, so it
-- may be short, or empty, and have a next.
create function core_api.insight_list(p_category text default null, p_author text default null, p_open boolean default false,
  p_after uuid default null, p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_ok boolean;
  v_project text := core.enter('fleet:read', p_project);
  v_rank double precision;
  v_scan int := case when p_open then 5000 else p_limit end;
  v_rows jsonb;
  v_next uuid;
begin
  v_ok := core.require_page(p_limit);
  if p_open is null then
    perform core.refuse('PT400', 'invalid_open', 'open must be true or false', null, jsonb_build_object('field', 'open'));
  elsif p_after is not null then
    select i.rank into v_rank from core.insight i where i.id = p_after;
    if v_rank is null then
      perform core.refuse('PT400', 'invalid_cursor', 'after must be an insight that is there', 'Begin again without it.', jsonb_build_object('field', 'after'));
    end if;
  end if;
  with looked as (
    select i.* from core.insight i
    where (p_category is null or i.category = p_category) and (p_author is null or i.project = p_author)
      and (p_after is null or (i.rank, i.id) < (v_rank, p_after))
    order by i.rank desc, i.id desc limit v_scan
  ), page as (
    select i.* from looked i
    where not p_open or i.project <> v_project
      and not exists (select from core.insight_decision d where d.project = v_project and d.insight = i.id)
    order by i.rank desc, i.id desc limit p_limit
  )
  select coalesce((select jsonb_agg(core.insight_view(p::core.insight) - '{body,evidence}'::text[]
        || jsonb_build_object('decision', (select d.decision from core.insight_decision d where d.project = v_project and d.insight = p.id))
        order by p.rank desc, p.id desc) from page p), '[]'),
    case when (select count(*) from page) = p_limit then (select p.id from page p order by p.rank, p.id limit 1)
      when (select count(*) from looked) = v_scan then (select l.id from looked l order by l.rank, l.id limit 1) end
  into v_rows, v_next;
  return jsonb_build_object('ok', true, 'insights', v_rows, 'next', v_next);
end
$$;
comment on function core_api.insight_list is 'Insights of all projects, ranked by adoption and measured effect, with what this project has decided.';
revoke execute on function core_api.insight_list from public;
grant execute on function core_api.insight_list to core_member, service_role;

-- An insight with its body, evidence, and the newest 100 decisions on it.
create function core_api.insight_get(p_insight uuid, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.enter('fleet:read', p_project);
  v_row core.insight;
begin
  select * into v_row from core.insight where id = p_insight;
  if v_row.id is null then perform core.insight_refuse_unknown(); end if;
  return jsonb_build_object('ok', true) || core.insight_view(v_row) || jsonb_build_object(
    'decision', (select d.decision from core.insight_decision d where d.insight = p_insight and d.project = v_project),
    'decisions', (select coalesce(jsonb_agg(jsonb_build_object('project', d.project, 'decision', d.decision, 'effect_bp', d.effect_bp,
        'note', d.note, 'decided_at', d.decided_at) order by d.decided_at desc), '[]')
      from (select * from core.insight_decision where insight = p_insight order by decided_at desc limit 100) d));
end
$$;
comment on function core_api.insight_get is 'An insight with its evidence and what projects decided. PT404 where there is none.';
revoke execute on function core_api.insight_get from public;
grant execute on function core_api.insight_get to core_member, service_role;

-- Gauges for metrics: how many there are, as the statistics of the database say. Owner only.
create function core_api.insight_stats() returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean := core.authorize('insight:operate', null);
begin
  return jsonb_build_object('ok', true,
    'insights', (select greatest(0, reltuples)::bigint from pg_class where oid = 'core.insight'::regclass),
    'decisions', (select greatest(0, reltuples)::bigint from pg_class where oid = 'core.insight_decision'::regclass),
    'best_rank', coalesce((select rank from core.insight order by rank desc, id desc limit 1), 0));
end
$$;
comment on function core_api.insight_stats is 'How many insights and decisions there are, estimated. Owner only.';
revoke execute on function core_api.insight_stats from public;
grant execute on function core_api.insight_stats to service_role;

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
