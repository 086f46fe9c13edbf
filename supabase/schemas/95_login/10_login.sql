-- Logins: people who signed in at an issuer, each with a token of which only the SHA-256 is kept here. What a person may do
-- is decided by the members of projects, not by the login. Called by the control plane with its own rights.

create table core.login (
  id uuid constraint login_pkey primary key default core.new_id(),
  open_key text collate "C" not null constraint login_open_key unique constraint login_open_key_length check (length(open_key) between 1 and 200),
  token_hash text collate "C" not null constraint login_token_hash_key unique constraint login_token_hash_form check (token_hash ~ '^[0-9a-f]{64}$'),
  issuer text collate "C" not null constraint login_issuer_length check (length(issuer) between 1 and 500),
  subject text collate "C" not null constraint login_subject_form check (subject ~ '^[!-~]{1,255}$'),
  sid text constraint login_sid_length check (length(sid) between 1 and 255),
  claims jsonb not null default '{}' constraint login_claims_object check (jsonb_typeof(claims) = 'object'),
  idle_s int not null,
  created_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  ends_at timestamptz not null
);
comment on table core.login is 'People who are signed in.';
comment on column core.login.open_key is 'The idempotency key that opened it.';
comment on column core.login.token_hash is 'SHA-256 of the token, which has 256 random bits.';
comment on column core.login.sid is 'The session at the issuer, where it names one.';
comment on column core.login.claims is 'What the issuer says of the person, for people to read; it decides nothing.';
comment on column core.login.seen_at is 'The last check, to the minute.';
create index login_by_person on core.login (issuer, subject, id);

create function core.login_end_of(p_row core.login) returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp as $$
  select least(p_row.ends_at, p_row.seen_at + make_interval(secs => p_row.idle_s))
$$;
comment on function core.login_end_of is 'When a login ends unless it is used before.';

create function core.login_view(p_row core.login) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('id', p_row.id, 'issuer', p_row.issuer, 'subject', p_row.subject, 'sid', p_row.sid, 'claims', p_row.claims,
    'created_at', p_row.created_at, 'seen_at', p_row.seen_at, 'expires_at', core.login_end_of(p_row))
$$;
comment on function core.login_view is 'A login without the hash of its token.';

create function core.login_resource(p_row core.login) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select 'login:' || p_row.id
$$;
comment on function core.login_resource is 'What the audit log calls a login.';

