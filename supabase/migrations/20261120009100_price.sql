-- Generated from supabase/schemas/90_price by `npm run generate`. Do not edit.

-- supabase/schemas/90_price/10_tables.sql

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

-- supabase/schemas/90_price/15_steps.sql

-- What other nouns may ask of the price book.

-- The version of the newest change; 0 before the first.
create function core.price_version_now() returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
  select version from core.price_counter
$$;
comment on function core.price_version_now is 'The version of the newest change of the price book.';

-- supabase/schemas/90_price/20_cost.sql

-- What usage costs: the twin of costOf in @core/providers/price. One table of cases holds both to the same numbers.

-- Raises PT400 unless rates are 1 to 64 objects, each with a unit and a whole price.
create function core.price_require_rates(p_rates jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
begin
  v_ok := core.require_exact('rates', p_rates);
  v_ok := jsonb_typeof(p_rates) = 'array' and jsonb_array_length(p_rates) between 1 and 64;
  if v_ok then
    select bool_and(jsonb_typeof(r) = 'object'
      and coalesce(r ->> 'unit' = any (core.price_units()), false)
      and r - '{unit,nanoUsdPerMillion,overInput,from,to,tier}'::text[] = '{}'
      and core.price_is_whole(r -> 'nanoUsdPerMillion')
      and (not r ? 'overInput' or core.price_is_whole(r -> 'overInput'))
      and (not r ? 'tier' or coalesce(jsonb_typeof(r -> 'tier') = 'string' and r ->> 'tier' ~ '^[a-z0-9_-]{1,50}$', false))
      and (r ? 'from') = (r ? 'to')
      and (not r ? 'from' or coalesce(r ->> 'from' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' and r ->> 'to' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$', false)))
    into v_ok from jsonb_array_elements(p_rates) r;
  end if;
  if v_ok is distinct from true then
    perform core.refuse('PT400', 'invalid_rates', 'rates must be 1 to 64 objects { unit, nanoUsdPerMillion, overInput?, from?, to?, tier? }',
      'Write 2.5 USD for a million tokens as { "unit": "input", "nanoUsdPerMillion": 2500000000 }; times are HH:MM, UTC.',
      jsonb_build_object('field', 'rates', 'units', to_jsonb(core.price_units())));
  end if;
  return true;
end
$$;
comment on function core.price_require_rates is 'Raises PT400 unless rates are well formed.';

create function core.price_is_whole(p_value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(case when jsonb_typeof(p_value) = 'number'
    then p_value::numeric between 0 and 9007199254740991 and p_value::numeric = trunc(p_value::numeric) end, false)
$$;
comment on function core.price_is_whole is 'Whether a JSON value is a whole number from 0 to 2^53 - 1.';

create function core.price_refuse(p_unit text, p_model text, p_tier text default null) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT404', 'price_unknown', format('there is no price for %s', coalesce(p_unit, quote_literal(p_model), 'the service tier ' || quote_literal(p_tier), 'this call')),
    'Import prices, or set the rates of the model.', jsonb_strip_nulls(jsonb_build_object('unit', p_unit, 'model', p_model, 'tier', p_tier)));
  return true;
end
$$;
comment on function core.price_refuse is 'Raises PT404: what has no price is refused, never free.';

-- ceil(sum(units * nanoUsdPerMillion) * (10000 + markup) / (10000 * nanoUsdPerCredit)), in whole numbers. p_is_approximated:
-- the rates are those of other models.
create function core.price_cost(p_rates jsonb, p_usage jsonb, p_at timestamptz, p_nano_usd_per_credit bigint, p_markup_bp int,
  p_tier text default null, p_is_approximated boolean default false) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_input constant text[] := '{input,cacheRead,cacheWrite,cacheWrite1h,audioIn,imageIn}';
  v_output constant text[] := '{output,reasoning,audioOut}';
  v_time text := to_char(p_at at time zone 'UTC', 'HH24:MI');
  v_size numeric := 0;
  v_rates jsonb;
  v_unit text;
  v_count numeric;
  v_rate numeric;
  v_nano numeric := 0;
  v_divisor numeric := 10000::numeric * p_nano_usd_per_credit;
  v_micro numeric;
  v_approximated jsonb := '[]';
  v_ok boolean;
begin
  v_ok := core.require_object('usage', p_usage);
  if exists (select from jsonb_each(p_usage) u where u.key <> all (core.price_units()) or not core.price_is_whole(u.value)) then
    perform core.refuse('PT400', 'invalid_usage', 'usage must be whole numbers of units, from 0 to 9007199254740991',
      'Leave out what was not used.', jsonb_build_object('field', 'usage', 'units', to_jsonb(core.price_units())));
  end if;
  select coalesce(sum(u.value::numeric), 0) into v_size from jsonb_each(p_usage) u where u.key = any (v_input);

  -- Rates of the tier alone; those of a time of day replace the others; of each unit the one with the highest threshold below the prompt.
  with rate as (
    select r.value as rate, r.ordinality, coalesce((r.value ->> 'overInput')::numeric, 0) as over,
      r.value ? 'from' as is_timed,
      case when r.value ->> 'from' <= r.value ->> 'to' then v_time >= r.value ->> 'from' and v_time < r.value ->> 'to'
        else v_time >= r.value ->> 'from' or v_time < r.value ->> 'to' end as is_now
    from jsonb_array_elements(p_rates) with ordinality r where r.value ->> 'tier' is not distinct from case when not p_is_approximated then p_tier end
  ), applying as (
    select * from rate where case when exists (select from rate where is_timed and is_now) then is_timed and is_now else not is_timed end
  )
  select jsonb_object_agg(chosen.unit, chosen.price) into v_rates from (
    select distinct on (rate ->> 'unit') rate ->> 'unit' as unit, rate -> 'nanoUsdPerMillion' as price
    from applying where over = 0 or over < v_size order by rate ->> 'unit', over desc, ordinality
  ) chosen;
  if v_rates is null then v_ok := core.price_refuse(null, null, p_tier); end if;

  foreach v_unit in array core.price_units() loop
    v_count := (p_usage ->> v_unit)::numeric;
    continue when v_count is null or v_count = 0;
    v_rate := (v_rates ->> v_unit)::numeric;
    if p_is_approximated and v_rate is not null then v_approximated := v_approximated || to_jsonb(v_unit); end if;
    if v_rate is null and v_unit = 'requests' then continue; end if;
    if v_rate is null and v_unit = 'reasoning' then v_rate := (v_rates ->> 'output')::numeric; end if;
    if v_rate is null then
      select max(r.value::numeric) into v_rate from jsonb_each(v_rates) r
      where v_unit = any (v_input) and r.key = any (v_input) or v_unit = any (v_output) and r.key = any (v_output);
      if v_rate is null then v_ok := core.price_refuse(v_unit, null); end if;
      v_approximated := v_approximated || to_jsonb(v_unit);
    end if;
    v_nano := v_nano + v_count * v_rate;
  end loop;
  v_micro := div(v_nano * (10000 + p_markup_bp) + v_divisor - 1, v_divisor);
  if v_micro > 9007199254740991 then
    perform core.refuse('PT400', 'cost_too_large', 'the cost is beyond 9007199254740991 micro-credits', 'Check the usage and the rates.',
      jsonb_build_object('field', 'usage'));
  end if;
  return jsonb_build_object('micro', v_micro::bigint, 'approximated', v_approximated);
end
$$;
comment on function core.price_cost is 'What usage costs by these rates, in whole micro-credits rounded up once, and which units had no rate of their own.';

-- supabase/schemas/90_price/30_book.sql

-- Reading and changing the price book.

-- The card that applies to a call: a project's override, an override for all, then what was imported; the model's own name
-- before an alias, the newest that is valid. By the index also where it was planned while the book was empty.
create function core.price_card_at(p_provider text, p_model text, p_at timestamptz, p_project text) returns core.price_card
language sql stable set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = off as $$
  select found from (
    (select c as found, c.project, c.source, true as is_exact, c.valid_from, c.version from core.price_card c
      where c.provider = p_provider and c.model = p_model and c.valid_from <= p_at and (c.project is null or c.project = p_project))
    union all
    (select c, c.project, c.source, false, c.valid_from, c.version from core.price_card c
      where c.provider = p_provider and c.aliases <> '{}' and p_model = any (c.aliases) and c.valid_from <= p_at
        and (c.project is null or c.project = p_project))
  ) all_of
  order by project is null, source <> 'override', not is_exact, valid_from desc, version desc limit 1
$$;
comment on function core.price_card_at is 'The card of a model that applies at a time, or null.';

create function core.credit_rate_at(p_at timestamptz, p_project text) returns core.credit_rate
language sql stable set search_path = pg_catalog, pg_temp as $$
  select r from core.credit_rate r where r.valid_from <= p_at and (r.project is null or r.project = p_project)
  order by r.project is null, r.valid_from desc, r.version desc limit 1
$$;
comment on function core.credit_rate_at is 'What a credit is worth at a time, or null for one USD.';

create function core.price_require_model(p_provider text, p_model text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_provider is null or p_provider !~ '^[a-z0-9][a-z0-9_.-]{0,99}$' then
    perform core.refuse('PT400', 'invalid_provider', 'a provider is 1 to 100 lowercase letters, digits and _ . -', null,
      jsonb_build_object('field', 'provider'));
  end if;
  return core.require_text('model', p_model, 200);
end
$$;
comment on function core.price_require_model is 'Raises PT400 unless provider and model can name a card.';

create function core.price_require_project(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_project is not null and not exists (select from core.project where name = p_project) then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))),
      'Register the project first, or leave it out for all projects.', jsonb_build_object('field', 'project'));
  end if;
  return true;
