-- Keys of an archived project are refused by key_verify. Those that processes remember are forgotten: by the notification
-- at once, by the event also where notifications do not arrive.
create function core.key_follow_archive() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_key core.api_key;
begin
  for v_key in select * from core.api_key where project = new.name and disabled_at is null order by id loop
    perform pg_catalog.pg_notify('core_key', v_key.id::text);
    perform core.key_emit('updated', v_key);
  end loop;
  return null;
end
$$;
comment on function core.key_follow_archive is 'Has every process look the keys of an archived or restored project up again.';
create trigger key_follow_archive after update of archived_at on core.project
for each row when (old.archived_at is distinct from new.archived_at) execute function core.key_follow_archive();
