-- Accounts: open, update, grant.

create function core.ledger_require_over(p_over_bp int) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  if p_over_bp is null or p_over_bp not between 0 and 1000000 then
    perform core.refuse('PT400', 'invalid_over_bp', format('over_bp must be 0 to 1000000 basis points, got %s', coalesce(p_over_bp::text, 'null')),
      '10000 allows to charge as much again as was granted to a hold.', jsonb_build_object('field', 'over_bp'));
  end if;
  return true;
end
$$;
comment on function core.ledger_require_over is 'Raises PT400 unless what may be charged above a hold is 0 to 1,000,000 basis points.';

-- The codes that the code of an account names before its own: of a/b/c, a and a/b.
create function core.ledger_prefixes(p_account text) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array(select array_to_string((string_to_array(p_account, '/'))[1:n], '/')
    from generate_series(1, cardinality(string_to_array(p_account, '/')) - 1) n)
$$;
comment on function core.ledger_prefixes is 'The codes above a code.';

-- Opens an account. Without a parent of its own it is the child of the nearest account that its code names
-- (smart_layer/team/agent: smart_layer/team, else smart_layer), so that no budget above is ever slipped; else it is a top account.
-- p_funding 'own': it holds credits of its own. 'parent': it has no purse; every posting on it lands in its parent's,
-- which is how siblings share one pool, while its own budgets still cap it. Replays on p_key. Locks: the parent.
create function core_api.ledger_account_open(
  p_key text, p_account text, p_kind text default 'project', p_parent text default null, p_overdraft bigint default 0,
  p_metadata jsonb default '{}', p_funding text default 'own', p_debt_limit bigint default 0, p_over_bp int default 10000
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_member text := core.claims() ->> 'project';
  v_parent_code text := p_parent;
  v_parent core.ledger_account;
  v_account core.ledger_account;
  v_purse core.ledger_account;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
  v_tx bigint;
begin
  v_ok := core.ledger_require_key(p_key);
  if p_account is null or length(p_account) > 200 or p_account !~ '^[a-z0-9][a-z0-9_.-]*(/[A-Za-z0-9_.:@-]+){0,3}$' then
    perform core.refuse('PT400', 'invalid_account', format('%s cannot be the code of an account', coalesce(quote_literal(p_account), 'null')),
      'Use up to four segments of letters, digits, _ . - joined by /, the first in lower case: smart_layer/agent-7.',
      jsonb_build_object('field', 'account'));
  end if;
  v_ok := core.require_reachable('account', variadic string_to_array(p_account, '/'));
  v_ok := core.authorize('ledger:account', split_part(p_account, '/', 1));
  if p_kind is null or p_kind not in ('pool', 'project', 'user') then
    perform core.refuse('PT400', 'invalid_kind', 'kind must be pool, project or user', null, jsonb_build_object('field', 'kind'));
  end if;
  if p_funding is null or p_funding not in ('own', 'parent') then
    perform core.refuse('PT400', 'invalid_funding', 'funding must be own or parent', null, jsonb_build_object('field', 'funding'));
  end if;
  v_ok := core.ledger_require_amount('overdraft', p_overdraft, 0);
  v_ok := core.ledger_require_amount('debt_limit', p_debt_limit, 0);
  v_ok := core.ledger_require_over(p_over_bp);
  v_ok := core.ledger_require_bound('debt_limit', 0, p_overdraft, p_debt_limit);
  v_ok := core.require_object('metadata', p_metadata);
  if p_parent is null then
    select code into v_parent_code from core.ledger_account
    where code = any (core.ledger_prefixes(p_account)) order by length(code) desc limit 1;
  end if;
  if v_member is not null and (p_overdraft > 0 or p_debt_limit > 0 or p_over_bp <> 10000 or p_kind <> 'user' or v_parent_code is null
      or split_part(v_parent_code, '/', 1) <> v_member) then
    perform core.refuse('PT403', 'forbidden_account',
      'a project may open user accounts below its own accounts, without overdraft or debt',
      'Ask the owner to open top-level accounts, to give overdraft and to set what may be charged above a hold.');
  end if;

  v_request := jsonb_build_object('op', 'account_open', 'account', p_account, 'kind', p_kind,
    'parent', p_parent, 'overdraft', p_overdraft, 'metadata', p_metadata, 'funding', p_funding,
    'debt_limit', p_debt_limit, 'over_bp', p_over_bp);
  if v_parent_code is not null then
    select * into v_parent from core.ledger_account
    where code = v_parent_code and kind not in ('issuer', 'sink', 'breakage') for no key update;
    if v_parent.id is null then return core.ledger_denied('account_not_found', v_parent_code); end if;
  end if;
  -- Below a parent of its choice it would slip the budgets of the accounts that its code names.
  if v_member is not null and p_parent is not null and exists (
      select from core.ledger_account n where n.code = any (core.ledger_prefixes(p_account)) and n.id <> all (v_parent.path)) then
    perform core.refuse('PT403', 'forbidden_account', format('%s does not belong below %s', p_account, p_parent),
      'Leave parent out: it is the nearest account that the code names.', jsonb_build_object('field', 'parent'));
  end if;
  -- Where no account above is locked, two openings of one project could miss each other.
  if v_parent.project is distinct from split_part(p_account, '/', 1) then
    perform pg_advisory_xact_lock(hashtextextended('ledger_account ' || split_part(p_account, '/', 1), 0));
  end if;
  v_replay := core.ledger_replay(split_part(p_account, '/', 1), p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  if exists (select from core.ledger_account c where c.code ~>=~ (p_account || '/') and c.code ~<~ (p_account || '0'))
      and not exists (select from core.ledger_account where code = p_account) then
    perform core.refuse('PT409', 'account_below_exists', format('there are accounts below %s, which it would not bind', p_account),
      'Open it under another name, or use accounts below it that are opened after it.', jsonb_build_object('account', p_account));
  end if;
  if v_parent.id is null and p_funding = 'parent' then
    perform core.refuse('PT400', 'invalid_funding', 'funding parent needs a parent', 'Name the account it draws on as parent.',
      jsonb_build_object('field', 'parent'));
  elsif v_parent.id is not null and cardinality(v_parent.path) >= 4 then
    perform core.refuse('PT400', 'too_deep', 'accounts nest at most four levels deep', null, jsonb_build_object('field', 'parent'));
  elsif p_funding = 'parent' and (p_overdraft > 0 or p_debt_limit > 0) then
    perform core.refuse('PT400', 'invalid_funding', 'an account that draws on its parent has no overdraft or debt limit of its own',
      'Give them to the parent.', jsonb_build_object('field', 'overdraft'));
  elsif v_parent.status <> 'active' then
    select * into v_purse from core.ledger_account where id = v_parent.purse_id;
    return core.ledger_denied('account_frozen', v_parent.code, v_purse);
  end if;

  -- An account of kind project waits for the project of its name, or is its; any other kind keeps projects off the name.
  if p_account !~ '/' and p_kind <> 'project' and not exists (select from core.ledger_account where code = p_account) then
    if exists (select from core.root_name where name = p_account and noun = 'project') then
      perform core.refuse('PT409', 'name_taken', format('%s is a project, whose own account has the kind project', quote_literal(p_account)),
        'Send kind project, or open the account under another code.', jsonb_build_object('name', p_account, 'noun', 'project', 'field', 'kind'));
    end if;
    v_ok := core.take_name(p_account, 'account');
  end if;
  v_account.id := nextval('core.ledger_account_id_seq');
  insert into core.ledger_account (id, code, project, kind, parent_id, purse_id, path, root_id, overdraft, debt_limit, over_bp, metadata)
  values (v_account.id, p_account, split_part(p_account, '/', 1), p_kind, v_parent.id,
    case p_funding when 'own' then v_account.id else v_parent.purse_id end,
    v_account.id || coalesce(v_parent.path, '{}'), coalesce(v_parent.root_id, v_account.id), p_overdraft, p_debt_limit, p_over_bp, p_metadata)
  on conflict on constraint ledger_account_code_key do nothing
  returning * into v_account;
  if not found then
    -- A concurrent call with the same key may have been first: then this is its replay.
    v_replay := core.ledger_replay(split_part(p_account, '/', 1), p_key, v_request);
    if v_replay is not null then return v_replay; end if;
    perform core.refuse('PT409', 'account_exists', format('the account %s exists already', p_account),
      'Use it as it is, or change it with ledger_account_update.', jsonb_build_object('account', p_account));
  end if;
  v_tx := nextval('core.journal_id');
  select * into v_purse from core.ledger_account where id = v_account.purse_id;
  v_answer := core.ledger_accepted(v_tx, v_purse, '[]') || core.ledger_account_view(v_account);
  perform core.ledger_journal(v_tx, p_key, 'account_open', v_account, v_account, null, 0, '{}', v_request, v_answer, clock_timestamp());
  perform core.audit('account.open', 'account:' || p_account, v_account.project, null, core.ledger_account_view(v_account), v_tx);
  return v_answer;
end
$$;
comment on function core_api.ledger_account_open is 'Opens an account with credits of its own, or one that draws on its parent''s purse. Replays on p_key.';
revoke execute on function core_api.ledger_account_open from public;
grant execute on function core_api.ledger_account_open to core_member, service_role;

create function core.ledger_account_view(p_account core.ledger_account) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return jsonb_build_object('account', p_account.code, 'project', p_account.project, 'kind', p_account.kind,
    'status', p_account.status, 'overdraft', p_account.overdraft, 'debt_limit', p_account.debt_limit, 'over_bp', p_account.over_bp,
    'metadata', p_account.metadata,
    'parent', (select code from core.ledger_account where id = p_account.parent_id),
    'funding', case when p_account.purse_id = p_account.id then 'own' else 'parent' end,
    'purse', (select code from core.ledger_account where id = p_account.purse_id),
    'created_at', p_account.created_at, 'etag', core.ledger_account_etag(p_account));
end
$$;
comment on function core.ledger_account_view is 'What an account is, without its balance.';

create function core.ledger_account_etag(p_account core.ledger_account) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return core.etag(jsonb_build_object('status', p_account.status, 'overdraft', p_account.overdraft, 'metadata', p_account.metadata,
    'debt_limit', p_account.debt_limit, 'over_bp', p_account.over_bp));
end
$$;
comment on function core.ledger_account_etag is 'Names what can be edited of an account: postings do not change it.';

-- Freezes, closes, or changes overdraft, debt limit, over_bp and metadata; null leaves as is. Replays on p_key. Locks: account.
create function core_api.ledger_account_update(
  p_key text, p_account text, p_status text default null, p_overdraft bigint default null, p_metadata jsonb default null,
  p_if_match text[] default null, p_debt_limit bigint default null, p_over_bp int default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_before jsonb;
  v_purse core.ledger_account;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
  v_tx bigint;
begin
  v_ok := core.ledger_require_key(p_key);
  v_account := core.ledger_find_account('ledger:account', p_account);
  if p_status is not null and p_status not in ('active', 'frozen', 'closed') then
    perform core.refuse('PT400', 'invalid_status', 'status must be active, frozen or closed', null, jsonb_build_object('field', 'status'));
  end if;
  if p_overdraft is not null then v_ok := core.ledger_require_amount('overdraft', p_overdraft, 0); end if;
  if p_debt_limit is not null then v_ok := core.ledger_require_amount('debt_limit', p_debt_limit, 0); end if;
  if p_over_bp is not null then v_ok := core.ledger_require_over(p_over_bp); end if;
  if p_metadata is not null then v_ok := core.require_object('metadata', p_metadata); end if;
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  -- What the owner gave a project (its top account, its overdraft) the project cannot change for itself.
  if p_overdraft is not null or not exists (
      select from core.ledger_account p where p.id = v_account.parent_id and p.project = v_account.project) then
    v_ok := core.authorize('ledger:grant', v_account.project);
  end if;

  if (p_debt_limit is not null or p_over_bp is not null) and core.claims() ->> 'project' is not null then
    perform core.refuse('PT403', 'forbidden_account', 'only the owner sets how far an account may go into debt and what is charged above its holds',
      'Ask the owner.');
  end if;

  v_request := jsonb_build_object('op', 'account_update', 'account', p_account, 'status', p_status,
    'overdraft', p_overdraft, 'metadata', p_metadata, 'debt_limit', p_debt_limit, 'over_bp', p_over_bp);
  perform core.ledger_lock_account(null, v_account, null, false, v_account.id);
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  select * into v_account from core.ledger_account where id = v_account.id;
  v_before := core.ledger_account_view(v_account);
  v_ok := core.require_match(p_if_match, v_before ->> 'etag');

  if p_status <> v_account.status and v_account.status = 'frozen' and v_account.status_by = 'owner' and core.claims() ->> 'project' is not null then
    perform core.refuse('PT403', 'forbidden_account', format('the owner froze the account %s', p_account), 'Ask the owner.');
  end if;
  if v_account.status = 'closed' and not (p_status is not distinct from 'active' and core.claims() ->> 'project' is null) then
    perform core.refuse('PT409', 'account_closed', format('the account %s is closed', p_account), 'Open another one, or ask the owner to open this one again.');
  -- Not null, or both sides would be asked, and the second reads the open holds of the whole tree.
  elsif coalesce(p_status = 'closed', false) and (v_account.total_in - v_account.total_out <> 0 or v_account.held > 0
      or exists (select from core.ledger_hold where root_id = v_account.root_id and account_id = v_account.id and status = 'open')) then
    perform core.refuse('PT409', 'account_not_empty', format('the account %s still has credits or open holds', p_account),
      'Settle or void its holds and move its credits first.');
  elsif coalesce(p_status = 'closed', false) and exists (select from core.ledger_account c where c.parent_id = v_account.id and c.status <> 'closed') then
    perform core.refuse('PT409', 'account_has_children', format('accounts below %s are not closed', p_account), 'Close them first.');
  elsif (p_overdraft > 0 or p_debt_limit > 0) and v_account.purse_id <> v_account.id then
    perform core.refuse('PT400', 'invalid_funding', 'an account that draws on its parent has no overdraft or debt limit of its own',
      'Give them to the parent.', jsonb_build_object('field', 'overdraft'));
  elsif p_overdraft < v_account.overdraft and core.ledger_available(v_account) < v_account.overdraft - p_overdraft then
    perform core.refuse('PT409', 'overdraft_in_use', format('the account %s uses more of its overdraft', p_account),
      'Grant credits first.');
  end if;
  if p_debt_limit < -core.ledger_available(v_account) - coalesce(p_overdraft - v_account.overdraft, 0) then
    perform core.refuse('PT409', 'debt_in_use', format('the account %s owes more than that', p_account), 'Grant credits first.',
      jsonb_build_object('debt', -core.ledger_available(v_account)));
  end if;
  v_ok := core.ledger_require_bound(case when p_overdraft is null then 'debt_limit' else 'overdraft' end, v_account.total_in,
    coalesce(p_overdraft, v_account.overdraft), coalesce(p_debt_limit, v_account.debt_limit));

  update core.ledger_account set status = coalesce(p_status, status),
    status_by = case when coalesce(p_status, status) = status then status_by when core.claims() ->> 'project' is null then 'owner' else 'project' end,
    overdraft = coalesce(p_overdraft, overdraft),
    debt_limit = coalesce(p_debt_limit, debt_limit), over_bp = coalesce(p_over_bp, over_bp),
    metadata = coalesce(p_metadata, metadata), version = version + 1
  where id = v_account.id returning * into v_account;
  select * into v_purse from core.ledger_account where id = v_account.purse_id;
  v_tx := nextval('core.journal_id');
  v_answer := core.ledger_accepted(v_tx, v_purse, '[]') || core.ledger_account_view(v_account);
  perform core.ledger_journal(v_tx, p_key, 'account_update', v_account, v_account, null, 0, '{}', v_request, v_answer, clock_timestamp());
  perform core.audit('account.update', 'account:' || p_account, v_account.project, v_before, core.ledger_account_view(v_account), v_tx);
  return v_answer;
end
$$;
comment on function core_api.ledger_account_update is 'Changes status, overdraft or metadata of an account; null leaves as is. Replays on p_key.';
revoke execute on function core_api.ledger_account_update from public;
grant execute on function core_api.ledger_account_update to core_member, service_role;

-- Issues new credits to an account. Replays on p_key. Locks: purse.
create function core.ledger_grant(
  p_batch core.ledger_batch_locks, p_key text, p_account text, p_amount bigint, p_reason text, p_metadata jsonb
) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  v_lock record;
  v_purse core.ledger_account;
  v_request jsonb;
  v_replay jsonb;
  v_answer jsonb;
  v_tx bigint;
  v_netted bigint;
begin
  v_ok := core.ledger_require_key(p_key);
  v_ok := core.ledger_require_amount('amount', p_amount);
  v_ok := core.require_object('metadata', p_metadata);
  if length(p_reason) > 1000 then
    perform core.refuse('PT400', 'invalid_reason', 'reason must be at most 1000 characters', null, jsonb_build_object('field', 'reason'));
  end if;
  v_account := core.ledger_find_account('ledger:grant', p_account);
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  v_request := jsonb_build_object('op', 'grant', 'account', p_account, 'amount', p_amount,
    'reason', p_reason, 'metadata', p_metadata);

  v_lock := core.ledger_lock_account(p_batch, v_account, null, false, p_need => 0);
  v_purse := v_lock.purse;
  v_replay := core.ledger_replay(v_account.project, p_key, v_request);
  if v_replay is not null then return v_replay; end if;
  if core.ledger_is_frozen(v_account.path) then return core.ledger_denied('account_frozen', p_account, v_purse); end if;
  v_netted := core.ledger_netting(v_purse, p_amount);
  v_ok := core.ledger_require_bound('amount', v_purse.total_in + p_amount - v_netted, v_purse.overdraft, v_purse.debt_limit);

  update core.ledger_account set total_in = total_in + p_amount - v_netted, total_out = total_out - v_netted, netted = netted + v_netted, version = version + 1
  where id = v_purse.id returning * into v_purse;
  v_tx := nextval('core.journal_id');
  v_answer := core.ledger_accepted(v_tx, v_purse, '[]') || jsonb_build_object('account', p_account, 'amount', p_amount);
  perform core.ledger_journal(v_tx, p_key, 'grant', v_account, v_purse, null, p_amount, '{}', v_request, v_answer, v_lock.at);
  v_ok := core.ledger_post(v_tx, v_purse, p_amount, 1);
  return v_answer;
end
$$;
comment on function core.ledger_grant is 'core_api.ledger_grant, alone (p_batch null) or as one operation of a batch.';

create function core_api.ledger_grant(p_key text, p_account text, p_amount bigint, p_reason text default null, p_metadata jsonb default '{}') returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
begin
  return core.ledger_grant(null, p_key, p_account, p_amount, p_reason, p_metadata);
end
$$;
comment on function core_api.ledger_grant is 'Issues new credits to an account. Replays on p_key.';
revoke execute on function core_api.ledger_grant from public;
grant execute on function core_api.ledger_grant to core_member, service_role;
