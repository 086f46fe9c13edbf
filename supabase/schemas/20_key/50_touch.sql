-- When keys were last used, written in batches: a write per request would cost more than the request's check.

-- p_uses: [{id, at}], at most 10,000. The latest time wins; ids that are no longer keys are skipped.
-- Locks: the keys, in the order of their ids.
create function core_api.key_touch(p_uses jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
begin
  perform core.authorize('key:write', null);
  perform core.require_exact('uses', p_uses);
  if p_uses is null or jsonb_typeof(p_uses) <> 'array' or jsonb_array_length(p_uses) > 10000 then
    perform core.refuse('PT400', 'invalid_uses', 'uses must be a list of at most 10000', 'Send [{"id": …, "at": …}].',
      jsonb_build_object('field', 'uses'));
  end if;
  perform from core.api_key k where k.id in (select u.id from jsonb_to_recordset(p_uses) as u (id uuid)) order by k.id for no key update;
  update core.api_key k set last_used_at = u.at
  from (select r.id, max(r.at) as at from jsonb_to_recordset(p_uses) as r (id uuid, at timestamptz) group by r.id) u
  where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at);
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'touched', v_count);
end
$$;
comment on function core_api.key_touch is 'Remembers when API keys were last used. Owner only.';
revoke execute on function core_api.key_touch from public;
grant execute on function core_api.key_touch to service_role;
