import type { Database, DatabaseConfig, MemberClaims } from '../database.ts'

/** One database under test, and ways around it. */
export interface ContractTarget extends AsyncDisposable {
  database: Database
  /** Raw SQL as the owner. */
  sql(text: string): Promise<unknown>
  /** Calls as a project does: with claims, or with the key of a project. */
  callAs(claims: MemberClaims, name: string): Promise<unknown>
}

export interface ContractBackend<Target extends ContractTarget> {
  driver: DatabaseConfig['driver']
  create(): Promise<Target>
  /** Failures keep their SQLSTATE on the way; false for the stand-in of Supabase, which drops most. */
  keepsSqlstate: boolean
  /** Cuts what is connected, at once; new connections work again soon. Absent where nothing can be cut. */
  cut?(target: Target): Promise<void>
  /** Takes the back end away and back. Absent where it lives inside the database under test. */
  away?(target: Target): Promise<void>
  back?(target: Target): Promise<void>
}

/** Functions that only tests have: in core_api, because nowhere else is a way in. */
export const contractFunctions = `
  create table core.contract_note (id bigint generated always as identity, text text not null);
  create sequence core.contract_count;

  create function core_api.contract_echo(
    p_value jsonb default null, p_number bigint default null, p_fraction double precision default null,
    p_text text default null, p_texts text[] default null, p_numbers int[] default null, p_flag boolean default null
  ) returns jsonb language sql as $$
    select jsonb_build_object('value', p_value, 'number', p_number, 'fraction', p_fraction, 'text', p_text,
      'texts', to_jsonb(p_texts), 'numbers', to_jsonb(p_numbers), 'flag', p_flag)
  $$;
  create function core_api.contract_answer(p_value jsonb default null) returns jsonb language sql as 'select p_value';
  create function core_api.contract_refuse(p_sqlstate text) returns jsonb language plpgsql as $$
    begin
      insert into core.contract_note (text) values ('refused');
      perform core.refuse(p_sqlstate, 'the_reason', 'the message', 'the fix', '{"field": "amount", "limit": 3}');
      return null;
    end
  $$;
  create function core_api.contract_deny() returns jsonb language plpgsql as $$
    begin
      insert into core.contract_note (text) values ('denied');
      return '{"ok": false, "code": "insufficient_credits", "available": 7}';
    end
  $$;
  create function core_api.contract_note(p_text text) returns jsonb language plpgsql as $$
    begin
      insert into core.contract_note (text) values (p_text);
      return (select jsonb_agg(text order by id) from core.contract_note);
    end
  $$;
  create function core_api.contract_notes() returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(text order by id), '[]') from core.contract_note
  $$;
  create function core_api.contract_nap(p_seconds double precision, p_note text default null) returns jsonb
  language plpgsql as $$
    begin
      perform pg_sleep(p_seconds);
      if p_note is not null then insert into core.contract_note (text) values (p_note); end if;
      return to_jsonb(nextval('core.contract_count'));
    end
  $$;
  -- Fails with a SQLSTATE the first p_times calls. A sequence counts through rollbacks.
  create function core_api.contract_raise(p_sqlstate text, p_times int default 1000000) returns jsonb
  language plpgsql as $$
    declare v_call bigint := nextval('core.contract_count');
    begin
      if v_call <= p_times then raise exception using errcode = p_sqlstate, message = 'as asked'; end if;
      return to_jsonb(v_call);
    end
  $$;
  create function core_api.contract_identity() returns jsonb language sql as 'select core.claims()';
  select core.take_name('contract', 'project');
  create function core_api.contract_guarded() returns jsonb language plpgsql security definer as $$
    begin
      perform core.authorize('contract:use', core.claims() ->> 'project');
      return core.claims() - 'exp';
    end
  $$;
  create function core_api.contract_notify(p_channel text, p_payload text) returns jsonb language sql as $$
    select '1'::jsonb from (select pg_notify(p_channel, p_payload)) s
  $$;
  grant execute on all functions in schema core_api to core_member, service_role;
`
