-- The steps that the coordinator's nouns share: whose call it is, and what an argument may be.

create sequence core.fence;
comment on sequence core.fence is 'Numbers sessions, locks, claims and deliveries: of two holders the later one has the greater fence.';

-- Rows that keep a project's name belong to a registered one. The owner may name any, so it is looked up.
create function core.require_project(p_project text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from core.root_name where name = p_project and noun = 'project') then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))),
      'Register the project first.', jsonb_build_object('field', 'project'));
  end if;
  return true;
end
$$;
comment on function core.require_project is 'Raises PT404 unless the project is registered.';

create function core.require_text(p_field text, p_value text, p_most int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null or length(p_value) not between 1 and p_most then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be a text of 1 to %s characters', p_field, p_most), null,
      jsonb_build_object('field', p_field, 'max_length', p_most));
  end if;
  return true;
end
$$;
comment on function core.require_text is 'Raises PT400 unless a text has 1 to p_most characters.';

create function core.require_name(p_field text, p_name text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  -- The length apart: {0,199} in the expression takes ten times as long.
  if p_name is null or length(p_name) > 200 or p_name !~ '^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$' then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be 1 to 200 of letters, digits and _ . : / @ -, beginning with a letter or digit', p_field),
      null, jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.require_name is 'Raises PT400 unless it can name a queue, a kind of task, a type of message and the like.';

create function core.require_range(p_field text, p_value numeric, p_least numeric, p_most numeric) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null or p_value not between p_least and p_most then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be from %s to %s, got %s', p_field, p_least, p_most,
      coalesce(left(p_value::text, 30), 'null')), null, jsonb_build_object('field', p_field, 'least', p_least, 'most', p_most));
  end if;
  return true;
end
$$;
comment on function core.require_range is 'Raises PT400 unless a number is in a range.';

-- A number of a JSON value that is stored as an integer: a cast would round it.
create function core.require_whole(p_field text, p_value numeric, p_least numeric, p_most numeric) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value % 1 <> 0 then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be a whole number, got %s', p_field, left(p_value::text, 30)), null,
      jsonb_build_object('field', p_field));
  end if;
  return core.require_range(p_field, p_value, p_least, p_most);
end
$$;
comment on function core.require_whole is 'Raises PT400 unless a number is whole and in a range.';

-- p_value null is SQL null: refused. The caller decides whether to ask.
create function core.require_payload(p_field text, p_value jsonb, p_most_bytes int default 65536) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_value is null then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be a JSON value', p_field), null, jsonb_build_object('field', p_field));
  elsif octet_length(p_value::text) > p_most_bytes then
    perform core.refuse('PT413', p_field || '_too_large', format('%s is larger than %s KB', p_field, p_most_bytes / 1024),
      'Keep large data in your own tables or files and send where it is.', jsonb_build_object('field', p_field, 'max_bytes', p_most_bytes));
  end if;
  return core.require_exact(p_field, p_value);
end
$$;
comment on function core.require_payload is 'Raises PT413 for JSON above a size, PT400 for a number that a JSON number does not hold exactly.';

-- A bound of a project that is reached: an answer, for it passes.
create function core.bound_reached(p_bound text, p_limit bigint, p_facts jsonb default '{}') returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('ok', false, 'code', 'bound_reached', 'bound', p_bound, 'limit', p_limit) || p_facts
$$;
comment on function core.bound_reached is 'The denial of a call that would take a project beyond one of its bounds.';
