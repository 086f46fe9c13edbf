-- The price book: what a model costs from when on. A card is never edited; a newer one takes its place from a time on, so
-- that what a call cost can be worked out again.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('price:read', 'Read prices and what usage costs', '{viewer,operator,admin,owner}', true, null),
  ('price:write', 'Change prices and what a credit is worth', '{}', false, null);

create table core.price_counter (
  singleton boolean constraint price_counter_pkey primary key default true constraint price_counter_one_row check (singleton),
  version bigint not null
);
comment on table core.price_counter is 'One row: the version of the newest change. Its lock makes versions visible in their order.';
insert into core.price_counter (version) values (0);

create table core.price_card (
  version bigint constraint price_card_pkey primary key,
  project text collate "C" constraint price_card_project_fkey references core.project (name),
  provider text collate "C" not null constraint price_card_provider_form check (provider ~ '^[a-z0-9][a-z0-9_.-]{0,99}$'),
  model text collate "C" not null constraint price_card_model_length check (length(model) between 1 and 200),
  aliases text[] not null default '{}',
  rates jsonb not null,
  source text not null constraint price_card_source_length check (length(source) between 1 and 100),
  valid_from timestamptz not null,
  source_from timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor(),
  constraint price_card_project_source check (project is null or source = 'override')
);
comment on table core.price_card is 'The rates of a model from valid_from on, until the next card of the same model and source.';
comment on column core.price_card.source is 'override, or where it was imported from. An override wins over what was imported, a project''s own over one for all.';
comment on column core.price_card.rates is 'As in @core/providers/price: [{ unit, nanoUsdPerMillion, overInput?, from?, to?, tier? }].';
comment on column core.price_card.source_from is 'From when on it applies by its source; null where that says nothing. A change of it applies from its import on.';
create index price_card_model_idx on core.price_card (provider, model, valid_from desc);
create index price_card_alias_idx on core.price_card (provider) where aliases <> '{}';
create index price_card_project_idx on core.price_card (project) where project is not null;

create table core.credit_rate (
  version bigint constraint credit_rate_pkey primary key,
  project text collate "C" constraint credit_rate_project_fkey references core.project (name),
  nano_usd_per_credit bigint not null constraint credit_rate_worth_range check (nano_usd_per_credit between 1 and 9007199254740991),
  markup_bp int not null constraint credit_rate_markup_range check (markup_bp between 0 and 1000000),
  valid_from timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor()
);
comment on table core.credit_rate is 'What a credit is worth from valid_from on. Without a row one credit is one USD.';
comment on column core.credit_rate.markup_bp is 'Added to each price, in hundredths of a percent.';
create index credit_rate_from_idx on core.credit_rate (valid_from desc);
create index credit_rate_project_idx on core.credit_rate (project) where project is not null;

create function core.price_units() returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select '{input,cacheRead,cacheWrite,cacheWrite1h,audioIn,imageIn,output,reasoning,audioOut,seconds,searches,requests}'::text[]
$$;
comment on function core.price_units is 'What a call is billed by, in the order of @core/providers/price.';

create function core.price_card_view(p_card core.price_card) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('provider', p_card.provider, 'model', p_card.model, 'aliases', to_jsonb(p_card.aliases), 'rates', p_card.rates,
    'source', p_card.source, 'project', p_card.project, 'valid_from', p_card.valid_from, 'version', p_card.version)
$$;
comment on function core.price_card_view is 'A card as the API shows it.';

create function core.credit_rate_view(p_rate core.credit_rate) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('project', p_rate.project, 'nano_usd_per_credit', p_rate.nano_usd_per_credit, 'markup_bp', p_rate.markup_bp,
    'valid_from', p_rate.valid_from, 'version', p_rate.version)
$$;
comment on function core.credit_rate_view is 'What a credit is worth, as the API shows it.';

-- The project that a reader acts for; null for the owner outside every project.
create function core.price_enter(p_project text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := coalesce(p_project, core.claims() ->> 'project');
  v_ok boolean;
begin
  v_ok := core.authorize('price:read', v_project);
  return v_project;
end
$$;
comment on function core.price_enter is 'Authorises a reader of prices and returns its project, null for the owner.';

-- The next version. Locks: the counter, until the transaction ends.
create function core.price_version() returns bigint
language sql set search_path = pg_catalog, pg_temp as $$
  update core.price_counter set version = version + 1 returning version
$$;
comment on function core.price_version is 'The next version of the price book, under the lock that keeps versions in commit order.';