end
$$;
comment on function core.price_require_project is 'Raises PT404 where a named project does not exist.';

create function core.price_require_from(p_from timestamptz) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_from < '1970-01-01Z' or p_from > clock_timestamp() + interval '10 years' then
    perform core.refuse('PT400', 'invalid_from', 'from must be a time from 1970 to ten years from now', null, jsonb_build_object('field', 'from'));
  end if;
  return true;
end
$$;
comment on function core.price_require_from is 'Raises PT400 unless a card can be valid from this time on.';

-- Overrides the rates of a model from p_from (now) on, for a project or for all. Naturally idempotent: the rates that it
-- has already are not written again. Owner only. Locks: the counter.
create function core_api.price_set(p_provider text, p_model text, p_rates jsonb, p_from timestamptz default null, p_project text default null)
returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean;
  v_version bigint;
  v_from timestamptz := coalesce(p_from, clock_timestamp());
  v_old core.price_card;
  v_new core.price_card;
begin
  v_ok := core.authorize('price:write', null);
  v_ok := core.price_require_model(p_provider, p_model);
  v_ok := core.price_require_rates(p_rates);
  v_ok := core.price_require_from(p_from);
  v_ok := core.price_require_project(p_project);
  v_version := core.price_version();
  v_old := core.price_card_at(p_provider, p_model, v_from, p_project);
  if v_old.source = 'override' and v_old.model = p_model and v_old.rates = p_rates and v_old.project is not distinct from p_project then
    return jsonb_build_object('ok', true, 'changed', false) || core.price_card_view(v_old);
  end if;
  insert into core.price_card (version, project, provider, model, rates, source, valid_from)
  values (v_version, p_project, p_provider, p_model, p_rates, 'override', v_from) returning * into v_new;
  v_ok := core.audit('price.set', 'price:' || p_provider || '/' || p_model, p_project,
    case when v_old.version is not null then core.price_card_view(v_old) end, core.price_card_view(v_new)) is not null;
  return jsonb_build_object('ok', true, 'changed', true) || core.price_card_view(v_new);
