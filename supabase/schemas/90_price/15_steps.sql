-- What other nouns may ask of the price book.

-- The version of the newest change; 0 before the first.
create function core.price_version_now() returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
  select version from core.price_counter
$$;
comment on function core.price_version_now is 'The version of the newest change of the price book.';