create function core.require_login_hash(p_token_hash text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_token_hash is null or p_token_hash !~ '^[0-9a-f]{64}$' then
    perform core.refuse('PT400', 'invalid_token_hash', 'token_hash must be a SHA-256 as 64 hexadecimal digits', 'Hash the token; never send it.',
      jsonb_build_object('field', 'token_hash'));
  end if;
  return true;
end
$$;
comment on function core.require_login_hash is 'Raises PT400 unless the hash of a token is a SHA-256.';

create function core.require_login_person(p_issuer text, p_subject text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_issuer is null or length(p_issuer) not between 1 and 500 then
    perform core.refuse('PT400', 'invalid_issuer', 'issuer must be a text of 1 to 500 characters', null, jsonb_build_object('field', 'issuer'));
  elsif p_subject is null or p_subject !~ '^[!-~]{1,255}$' then
    perform core.refuse('PT400', 'invalid_subject', 'subject must be 1 to 255 printable characters', null, jsonb_build_object('field', 'subject'));
  end if;
  return true;
end
$$;
comment on function core.require_login_person is 'Raises PT400 unless issuer and subject can name a person.';

-- Ends logins: their rows go, every process that caches them is notified, and the audit log has an entry for each.
create function core.login_remove(p_ids uuid[]) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.login;
  v_count int := 0;
begin
  for v_row in select * from core.login where id = any (p_ids) order by id for update loop
    delete from core.login where id = v_row.id;
    perform pg_catalog.pg_notify('core_login', v_row.id::text);
    perform core.audit('login.end', core.login_resource(v_row), null, core.login_view(v_row), null);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function core.login_remove is 'Ends logins by id and returns how many there were.';

-- Who signed in with a stored owner key stays signed in no longer than the key is in use: its revocation, its disabling and its
-- replacement end the logins by it.
create function core.login_follow_key() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.login_remove(array(select id from core.login where issuer = 'local' and subject = 'key:' || new.id));
  return null;
end
$$;
comment on function core.login_follow_key is 'Ends the logins by a stored key that is revoked, disabled or replaced.';
create trigger login_follow_key after update of disabled_at, replaced_by on core.api_key
for each row when (new.disabled_at is not null and old.disabled_at is null or new.replaced_by is distinct from old.replaced_by)
execute function core.login_follow_key();

-- Keeps a login. Replays on p_key; another token under a used key is refused, so that a key can stand for a code that counts
-- once. Of more than 100 logins of one person the oldest end. Locks: the person, the key.
create function core_api.login_open(p_key text, p_token_hash text, p_issuer text, p_subject text, p_sid text default null,
  p_claims jsonb default '{}', p_ttl_s int default 2592000, p_idle_s int default 604800) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  v_row core.login;
begin
  perform core.authorize('login:operate', null);
  perform core.require_key(p_key);
  perform core.require_login_hash(p_token_hash);
  perform core.require_login_person(p_issuer, p_subject);
  perform core.require_object('claims', p_claims);
  if length(p_sid) not between 1 and 255 then
    perform core.refuse('PT400', 'invalid_sid', 'sid must be a text of 1 to 255 characters', null, jsonb_build_object('field', 'sid'));
  elsif p_ttl_s is null or p_ttl_s not between 60 and 31536000 then
    perform core.refuse('PT400', 'invalid_ttl', 'ttl_s must be 60 to 31536000 seconds', null, jsonb_build_object('field', 'ttl_s'));
  elsif p_idle_s is null or p_idle_s not between 60 and 31536000 then
    perform core.refuse('PT400', 'invalid_idle', 'idle_s must be 60 to 31536000 seconds', null, jsonb_build_object('field', 'idle_s'));
  end if;
  perform pg_advisory_xact_lock(hashtextextended(format('login:%s:%s', p_issuer, p_subject), 0));
  perform pg_advisory_xact_lock(hashtextextended('login_key:' || p_key, 0));
  select * into v_row from core.login where open_key = p_key;
  if v_row.token_hash = p_token_hash and v_row.issuer = p_issuer and v_row.subject = p_subject then
    return jsonb_build_object('ok', true, 'replayed', true) || core.login_view(v_row);
  elsif v_row.id is not null then
    perform core.refuse('PT422', 'idempotency_mismatch', 'this idempotency key opened another login', 'Use a new idempotency key for a new login.');
  elsif exists (select from core.login where token_hash = p_token_hash) then
    perform core.refuse('PT409', 'login_exists', 'there is a login with this token already', 'Make a new token for each login.');
  end if;
  perform core.login_remove(array(
    select id from core.login where issuer = p_issuer and subject = p_subject order by id desc offset 99 limit 1000));
  insert into core.login (open_key, token_hash, issuer, subject, sid, claims, idle_s, ends_at)
  values (p_key, p_token_hash, p_issuer, p_subject, p_sid, p_claims, p_idle_s, clock_timestamp() + make_interval(secs => p_ttl_s))
  returning * into v_row;
  perform core.audit('login.open', core.login_resource(v_row), null, null, core.login_view(v_row));
  return jsonb_build_object('ok', true, 'replayed', false) || core.login_view(v_row);
end
$$;
comment on function core_api.login_open is 'Keeps a login by the hash of its token. Replays on p_key. Owner only.';
revoke execute on function core_api.login_open from public;
grant execute on function core_api.login_open to service_role;

-- Who a token belongs to, and that it was used: once a minute a check writes, and only to a login that has not ended by then.
-- Locks: the login, where it writes.
create function core_api.login_check(p_token_hash text) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.login;
begin
  perform core.authorize('login:operate', null);
  perform core.require_login_hash(p_token_hash);
  update core.login l set seen_at = clock_timestamp()
  where token_hash = p_token_hash and seen_at < clock_timestamp() - interval '1 minute' and core.login_end_of(l) > clock_timestamp();
  select * into v_row from core.login where token_hash = p_token_hash;
  if v_row.id is null then return jsonb_build_object('ok', false, 'code', 'login_unknown'); end if;
  if core.login_end_of(v_row) <= clock_timestamp() then return jsonb_build_object('ok', false, 'code', 'login_expired'); end if;
  return jsonb_build_object('ok', true) || core.login_view(v_row);
end
$$;
comment on function core_api.login_check is 'The login of a token; login_unknown or login_expired otherwise. Owner only.';
revoke execute on function core_api.login_check from public;
grant execute on function core_api.login_check to service_role;

-- Ends one login by its token, those of a person, or those of a session at the issuer; at most 1,000 at once. Idempotent:
-- what has ended stays ended, so p_key names the request and keeps nothing. Locks: the logins by id.
create function core_api.login_end(p_key text, p_token_hash text default null, p_issuer text default null, p_subject text default null,
  p_sid text default null) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_custom_plan as $$
begin
  perform core.authorize('login:operate', null);
  perform core.require_key(p_key);
  if p_token_hash is not null then
    perform core.require_login_hash(p_token_hash);
  elsif p_issuer is null or p_subject is null and p_sid is null then
    perform core.refuse('PT400', 'invalid_login', 'name the hash of a token, or an issuer with a subject or a sid', null,
      jsonb_build_object('field', 'token_hash'));
  end if;
  return jsonb_build_object('ok', true, 'ended', core.login_remove(array(
    select id from core.login
    where (p_token_hash is null or token_hash = p_token_hash) and (p_issuer is null or issuer = p_issuer)
      and (p_subject is null or subject = p_subject) and (p_sid is null or sid = p_sid)
    order by id limit 1000)));
end
$$;
comment on function core_api.login_end is 'Ends logins: of a token, a person, or a session at the issuer. Owner only.';
revoke execute on function core_api.login_end from public;
grant execute on function core_api.login_end to service_role;

-- The logins of a person that have not ended, newest first.
create function core_api.login_list(p_issuer text, p_subject text, p_limit int default 100) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan as $$
begin
  perform core.authorize('login:operate', null);
  perform core.require_login_person(p_issuer, p_subject);
  perform core.require_page(p_limit);
  return jsonb_build_object('ok', true, 'logins', (
    select coalesce(jsonb_agg(core.login_view(l) order by l.id desc), '[]')
    from (
      select * from core.login l where issuer = p_issuer and subject = p_subject and core.login_end_of(l) > clock_timestamp()
      order by id desc limit p_limit
    ) l));
end
$$;
comment on function core_api.login_list is 'The logins of a person, newest first. Never the hashes of their tokens. Owner only.';
revoke execute on function core_api.login_list from public;
grant execute on function core_api.login_list to service_role;

-- Deletes logins that have ended, at most p_limit. Whether one is good does not depend on it.
create function core_api.login_sweep(p_limit int default 500) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_count int;
begin
  perform core.authorize('login:operate', null);
  perform core.require_page(p_limit);
  with old as (
    select id from core.login l where core.login_end_of(l) < (select clock_timestamp()) order by id limit p_limit for update skip locked
  )
  delete from core.login l using old where l.id = old.id;
  get diagnostics v_count = row_count;
  return jsonb_build_object('ok', true, 'swept', v_count);
end
$$;
comment on function core_api.login_sweep is 'Deletes logins that have ended. Owner only.';
revoke execute on function core_api.login_sweep from public;
grant execute on function core_api.login_sweep to service_role;