end
$$;
comment on function core_api.price_set is 'Overrides the rates of a model from a time on. Owner only.';
revoke execute on function core_api.price_set from public;
grant execute on function core_api.price_set to service_role;

-- Takes over cards of a source, at most 500: [{ provider, model, aliases?, rates, validFrom? }]; those of one model in one call.
-- The first word of a source is its name and what follows its version, so that a later version of a list changes what differs.
-- What is new or different becomes a card. Of a model that nothing was known of, a card without a date has always been valid and
-- one with a date is from then on; of any other it is valid from now on, because what calls cost before does not change.
-- p_dry_run only says what would change. Naturally idempotent. Owner only. Locks: the counter.
create function core_api.price_import(p_source text, p_cards jsonb, p_dry_run boolean default false) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '10s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_known bigint;
  v_card jsonb;
  v_aliases text[];
  v_from timestamptz;
  v_old core.price_card;
  v_changes jsonb[] := '{}'; -- a jsonb list would be copied for each
  v_unchanged int := 0;
  v_overridden int := 0;
begin
  v_ok := core.authorize('price:write', null);
  v_ok := core.require_text('source', p_source, 100);
  v_ok := core.require_exact('cards', p_cards);
  if split_part(p_source, ' ', 1) = 'override' then
    perform core.refuse('PT400', 'invalid_source', 'override is no source to import from', 'Name where the prices come from.', jsonb_build_object('field', 'source'));
  elsif jsonb_typeof(p_cards) is distinct from 'array' or jsonb_array_length(p_cards) not between 1 and 500 then
    perform core.refuse('PT400', 'invalid_cards', 'cards must be a list of 1 to 500', 'Import in parts.', jsonb_build_object('field', 'cards'));
  end if;
  select version into v_known from core.price_counter for no key update;
  for v_card in select c from jsonb_array_elements(p_cards) c loop
    v_ok := core.require_object('cards', v_card);
    v_ok := core.price_require_model(v_card ->> 'provider', v_card ->> 'model');
    v_ok := core.price_require_rates(v_card -> 'rates');
    v_aliases := core.price_aliases(v_card -> 'aliases');
    v_from := core.price_instant(v_card -> 'validFrom');
    v_ok := core.price_require_from(v_from);
    if (core.price_card_at(v_card ->> 'provider', v_card ->> 'model', clock_timestamp(), null)).source = 'override' then
      v_overridden := v_overridden + 1;
    end if;
    -- `version + 0`: the plan is to walk the model's few cards, not the versions of all.
    select * into v_old from core.price_card c
    where c.provider = v_card ->> 'provider' and c.model = v_card ->> 'model' and split_part(c.source, ' ', 1) = split_part(p_source, ' ', 1)
      and c.source_from is not distinct from v_from
    order by c.version + 0 desc limit 1;
    -- A card without a date is the past of one with a date that has begun.
    if v_old.rates = v_card -> 'rates' and v_old.aliases = v_aliases
      or v_old.version is not null and v_from is null and exists (
        select from core.price_card c where c.provider = v_old.provider and c.model = v_old.model
          and split_part(c.source, ' ', 1) = split_part(p_source, ' ', 1) and c.source_from <= clock_timestamp()) then
      v_unchanged := v_unchanged + 1;
      continue;
    end if;
    v_changes := array_append(v_changes, jsonb_build_object('provider', v_card -> 'provider', 'model', v_card -> 'model',
      'before', v_old.rates, 'after', v_card -> 'rates'));
    continue when p_dry_run;
    insert into core.price_card (version, provider, model, aliases, rates, source, valid_from, source_from)
    values (core.price_version(), v_card ->> 'provider', v_card ->> 'model', v_aliases, v_card -> 'rates', p_source,
      case
        when exists (select from core.price_card c where c.provider = v_card ->> 'provider' and c.model = v_card ->> 'model'
          and c.source <> 'override' and c.version + 0 <= v_known) then greatest(v_from, clock_timestamp())
        else coalesce(v_from, '1970-01-01Z')
      end, v_from);
  end loop;
  if not p_dry_run and v_changes <> '{}' then
    v_ok := core.audit('price.import', 'price:' || p_source, null, null, jsonb_build_object('cards', cardinality(v_changes))) is not null;
  end if;
  return jsonb_build_object('ok', true, 'dry_run', p_dry_run, 'unchanged', v_unchanged, 'overridden', v_overridden, 'changes', to_jsonb(v_changes));
