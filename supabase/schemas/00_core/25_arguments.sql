-- What an argument may be: the steps that refuse any other, for functions of every noun.

create function core.require_key(p_key text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_key is null or length(p_key) not between 1 and 200 then
    perform core.refuse('PT400', 'invalid_key', 'p_key must be a text of 1 to 200 characters',
      'Send one key per intended effect, for example a uuid v7, and the same key again on a retry.',
      jsonb_build_object('field', 'key'));
  end if;
  return true;
end
$$;
comment on function core.require_key is 'Raises PT400 unless the idempotency key is 1 to 200 characters.';

create function core.is_too_deep(p_value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select pg_column_size(p_value) > 256 and jsonb_path_exists(p_value, '$.**{33 to last}')
$$;
comment on function core.is_too_deep is 'Whether a value is nested more than 32 levels deep, which a small one cannot be.';

-- The first number in a JSON value that readers of JSON take for another one: beyond 2^53 - 1, or a fraction that is read as
-- an integer. jsonb keeps it as it was written, but no program gets it back. Each such number has 16 digits or more.
create function core.inexact_place(p_field text, p_value jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  with recursive place as (
    select p_field as path, p_value as value
    union all
    select p.path || step.name, step.value
    from place p cross join lateral (
      select '.' || o.key as name, o.value from jsonb_each(case jsonb_typeof(p.value) when 'object' then p.value else '{}' end) o
      union all
      select format('[%s]', l.ordinal - 1), l.value
      from jsonb_array_elements(case jsonb_typeof(p.value) when 'array' then p.value else '[]' end) with ordinality as l (value, ordinal)
    ) step
  ), number as (
    select path, (value #>> '{}')::numeric as n from place where jsonb_typeof(value) = 'number'
  )
  select left(path, 200) from number
  where case
    when abs(n) > 9007199254740991 then true
    when n = trunc(n) then false
    when abs(n) < 2.5e-324 then true
    else trunc(n::double precision) = n::double precision
  end
  limit 1
$$;
comment on function core.inexact_place is 'The place of the first number that is another one when JSON is read, or null.';

create function core.is_exact(p_value jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  -- The text first, which takes a third of the time.
  return p_value is null
    or p_value::text !~ '[0-9.]{16}'
    or not jsonb_path_exists(p_value, '$.** ? (@.type() == "number" && (@ > 9007199254740991 || @ < -9007199254740991 || @ != @.floor()))')
    or core.inexact_place('', p_value) is null;
end
$$;
comment on function core.is_exact is 'Whether every number in a JSON value is the one that readers of JSON get.';

-- Every function that takes JSON calls this for it, itself or through core.require_object and the like; a test asks each.
create function core.require_exact(p_field text, p_value jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_place text;
begin
  if not core.is_exact(p_value) then
    v_place := core.inexact_place(p_field, p_value);
    perform core.refuse('PT400', 'unstorable', format('%s is not a finite number that JSON holds exactly: at most 2^53 - 1, with at most 15 digits',
      v_place), 'Write it as text where it is not an amount.', jsonb_build_object('field', p_field, 'place', v_place));
  end if;
  return true;
end
$$;
comment on function core.require_exact is 'Raises PT400 that names the place of a number which JSON does not hold exactly.';

create function core.require_object(p_field text, p_value jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null or jsonb_typeof(p_value) <> 'object' then
    perform core.refuse('PT400', 'invalid_object', format('%s must be a JSON object', p_field),
      format('Send %s as an object, {} when empty.', p_field), jsonb_build_object('field', p_field));
  -- The pattern of core.is_exact once more: the call alone costs as much.
  elsif p_value <> '{}' and jsonb_path_exists(p_value, '$.** ? (@.type() == "number" && (@ > 9007199254740991 || @ < -9007199254740991 || @ != @.floor()))') and not core.is_exact(p_value) then
    perform core.require_exact(p_field, p_value);
  elsif pg_column_size(p_value) > 16384 then
    perform core.refuse('PT413', 'object_too_large', format('%s is larger than 16 KB', p_field),
      'Keep large facts in your own tables and put their id here.', jsonb_build_object('field', p_field, 'max_bytes', 16384));
  elsif pg_column_size(p_value) > 256 and core.is_too_deep(p_value) then
    perform core.refuse('PT400', 'object_too_deep', format('%s is nested more than 32 levels deep', p_field),
      'Send a flatter object.', jsonb_build_object('field', p_field, 'max_depth', 32));
  end if;
  return true;
end
$$;
comment on function core.require_object is 'Raises PT400 unless the value is a JSON object, PT413 above 16 KB.';

create function core.require_page(p_limit int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_limit is null or p_limit not between 1 and 1000 then
    perform core.refuse('PT400', 'invalid_limit', format('limit must be 1 to 1000, got %s', coalesce(p_limit::text, 'null')),
      'Read page by page with the cursor that each answer returns.', jsonb_build_object('field', 'limit'));
  end if;
  return true;
end
$$;
comment on function core.require_page is 'Raises PT400 unless a page size is 1 to 1,000.';

-- One rule for the names of things and for the segments of paths: every URL client drops a segment . or .. however it is
-- written, so that REST could not reach what is named so, and a call for it would reach something else.
create function core.require_reachable(p_field text, variadic p_names text[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_names && '{.,..}' then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must not be . or .., which URLs drop', p_field), 'Use another name.',
      jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.require_reachable is 'Raises PT400 for names that a URL cannot carry: . and ...';

-- A short name of a state, the same for the same state: what an edit can be made conditional on.
create function core.etag(p_state jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select left(encode(sha256(convert_to(p_state::text, 'UTF8')), 'hex'), 32)
$$;
comment on function core.etag is 'The first 128 bits of the SHA-256 of a state, in hexadecimal.';

-- Lets an edit pass only in the state its caller has seen. Called under the lock of what is edited, so that of two edits
-- of one state the second is refused. p_if_match null asks for nothing, {} for what is not there yet, {*} for anything
-- that is there. p_etag null: there is nothing.
create function core.require_match(p_if_match text[], p_etag text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_if_match is null or p_etag = any (p_if_match) or p_etag is not null and '*' = any (p_if_match)
    or p_etag is null and cardinality(p_if_match) = 0 then
    return true;
  end if;
  perform core.refuse('PT412', 'precondition_failed',
    case when p_etag is null then 'it does not exist' when cardinality(p_if_match) = 0 then 'it exists already' else 'it was changed meanwhile' end,
    'Read it again, decide again, and send the etag that was read.', jsonb_build_object('etag', p_etag));
  return false;
end
$$;
comment on function core.require_match is 'Raises PT412 unless the state is one of those the caller named.';
