-- An archived project's accounts are frozen, so that those who need no key cannot spend from them either; what was frozen
-- before stays so at the restore. Holds that are open can still be settled: the work was done.
create table core.ledger_archived (
  account_id bigint constraint ledger_archived_pkey primary key
    constraint ledger_archived_account_fkey references core.ledger_account
);
comment on table core.ledger_archived is 'Accounts that are frozen because their project is archived.';

-- Locks: the accounts of the project, by id.
create function core.ledger_follow_archive() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from core.ledger_account where project = new.name order by id for no key update;
  if new.archived_at is not null then
    with frozen as (
      update core.ledger_account set status = 'frozen', version = version + 1
      where project = new.name and status = 'active' returning id)
    insert into core.ledger_archived (account_id) select id from frozen order by id;
  else
    with thawed as (
      delete from core.ledger_archived d using core.ledger_account a
      where a.id = d.account_id and a.project = new.name returning a.id)
    update core.ledger_account a set status = 'active', version = version + 1 from thawed t
    where a.id = t.id and a.status = 'frozen';
  end if;
  return null;
end
$$;
comment on function core.ledger_follow_archive is 'Freezes the accounts of an archived project, and thaws them at its restore.';
create trigger ledger_follow_archive after update of archived_at on core.project
for each row when (old.archived_at is distinct from new.archived_at) execute function core.ledger_follow_archive();
