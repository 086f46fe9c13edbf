-- What the nouns above need, to keep texts that only a process with the key can read.

create function core.is_sealed(p_text text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(length(p_text) <= 22000 and p_text ~ '^core1\.[0-9a-f]{8}\.[A-Za-z0-9_-]{38,}$', false)
$$;
comment on function core.is_sealed is 'Whether a text has the form in which the control plane seals a secret.';

create function core.require_sealed(p_field text, p_text text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if not core.is_sealed(p_text) then
    perform core.refuse('PT400', 'invalid_' || p_field, format('%s must be sealed: the database keeps no secret in clear', p_field),
      'Set it through the control plane, which seals it.', jsonb_build_object('field', p_field));
  end if;
  return true;
end
$$;
comment on function core.require_sealed is 'Raises PT400 unless a secret comes sealed.';

-- The form of a secret's name.
create function core.is_secret_name(p_name text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select p_name ~ '^[A-Za-z][A-Za-z0-9_-]{0,99}$'
$$;
comment on function core.is_secret_name is 'Whether a text can be the name of a secret.';
