-- Filters on metadata. A filter is data: it becomes a value of the type jsonpath in which keys and values are quoted as JSON,
-- and the query takes that value as a parameter.

-- {op: and|or, args: [...]} · {op: not, arg} · {op: eq|ne|gt|gte|lt|lte, key, value} · {op: in, key, values} ·
-- {op: exists, key}. Each comparison is true or false, never unknown, so that `not` means what it says. An array in the
-- metadata matches where one of its elements does.
create function core.embedding_filter(p_filter jsonb, p_depth int default 1) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  v_op text := p_filter ->> 'op';
  v_key text;
  v_sign text := case v_op when 'eq' then '==' when 'ne' then '==' when 'gt' then '>' when 'gte' then '>=' when 'lt' then '<' when 'lte' then '<=' end;
  v_values jsonb;
begin
  if p_depth = 1 then perform core.require_exact('filter', p_filter); end if;
  if p_depth = 1 and octet_length(p_filter::text) > 16384 then
    perform core.embedding_refuse_filter('is larger than 16 KB');
  elsif p_depth > 8 then
    perform core.embedding_refuse_filter('is nested more than 8 levels deep');
  elsif jsonb_typeof(p_filter) is distinct from 'object' or v_op is null then
    perform core.embedding_refuse_filter('must be an object with op');
  end if;
  if v_op in ('and', 'or') then
    if jsonb_typeof(p_filter -> 'args') is distinct from 'array' or jsonb_array_length(p_filter -> 'args') not between 1 and 100 then
      perform core.embedding_refuse_filter(format('%s needs args: 1 to 100 filters', v_op));
    end if;
    return '(' || (select string_agg(core.embedding_filter(a.arg, p_depth + 1), case v_op when 'and' then ' && ' else ' || ' end order by a.n)
      from jsonb_array_elements(p_filter -> 'args') with ordinality as a (arg, n)) || ')';
  elsif v_op = 'not' then
    return '(!' || core.embedding_filter(p_filter -> 'arg', p_depth + 1) || ')';
  elsif v_op not in ('eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'exists') then
    perform core.embedding_refuse_filter(format('has the unknown op %s; use and, or, not, eq, ne, gt, gte, lt, lte, in or exists', quote_literal(left(v_op, 30))));
  end if;
  if jsonb_typeof(p_filter -> 'key') is distinct from 'string' or length(p_filter ->> 'key') not between 1 and 200 then
    perform core.embedding_refuse_filter(format('%s needs a key of 1 to 200 characters', v_op));
  end if;
  v_key := '$.' || (p_filter -> 'key')::text;
  if v_op = 'exists' then return format('(exists (%s))', v_key); end if;
  v_values := case v_op when 'in' then p_filter -> 'values' else jsonb_build_array(p_filter -> 'value') end;
  if jsonb_typeof(v_values) is distinct from 'array' or jsonb_array_length(v_values) not between 1 and 1000
    or exists (select from jsonb_array_elements(v_values) v where jsonb_typeof(v) not in ('string', 'number', 'boolean', 'null'))
    or not p_filter ? (case v_op when 'in' then 'values' else 'value' end)
  then
    perform core.embedding_refuse_filter(format('%s needs %s', v_op,
      case v_op when 'in' then 'values: 1 to 1000 texts, numbers or booleans' else 'a value that is a text, a number, a boolean or null' end));
  end if;
  return format(case v_op when 'ne' then '(!exists (%s ? (%s)))' else '(exists (%s ? (%s)))' end, v_key,
    (select string_agg(format('@ %s %s', coalesce(v_sign, '=='), v.value), ' || ' order by v.n)
      from jsonb_array_elements(v_values) with ordinality as v (value, n)));
end
$$;
comment on function core.embedding_filter is 'A filter on metadata as the text of a jsonpath. PT400 for what is none.';

create function core.embedding_refuse_filter(p_fault text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT400', 'invalid_filter', 'filter ' || p_fault,
    'Write for example {"op": "and", "args": [{"op": "eq", "key": "lang", "value": "en"}, {"op": "gt", "key": "year", "value": 2020}]}.',
    jsonb_build_object('field', 'filter'));
end
$$;
comment on function core.embedding_refuse_filter is 'Raises PT400: what is wrong with a filter.';
