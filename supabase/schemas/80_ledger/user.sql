-- End users: an account each, below the project's own, with a cap.

-- The code of a user's account. What an account's code cannot hold (a slash, a space, other letters, a long name) is named by
-- its hash; the two kinds never meet.
create function core.ledger_user_code(p_project text, p_user text) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select p_project || case when p_user ~ '^[A-Za-z0-9_.:@-]{1,100}$' then '/u:' || p_user
    else '/h:' || encode(sha256(convert_to(p_user, 'UTF8')), 'hex') end
$$;
comment on function core.ledger_user_code is 'The code of the account of an end user of a project.';

-- Makes sure that an end user has an account that draws on the project's, and a cap per period: opens the one, sets the other, or
-- finds both as they should be and changes nothing (tx null). A project's credential may do so within its own account; a
-- cap that the owner set it may only lower. Another period is another cap beside the first. Replays on p_key. Locks: the
-- project's account, then as ledger_budget_set.
create function core_api.ledger_user_ensure(
  p_key text, p_user text, p_limit bigint, p_period text default 'month', p_tz text default 'UTC', p_project text default null
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off as $$
declare
  v_ok boolean;
  v_project text := coalesce(p_project, core.claims() ->> 'project');
  v_code text;
  v_account core.ledger_account;
  v_purse core.ledger_account;
  v_facts jsonb;
  v_request jsonb := jsonb_build_object('op', 'user_ensure', 'user', p_user, 'limit', p_limit, 'period', p_period, 'tz', p_tz);
  v_replay jsonb;
  v_answer jsonb;
begin
  v_ok := core.ledger_require_key(p_key);
  if v_project is null then
    perform core.refuse('PT400', 'invalid_project', 'project is missing', 'Name the project whose user it is.', jsonb_build_object('field', 'project'));
  end if;
  v_ok := core.authorize('ledger:account', v_project);
  if p_user is null or length(p_user) not between 1 and 500 then
    perform core.refuse('PT400', 'invalid_user', 'user must be a text of 1 to 500 characters', 'Send your own id of the user.',
      jsonb_build_object('field', 'user'));
  elsif p_limit is null then
    perform core.refuse('PT400', 'invalid_amount', 'limit is missing', 'Send the cap per period in micro-credits.', jsonb_build_object('field', 'limit'));
  end if;
  v_ok := core.ledger_require_amount('limit', p_limit, 0);
  v_code := core.ledger_user_code(v_project, p_user);
  v_facts := jsonb_build_object('user', p_user, 'account', v_code, 'period', p_period, 'tz', p_tz, 'limit', p_limit);
  v_replay := core.ledger_replay(v_project, p_key, v_request);
  if v_replay is not null then return v_replay || v_facts; end if;

  select * into v_account from core.ledger_account where code = v_code;
  if v_account.id is null then
    v_answer := core_api.ledger_account_open('user:' || encode(sha256(convert_to(p_user, 'UTF8')), 'hex'), v_code, 'user', v_project,
      0, jsonb_build_object('user', p_user), 'parent');
    if not (v_answer -> 'ok')::boolean then return v_answer; end if;
  elsif core.ledger_is_frozen(v_account.path) then
    select * into v_purse from core.ledger_account where id = v_account.purse_id;
    return core.ledger_denied('account_frozen', v_code, v_purse);
  elsif exists (select from core.ledger_budget b where b.account_id = v_account.id and b.name = p_period and b.removed_at is null
      and b.period = p_period and b.time_zone = p_tz and b.limit_amount = p_limit) then
    select * into v_purse from core.ledger_account where id = v_account.purse_id;
    return core.ledger_accepted(null, v_purse, core.ledger_current_budgets(v_account.path, clock_timestamp())) || v_facts;
  end if;
  return core.ledger_budget_set('ledger:account', p_key, v_code, p_period, p_period, p_limit, p_tz, 0, 0, '{8000,10000}', null, v_request)
    || v_facts;
end
$$;
comment on function core_api.ledger_user_ensure is 'Makes sure that an end user of a project has an account with a cap per period. Replays on p_key.';
revoke execute on function core_api.ledger_user_ensure from public;
grant execute on function core_api.ledger_user_ensure to core_member, service_role;
