-- What higher nouns use: the kinds of things that can be shared, to which each adds its own, and the check of a call for
-- something of another project.

create table core.share_kind (
  name text collate "C" constraint share_kind_pkey primary key constraint share_kind_name_form check (name ~ '^[a-z]{1,20}$'),
  rights text[] not null constraint share_kind_rights_known
    check (cardinality(rights) > 0 and rights <@ '{read,write,work}'::text[]),
  summary text not null
);
comment on table core.share_kind is 'What a project can share by name. Each noun inserts its own kinds.';
comment on column core.share_kind.rights is 'The rights that mean something for it.';

-- Whether the caller reaches a thing: of its own project everything, of another one what is shared with it.
create function core.can_reach(p_kind text, p_project text, p_name text, p_right text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_claims jsonb := core.member_claims();
  v_own text := v_claims ->> 'project';
begin
  if v_claims is null or v_own = p_project then return true; end if;
  return exists (select from core.share s
    where s.owner = p_project and s.kind = p_kind and s.name = p_name and s.grantee in (v_own, '*') and p_right = any (s.rights));
end
$$;
comment on function core.can_reach is 'Whether the thing is of the caller''s project, or is shared with it for this right.';

-- Whether a project may use a thing of another one.
create function core.is_shared(p_kind text, p_owner text, p_name text, p_project text, p_right text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from core.share s
    where s.owner = p_owner and s.kind = p_kind and s.name = p_name and s.grantee in (p_project, '*') and p_right = any (s.rights));
end
$$;
comment on function core.is_shared is 'Whether a thing of one project is shared with another for this right.';

-- The projects that let another one use a thing of this name: those that name it first, then those that let every project;
-- the oldest share first.
create function core.sharers(p_kind text, p_name text, p_project text, p_right text, p_limit int) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return array(select s.owner from core.share s
    where s.kind = p_kind and s.name = p_name and s.grantee in (p_project, '*') and p_right = any (s.rights) and s.owner <> p_project
    group by s.owner order by bool_and(s.grantee = '*'), min(s.id) limit p_limit);
end
$$;
comment on function core.sharers is 'The projects that share a thing of this name with a project for this right.';

-- Lets the caller pass, or raises PT403. Runs right after core.authorize, which checks the scope. What is not shared and
-- what does not exist get one answer. Of an archived project others only read, as it does itself.
create function core.reach(p_kind text, p_project text, p_name text, p_right text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_own text := core.member_claims() ->> 'project';
begin
  if not coalesce(core.can_reach(p_kind, p_project, p_name, p_right), false) then
    perform core.refuse_foreign(v_own, p_project);
  elsif p_right <> 'read' and v_own <> p_project then
    if exists (select from core.root_name n where n.name = p_project and n.is_archived) then
      perform core.refuse('PT409', 'project_archived', format('the project %s is archived', quote_literal(p_project)), 'Restore the project first.');
    end if;
  end if;
  return true;
end
$$;
comment on function core.reach is 'Raises PT403 unless the thing is of the caller''s project, or is shared with it for this right.';

-- The same as core.enter for what can be shared: the scope is the caller's in its own project, p_project names the owner
-- of the thing.
create function core.enter_shared(p_scope text, p_kind text, p_project text, p_name text, p_right text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  -- core.member_claims once more: the call alone costs as much.
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_project text := coalesce(p_project, v_claims ->> 'project');
  v_own text := case when current_setting('role', true) = 'core_member' or v_claims ->> 'role' = 'core_member' then v_claims ->> 'project' end;
  v_ok boolean;
begin
  if v_project is null then perform core.refuse_no_project(); end if;
  v_ok := core.authorize(p_scope, coalesce(v_own, v_project));
  -- Without a project of its own, it is the owner's call by now.
  if v_own <> v_project then v_ok := core.reach(p_kind, v_project, p_name, p_right); end if;
  return v_project;
end
$$;
comment on function core.enter_shared is 'Authorises a call for a thing of the caller''s project, or of one that shares it, and returns the owning project.';
