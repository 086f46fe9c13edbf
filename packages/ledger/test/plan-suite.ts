import { randomUUID } from 'node:crypto'
import type { JsonInput } from '@core/database'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countDeadlocks } from './count-deadlocks.ts'

const watched = [
  'ledger_account',
  'ledger_budget',
  'ledger_window',
  'ledger_hold',
  'ledger_tx',
  'ledger_entry',
  'ledger_alert',
]

/**
 * The proof that the ledger's statements use its indexes, with a journal of about `rows` rows, and that counters change in place,
 * in `rounds` calls of each kind by each of twelve callers.
 */
export function describePlans({ rows, rounds }: { rows: number; rounds: number }): void {
  let base: TestDatabase

  beforeAll(async () => {
    base = await createTestDatabase({ poolSize: 12 })
    await call(`ledger_account_open(gen_random_uuid()::text, 'pool')`)
    for (const child of ['a', 'b'])
      await call(`ledger_account_open(gen_random_uuid()::text, 'pool/${child}', p_funding => 'parent')`)
    await call(`ledger_account_open(gen_random_uuid()::text, 'apart')`)
    for (const account of ['pool', 'apart'])
      await call(`ledger_grant(gen_random_uuid()::text, '${account}', 1000000000)`)
    for (const account of ['pool', 'pool/a']) {
      await call(`ledger_budget_set(gen_random_uuid()::text, '${account}', 'daily', 'day', 900000000)`)
    }
    // Half of the holds stay open, as with many callers at work.
    await base.sql(`
      do $$ begin
        for block in 1 .. ${Math.ceil(rows / 2_500)} loop
          perform core_api.ledger_batch((select jsonb_agg(jsonb_build_object('op', 'reserve', 'key', 'r' || block || '.' || i,
            'account', 'pool/a', 'amount', 5, 'ttl_s', 86400)) from generate_series(1, 1000) i));
          perform core_api.ledger_batch((select jsonb_agg(jsonb_build_object('op', 'charge', 'key', 'c' || block || '.' || i,
            'account', 'pool/b', 'amount', 1)) from generate_series(1, 1000) i));
          perform core_api.ledger_batch((select jsonb_agg(jsonb_build_object('op', 'settle', 'key', 's' || h.id, 'hold', h.id, 'amount', 2))
            from (select id from core.ledger_hold where status = 'open' order by id desc limit 500) h));
        end loop;
      end $$;
      analyze`)
  }, 600_000)
  afterAll(async () => {
    expect(await base.database.rpc('ledger_audit', {})).toMatchObject({ violations: [] })
    await base.drop()
  }, 600_000)

  /** Calls on the one connection whose statistics are read. */
  async function call(text: string) {
    const [row] = await base.sql(`select core_api.${text} as answer`)
    return row?.['answer']
  }

  /**
   * Rows that the calls of this connection have read, table by table, so far, and pages of indexes: a scan of a whole index
   * for the few rows that fit is counted by its pages alone.
   */
  async function countReads(): Promise<Map<string, number>> {
    await base.sql('select pg_stat_force_next_flush()')
    const rows = await base.sql(
      `select t.relname, (t.seq_tup_read + coalesce(sum(i.idx_tup_read), 0))::float8 as rows,
         coalesce(sum(o.idx_blks_read + o.idx_blks_hit), 0)::float8 as pages
       from pg_stat_user_tables t left join pg_stat_user_indexes i using (relid) left join pg_statio_user_indexes o using (indexrelid)
       where t.schemaname = 'core' group by t.relname, t.seq_tup_read`,
    )
    return new Map(
      rows.flatMap(({ relname, rows: read, pages }) => [
        [`rows of ${String(relname)}`, Number(read)],
        [`index pages of ${String(relname)}`, Number(pages)],
      ]),
    )
  }

  describe('a call reads a few rows of each table, however many there are:', () => {
    const open = () => openHold(1_000)
    const key = 'gen_random_uuid()::text'
    const charged = async () => {
      const [row] = await base.sql(`select core_api.ledger_charge(${key}, 'pool/a', 10) ->> 'tx' as tx`)
      return row?.['tx']
    }
    async function openHold(ttl: number): Promise<string> {
      const hold = randomUUID()
      await call(`ledger_reserve(${key}, 'pool/a', 10, '${hold}', p_ttl_s => ${ttl})`)
      return hold
    }
    async function openDue(): Promise<void> {
      const hold = await openHold(1)
      await base.sql(`update core.ledger_hold set expires_at = now() where id = $1`, [hold])
    }
    async function openLease(): Promise<string> {
      const [row] = await base.sql(
        `select core_api.ledger_lease_open(${key}, 'apart', 10, 60, 'here') ->> 'lease' as lease`,
      )
      return String(row?.['lease'])
    }
    const items = JSON.stringify([{ amount: 1, at: '2026-06-15T10:00:00Z' }])
    let accounts = 0
    const batch = (...ops: object[]) =>
      `ledger_batch('${JSON.stringify(ops.map((op) => ({ key: randomUUID(), ...op })))}')`
    const reserve = { op: 'reserve', account: 'pool/a', amount: 5 }

    /** Each makes the text of a call, after what it needs is there. */
    const calls: Record<string, () => Promise<string>> = {
      reserve: async () => `ledger_reserve(${key}, 'pool/a', 10)`,
      'reserve with a hold id': async () => `ledger_reserve(${key}, 'pool/a', 10, '${randomUUID()}')`,
      'a denied reserve': async () => `ledger_reserve(${key}, 'pool/a', 9000000000)`,
      settle: async () => `ledger_settle(${key}, '${await open()}', 5)`,
      void: async () => `ledger_void(${key}, '${await open()}')`,
      extend: async () => `ledger_extend(${key}, '${await open()}', 5)`,
      capture: async () => `ledger_capture(${key}, '${await open()}', 5)`,
      charge: async () => `ledger_charge(${key}, 'pool/a', 1)`,
      grant: async () => `ledger_grant(${key}, 'pool', 1)`,
      transfer: async () => `ledger_transfer(${key}, 'pool', 'apart', 1)`,
      refund: async () => `ledger_refund(${key}, ${await charged()}, 1)`,
      'a replay': async () => `ledger_charge('c1.1', 'pool/b', 1)`,
      balance: async () => `ledger_balance('pool/a')`,
      'balance at an instant': async () => `ledger_balance('pool', now() - interval '1 second')`,
      history: async () => `ledger_history('pool', p_limit => 10)`,
      'history of one that draws': async () => `ledger_history('pool/a', p_limit => 10)`,
      accounts: async () => `ledger_accounts()`,
      usage: async () =>
        `ledger_usage('pool', now() - interval '9 days', now() - interval '1 day', 'day', p_by => '{user,model}')`,
      'usage of one that draws': async () =>
        `ledger_usage('pool/a', now() - interval '9 days', now() - interval '1 day', 'day', p_by => '{user}')`,
      'an audit of one account': async () => `ledger_audit('apart')`,
      hold_get: async () => `ledger_hold_get('${await open()}')`,
      alerts: async () => `ledger_alerts()`,
      'a batch taken together': async () =>
        batch(
          reserve,
          { op: 'charge', account: 'pool/b', amount: 1 },
          { op: 'settle', hold: await open() },
          { op: 'void', hold: await open() },
        ),
      'a batch with a replay': async () => batch(reserve, { op: 'charge', key: 'c1.1', account: 'pool/b', amount: 1 }),
      'a batch taken one by one': async () =>
        batch(
          reserve,
          { op: 'extend', hold: await open(), add: 1 },
          { op: 'capture', hold: await open(), amount: 1 },
          { op: 'grant', account: 'pool', amount: 1 },
          { op: 'transfer', from: 'pool', to: 'apart', amount: 1 },
          { op: 'refund', tx: Number(await charged()), amount: 1 },
        ),
      'expiry at the gate': async () => {
        await openDue()
        return `ledger_charge(${key}, 'pool/b', 1)`
      },
      'the sweep': async () => {
        await openDue()
        return 'ledger_expire_due(10)'
      },
      'the sweep without anything due': async () => 'ledger_expire_due()',
      'opening an account': async () => `ledger_account_open(${key}, 'pool/n${++accounts}', 'user')`,
      'an update of an account': async () =>
        `ledger_account_update(${key}, 'pool/b', p_metadata => '{"n":${++accounts}}')`,
      'another limit of a budget': async () =>
        `ledger_budget_set(${key}, 'pool/a', 'daily', 'day', ${900_000_000 + ++accounts})`,
      'a user with a cap': async () => `ledger_user_ensure(${key}, 'u${++accounts}', 1000, p_project => 'pool')`,
      holds: async () => `ledger_holds('pool/a', 'open', p_limit => 10)`,
      'holds of one state that nothing has': async () => `ledger_holds('pool/a', 'settled_late', p_limit => 10)`,
      charges: async () => `ledger_charges('pool', p_limit => 10)`,
      refunds: async () => `ledger_refunds('pool', p_limit => 10)`,
      'a refund by hold': async () => {
        const hold = await open()
        await call(`ledger_settle(${key}, '${hold}', 5)`)
        return `ledger_refund_hold(${key}, '${hold}', 1)`
      },
      'opening a lease': async () => `ledger_lease_open(${key}, 'apart', 10, 60, 'here')`,
      'a report of a lease': async () => `ledger_lease_report('${await openLease()}', 1, '${items}')`,
      'closing a lease': async () => `ledger_lease_close(${key}, '${await openLease()}')`,
      lease_get: async () => `ledger_lease_get('${await openLease()}')`,
      leases: async () => `ledger_leases('apart')`,
      rebalance: async () => `ledger_rebalance(${key}, 'pool', 'daily', p_dry_run => true)`,
      'what is to be rebalanced': async () => 'ledger_rebalance_due()',
    }

    test('every function is here, or reads everything by its nature', async () => {
      const rows = await base.sql(
        `select p.proname as name from pg_proc p where p.pronamespace = 'core_api'::regnamespace and p.proname like 'ledger\\_%'`,
      )
      const texts = await Promise.all(Object.values(calls).map((make) => make()))
      const missing = rows
        .map(({ name }) => String(name))
        .filter((name) => !texts.some((text) => text.startsWith(`${name}(`)))
      // The seal and the publisher read what is new in pages, which their own tests bound; verify and stats read all there is.
      const whole = ['ledger_batch_json', 'ledger_publish', 'ledger_seal', 'ledger_stats', 'ledger_verify']
      expect(missing.toSorted()).toEqual(whole)
    })

    /** They look at 5,000 rows of the journal at most, whatever a page finds among them. */
    const lists = new Set(['holds', 'holds of one state that nothing has', 'charges', 'refunds', 'leases'])

    test.each(Object.entries(calls))('%s', async (name, make) => {
      const text = await make()
      await call(text.replace(/gen_random_uuid\(\)::text/, `'${randomUUID()}'`)).catch(() => undefined) // plans are made
      const again = await make()
      const before = await countReads()
      expect(await call(again)).toMatchObject({ ok: expect.any(Boolean) })
      const after = await countReads()
      const read = watched.flatMap((table) =>
        [`rows of ${table}`, `index pages of ${table}`].map(
          (what) => [what, (after.get(what) ?? 0) - (before.get(what) ?? 0)] as const,
        ),
      )
      const most = lists.has(name) ? 20_000 : 200
      expect(read.filter(([, count]) => count > most)).toEqual([])
    })
  })

  test('counters change in place under 12 callers at once: at least 95 % HOT updates of accounts and windows, no deadlock', async () => {
    const before = await updates()
    const send = (name: string, args: Record<string, JsonInput>) => base.database.call(`ledger_${name}`, args)
    const workers = Array.from({ length: 12 }, async (_, worker) => {
      for (let round = 0; round < rounds; round++) {
        const p_key = (what: string) => `hot ${what}${worker}.${round}`
        const p_hold = randomUUID()
        const [account, other] = worker % 2 ? ['pool/a', 'pool/b'] : ['pool/b', 'pool/a']
        await send('reserve', { p_key: p_key('r'), p_account: account, p_amount: 10, p_hold })
        await send('settle', { p_key: p_key('s'), p_hold, p_amount: 5 })
        const [from, to] = worker % 2 ? ['pool', 'apart'] : ['apart', 'pool']
        await send('transfer', { p_key: p_key('t'), p_from: from, p_to: to, p_amount: 1 })
        const ops = Array.from({ length: 20 }, (_, index) => {
          const target = [account, 'apart', other][index % 3] ?? account
          return { op: 'charge', key: p_key(`b${index} `), account: target, amount: 1 }
        })
        await send('batch', { p_ops: ops })
      }
    })
    await Promise.all(workers)
    expect(await countDeadlocks(base)).toBe(0) // ends the connections, so all of them have reported their counts
    const after = await updates()
    for (const table of ['ledger_account', 'ledger_window']) {
      const [all = 0, hot = 0] = [0, 1].map(
        (index) => (after.get(table)?.[index] ?? 0) - (before.get(table)?.[index] ?? 0),
      )
      expect(all, table).toBeGreaterThan(20 * rounds)
      expect(hot / all, table).toBeGreaterThanOrEqual(0.95)
    }
  })

  async function updates(): Promise<Map<string, [all: number, hot: number]>> {
    await base.sql('select pg_stat_force_next_flush()')
    const rows = await base.sql(
      `select relname, n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_user_tables where schemaname = 'core'`,
    )
    return new Map(rows.map(({ relname, all, hot }) => [String(relname), [Number(all), Number(hot)]]))
  }
}
