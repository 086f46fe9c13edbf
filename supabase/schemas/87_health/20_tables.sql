insert into core.share_kind (name, rights, summary) values
  ('health', '{read}', 'The name figures: read shows the figures behind the health of the project');

create table core.health_policy (
  project text collate "C" constraint health_policy_pkey primary key,
  policy jsonb not null,
  updated_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor()
);
comment on table core.health_policy is 'The weights, targets and criticality that projects declare. Without a row core.health_defaults applies.';

create table core.health_state (
  project text collate "C" constraint health_state_pkey primary key,
  score int,
  worst text,
  band text not null constraint health_state_band check (band in ('good', 'fair', 'poor', 'unknown')),
  criticality text not null,
  status text not null,
  since timestamptz not null default clock_timestamp(),
  last_beat_at timestamptz
) with (fillfactor = 70);
comment on table core.health_state is 'Each project as of the last sample, so that changes become events and the whole has a score. Bounded by the projects.';

create table core.health_sample (
  project text collate "C" not null,
  period text collate "C" not null constraint health_sample_period check (period in ('minute', 'hour')),
  at timestamptz not null,
  samples int not null,
  total bigint not null,
  least int not null,
  most int not null,
  constraint health_sample_pkey primary key (project, period, at)
) with (fillfactor = 70);
comment on table core.health_sample is 'Scores by minute and by hour: how many samples, their sum, the least and the greatest.';
create index health_sample_age_idx on core.health_sample (period, at);

create table core.health_head (
  singleton boolean constraint health_head_pkey primary key default true constraint health_head_one_row check (singleton),
  sampled_at timestamptz not null default '-infinity'
);
comment on table core.health_head is 'The interval of the last sample: of several control planes one takes it.';
insert into core.health_head default values;
