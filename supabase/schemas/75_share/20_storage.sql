-- Shares: a project lets another one, or every one, use a thing that it names. Everything else of a project is its own.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('share:write', 'Share things of the project with other projects', '{admin,owner}', false, 'share');

create table core.share (
  id bigint generated always as identity constraint share_pkey primary key,
  owner text collate "C" not null constraint share_owner_fkey references core.project (name),
  kind text collate "C" not null constraint share_kind_fkey references core.share_kind (name),
  name text collate "C" not null constraint share_name_length check (length(name) between 1 and 512),
  grantee text collate "C" not null,
  rights text[] not null,
  created_by text not null default core.actor(),
  created_at timestamptz not null default clock_timestamp(),
  updated_by text not null default core.actor(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint share_key unique (owner, kind, name, grantee),
  constraint share_grantee_other check (grantee <> owner)
);
comment on table core.share is 'What projects let each other use. The thing need not exist yet.';
comment on column core.share.grantee is 'A project, or * for every one.';
create index share_by_grantee on core.share (grantee, id);
create index share_by_name on core.share (kind, name, grantee, id);

create function core.share_view(p_row core.share) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object(
    'owner', p_row.owner, 'kind', p_row.kind, 'name', p_row.name, 'grantee', p_row.grantee, 'rights', p_row.rights,
    'created_by', p_row.created_by, 'created_at', p_row.created_at,
    'updated_by', p_row.updated_by, 'updated_at', p_row.updated_at,
    'etag', core.etag(jsonb_build_object('id', p_row.id, 'rights', p_row.rights, 'updated_at', extract(epoch from p_row.updated_at))))
$$;
comment on function core.share_view is 'A share as the API shows it.';

create function core.share_resource(p_row core.share) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select format('share:%s/%s/%s', p_row.kind, p_row.name, p_row.grantee)
$$;
comment on function core.share_resource is 'A share as the audit log names it.';

-- Tells both projects; of a share with every one, all of them.
create function core.share_emit(p_row core.share, p_type text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if p_row.grantee = '*' then return core.emit('share', null, p_type, core.share_view(p_row)); end if;
  perform core.emit('share', p_row.owner, p_type, core.share_view(p_row));
  return core.emit('share', p_row.grantee, p_type, core.share_view(p_row));
end
$$;
comment on function core.share_emit is 'Appends an event about a share for its owner and for who receives it.';

-- The row of a share, or one of nulls. Locks the project against other changes of its shares.
create function core.share_lock(p_project text, p_kind text, p_name text, p_grantee text) returns core.share
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_row core.share;
begin
  perform from core.project where name = p_project for no key update;
  if not found then
    perform core.refuse('PT404', 'project_not_found', format('there is no project %s', quote_literal(left(p_project, 100))),
      'Register the project first.', jsonb_build_object('field', 'project'));
  end if;
  select * into v_row from core.share
  where owner = p_project and kind = p_kind and name = p_name and grantee = p_grantee;
  return v_row;
end
$$;
comment on function core.share_lock is 'The row of a share, with the project locked against other changes of its shares. PT404 for an unknown project.';
