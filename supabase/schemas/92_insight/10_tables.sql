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
