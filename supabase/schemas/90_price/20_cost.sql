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
