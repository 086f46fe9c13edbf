-- The audit log: who changed what, when, from what to what, and by which request, written in the transaction that
-- changed it. What the ledger journals is on record there with its actor; only what its rows do not hold (what an
-- account or budget was before) has an entry here as well, under the number of its journal row.

-- Numbers the rows of every journal, so that the audit log and the journals of nouns are one list in one order.
create sequence core.journal_id;

create table core.audit (
  id bigint constraint audit_pkey primary key,
  project text collate "C",
  actor text not null,
  action text not null constraint audit_action_form check (action ~ '^[a-z]+\.[a-z_]+$'),
  resource text collate "C" not null,
  request_id text,
  before jsonb,
  after jsonb,
  at timestamptz not null default clock_timestamp(),
  constraint audit_keeps_no_secret
    check (not coalesce(before, '{}') ?| '{hash,secret,token,password}' and not coalesce(after, '{}') ?| '{hash,secret,token,password}')
);
comment on table core.audit is 'Every administrative change: actor, action, resource, before, after, request. Append-only.';
comment on column core.audit.id is 'From core.journal_id, as the rows of the ledger''s journal are: both are one list in one order.';
comment on column core.audit.project is 'Whose change it is; null concerns the whole system.';
comment on column core.audit.resource is 'kind:name, such as key:019ab2c4-…, flag:router.order, account:smart_layer/agent-7.';
create index audit_project_idx on core.audit (project, id);
create index audit_resource_idx on core.audit (resource, id);
revoke all on core.audit from public;

create function core.audit_refuse_rewrite() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform core.refuse('PT403', 'append_only', 'the audit log is append-only', 'What was done stays on record; undo it by doing the contrary.');
  return null;
end
$$;
comment on function core.audit_refuse_rewrite is 'Trigger: the audit log refuses UPDATE, DELETE and TRUNCATE, whatever the role.';
create trigger audit_append_only before update or delete or truncate on core.audit
  for each statement execute function core.audit_refuse_rewrite();

-- Records one change, last in the transaction that makes it: where it is denied or rolled back there is no entry, and
-- a replay, which changes nothing, must not call this. p_id: the number of the journal row that records the same act.
create function core.audit(p_action text, p_resource text, p_project text, p_before jsonb, p_after jsonb, p_id bigint default null)
returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_id bigint := coalesce(p_id, nextval('core.journal_id'));
begin
  insert into core.audit (id, project, actor, action, resource, request_id, before, after)
  values (v_id, p_project, core.actor(), p_action, p_resource, core.request_id(), p_before, p_after);
  return v_id;
end
$$;
comment on function core.audit is 'Writes the audit entry of a change in the caller''s transaction. Never hand it a key, a hash or another secret.';