end
$$;
comment on function core_api.price_import is 'Takes over new and changed cards of a source, or says what would change. Owner only.';
revoke execute on function core_api.price_import from public;
grant execute on function core_api.price_import to service_role;

create function core.price_aliases(p_aliases jsonb) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_aliases text[] := '{}';
  v_alias jsonb;
  v_ok boolean;
begin
  if p_aliases is null then return v_aliases; end if;
  if jsonb_typeof(p_aliases) <> 'array' or jsonb_array_length(p_aliases) > 32 then
    perform core.refuse('PT400', 'invalid_aliases', 'aliases must be a list of at most 32 names', null, jsonb_build_object('field', 'aliases'));
  end if;
  for v_alias in select a from jsonb_array_elements(p_aliases) a loop
    v_ok := core.require_text('aliases', case when jsonb_typeof(v_alias) = 'string' then v_alias #>> '{}' end, 200);
    v_aliases := v_aliases || (v_alias #>> '{}');
  end loop;
  return v_aliases;
end
$$;
comment on function core.price_aliases is 'Other names of a model, from JSON. PT400 for anything but a list of texts.';

create function core.price_instant(p_value jsonb) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null then return null; end if;
  if jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ '^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$' then
    begin
      return case when length(p_value #>> '{}') = 10 then (p_value #>> '{}' || 'T00:00:00Z')::timestamptz else (p_value #>> '{}')::timestamptz end;
    exception when datetime_field_overflow or invalid_datetime_format then null;
    end;
  end if;
  perform core.refuse('PT400', 'invalid_from', 'validFrom must be a date or a time, such as 2026-11-20 or 2026-11-20T09:30:00Z', null,
    jsonb_build_object('field', 'cards'));
  return null;
end
$$;
comment on function core.price_instant is 'A time from JSON; a date is its first moment, UTC.';

-- The cards that apply at p_at, by provider and model. p_after: "provider/model" of the last of the page before.
create function core_api.price_list(p_provider text default null, p_model text default null, p_at timestamptz default null, p_after text default null,
  p_limit int default 100, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
declare
  v_project text := core.price_enter(p_project);
  v_at timestamptz := coalesce(p_at, clock_timestamp());
  v_rows jsonb;
  v_ok boolean;
begin
  v_ok := core.require_page(p_limit);
  with model as (
    select distinct c.provider, c.model from core.price_card c
    where (p_provider is null or c.provider = p_provider) and (p_model is null or c.model = p_model or p_model = any (c.aliases))
      and c.valid_from <= v_at and (c.project is null or c.project = v_project)
      and (p_after is null or (c.provider || '/' || c.model) collate "C" > p_after)
    order by 1, 2
  ), page as (
    select m.* from model m order by (m.provider || '/' || m.model) collate "C" limit p_limit
  )
  select coalesce(jsonb_agg(core.price_card_view(core.price_card_at(p.provider, p.model, v_at, v_project))
    order by (p.provider || '/' || p.model) collate "C"), '[]') into v_rows from page p;
  return jsonb_build_object('ok', true, 'prices', v_rows,
    'next', case when jsonb_array_length(v_rows) = p_limit then concat(v_rows -> -1 ->> 'provider', '/', v_rows -> -1 ->> 'model') end);
end
$$;
comment on function core_api.price_list is 'The prices that apply at a time, by provider and model.';
revoke execute on function core_api.price_list from public;
grant execute on function core_api.price_list to core_member, service_role;

-- What has changed since a version, for processes that keep the book in memory. Credit rates are few and come whole.
create function core_api.price_book(p_after_version bigint default 0, p_limit int default 1000, p_project text default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.price_enter(p_project);
  v_rows jsonb;
  v_ok boolean;
begin
  v_ok := core.require_page(p_limit);
  if p_after_version is null or p_after_version < 0 then
    perform core.refuse('PT400', 'invalid_version', 'after_version must be a whole number from 0', null, jsonb_build_object('field', 'after_version'));
  end if;
  select coalesce(jsonb_agg(core.price_card_view(c) order by c.version), '[]') into v_rows from (
    select * from core.price_card where version > p_after_version and (project is null or project = v_project) order by version limit p_limit) c;
  return jsonb_build_object('ok', true, 'cards', v_rows, 'more', jsonb_array_length(v_rows) = p_limit,
    'version', greatest(p_after_version, coalesce((v_rows -> -1 ->> 'version')::bigint, 0)),
    'credit_rates', (select coalesce(jsonb_agg(core.credit_rate_view(r) order by r.version), '[]') from (
      select * from core.credit_rate where project is null or project = v_project order by version desc limit 1000) r));
end
$$;
comment on function core_api.price_book is 'The cards after a version, and what a credit is worth.';
revoke execute on function core_api.price_book from public;
grant execute on function core_api.price_book to core_member, service_role;

-- For a model without a card: of each unit the highest rate of its provider's models, else of all models, whatever its time,
-- threshold and tier. Null where none is known.
create function core.price_dearest(p_provider text, p_at timestamptz, p_project text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  with model as (
    select distinct c.provider, c.model from core.price_card c
    where c.valid_from <= p_at and (c.project is null or c.project = p_project)
      and (c.provider = p_provider or not exists (
        select from core.price_card o where o.provider = p_provider and o.valid_from <= p_at and (o.project is null or o.project = p_project)))
  ), highest as (
    select r.value ->> 'unit' as unit, max((r.value ->> 'nanoUsdPerMillion')::numeric) as price
    from model m cross join lateral core.price_card_at(m.provider, m.model, p_at, p_project) c cross join lateral jsonb_array_elements(c.rates) r
    group by 1
  )
  select jsonb_agg(jsonb_build_object('unit', unit, 'nanoUsdPerMillion', price) order by unit) from highest
$$;
comment on function core.price_dearest is 'The highest rates that are known, for a model without a price.';

-- What usage costs a project at a time (now). p_unknown: what a model without a price costs, refuse or dearest. The models of
-- a control plane's own process (local) are free unless they have a price, and a tier makes no difference there. PT404 where
-- there is no price.
create function core_api.price_quote(p_provider text, p_model text, p_usage jsonb, p_at timestamptz default null, p_project text default null,
  p_tier text default null, p_unknown text default 'refuse')
returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_project text := core.price_enter(p_project);
  v_at timestamptz := coalesce(p_at, clock_timestamp());
  v_card core.price_card;
  v_worth core.credit_rate;
  v_dearest jsonb;
  v_free jsonb;
  v_ok boolean;
begin
  v_ok := core.price_require_model(p_provider, p_model);
  v_ok := core.require_exact('usage', p_usage);
  if p_tier is not null then v_ok := core.require_text('tier', p_tier, 50); end if;
  if p_unknown is null or p_unknown not in ('refuse', 'dearest') then
    perform core.refuse('PT400', 'invalid_unknown', 'unknown must be refuse or dearest', null, jsonb_build_object('field', 'unknown'));
  end if;
  v_card := core.price_card_at(p_provider, p_model, v_at, v_project);
  if v_card.version is null and p_provider = 'local' then
    v_free := '[{"unit": "input", "nanoUsdPerMillion": 0}, {"unit": "output", "nanoUsdPerMillion": 0}, {"unit": "seconds", "nanoUsdPerMillion": 0}]';
  elsif v_card.version is null then
    if p_unknown = 'dearest' then v_dearest := core.price_dearest(p_provider, v_at, v_project); end if;
    if v_dearest is null then v_ok := core.price_refuse(null, p_model); end if;
  end if;
  v_worth := core.credit_rate_at(v_at, v_project);
  return jsonb_build_object('ok', true, 'provider', p_provider, 'model', coalesce(v_card.model, p_model),
      'source', coalesce(v_card.source, case when v_free is null then 'dearest' else 'local' end))
    || core.price_cost(coalesce(v_card.rates, v_free, v_dearest), p_usage, v_at, coalesce(v_worth.nano_usd_per_credit, 1000000000),
      coalesce(v_worth.markup_bp, 0), case when p_provider <> 'local' then p_tier end, v_dearest is not null);
end
$$;
comment on function core_api.price_quote is 'What usage of a model costs, in whole micro-credits rounded up once. PT404 without a price.';
revoke execute on function core_api.price_quote from public;
grant execute on function core_api.price_quote to core_member, service_role;

-- What a credit is worth from p_from (now) on, for a project or for all. Naturally idempotent. Owner only. Locks: the counter.
create function core_api.credit_rate_set(p_nano_usd_per_credit bigint, p_markup_bp int default 0, p_from timestamptz default null,
  p_project text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_ok boolean;
  v_version bigint;
  v_from timestamptz := coalesce(p_from, clock_timestamp());
  v_old core.credit_rate;
  v_new core.credit_rate;
begin
  v_ok := core.authorize('price:write', null);
  v_ok := core.price_require_from(p_from);
  v_ok := core.price_require_project(p_project);
  if p_nano_usd_per_credit is null or p_nano_usd_per_credit not between 1 and 9007199254740991 or p_markup_bp is null or p_markup_bp not between 0 and 1000000 then
    perform core.refuse('PT400', 'invalid_credit_rate', 'nano_usd_per_credit must be 1 to 9007199254740991, markup_bp 0 to 1000000',
      'One USD per credit is 1000000000.', jsonb_build_object('field', 'nano_usd_per_credit'));
  end if;
  v_version := core.price_version();
  v_old := core.credit_rate_at(v_from, p_project);
  if v_old.nano_usd_per_credit = p_nano_usd_per_credit and v_old.markup_bp = p_markup_bp and v_old.project is not distinct from p_project then
    return jsonb_build_object('ok', true, 'changed', false) || core.credit_rate_view(v_old);
  end if;
  insert into core.credit_rate (version, project, nano_usd_per_credit, markup_bp, valid_from)
  values (v_version, p_project, p_nano_usd_per_credit, p_markup_bp, v_from) returning * into v_new;
  v_ok := core.audit('price.credit_rate', 'credit_rate:' || coalesce(p_project, 'all'), p_project,
    case when v_old.version is not null then core.credit_rate_view(v_old) end, core.credit_rate_view(v_new)) is not null;
  return jsonb_build_object('ok', true, 'changed', true) || core.credit_rate_view(v_new);
end
$$;
comment on function core_api.credit_rate_set is 'Changes what a credit is worth from a time on. Owner only.';
revoke execute on function core_api.credit_rate_set from public;
grant execute on function core_api.credit_rate_set to service_role;

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
