-- What the report says of the database it ran on.

create function core_api.bench_facts() returns jsonb
language plpgsql as $$
begin
  perform pg_catalog.pg_stat_force_next_flush();
  return jsonb_build_object(
    'version', current_setting('server_version'),
    'settings', (select jsonb_object_agg(name, current_setting(name)) from pg_catalog.pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'shared_buffers', 'min_wal_size', 'max_wal_size',
        'checkpoint_timeout', 'wal_compression', 'jit')),
    'deadlocks', (select deadlocks from pg_catalog.pg_stat_database where datname = current_database()),
    'tables', (select jsonb_object_agg(relname, jsonb_build_object('updated', n_tup_upd, 'hot', n_tup_hot_upd))
      from pg_catalog.pg_stat_user_tables where schemaname = 'core' and n_tup_upd > 0));
end
$$;
