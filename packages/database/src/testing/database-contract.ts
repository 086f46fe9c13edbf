import { isCoreError } from '@core/foundation'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Database, MemberClaims } from '../database.ts'
import { driverCapabilities } from '../driver-capabilities.ts'
import type { Json } from '../json.ts'
import { type ContractBackend, type ContractTarget, contractFunctions } from './contract-target.ts'
import { runSql } from './run-sql.ts'

/** Machines under load are slow; what is waited for comes at once on others. */
const WAIT = { timeout: 10_000 }
const MAX_SAFE = 9_007_199_254_740_991
const claims: MemberClaims = { role: 'core_member', project: 'contract', caps: ['contract:use'], sub: 'key:contract' }

/** What every driver promises. Registers its tests with Vitest, once per back end. */
export function describeDatabaseContract<Target extends ContractTarget>(
  name: string,
  backend: ContractBackend<Target>,
): void {
  const { driver, cut, away, back } = backend
  const capabilities = driverCapabilities[driver]

  describe(`the database contract on ${name}`, () => {
    let target: Target

    beforeAll(async () => {
      target = await backend.create()
      await target.sql(contractFunctions)
    })
    beforeEach(() => target.sql(`truncate core.contract_note; alter sequence core.contract_count restart`))
    afterAll(() => target[Symbol.asyncDispose]())

    const call = (...args: Parameters<Database['call']>) => target.database.call(...args)
    const failure = async (promise: Promise<unknown>) => {
      const error = await promise.then(
        (value) => new Error(`it succeeded with ${JSON.stringify(value)}`),
        (thrown: unknown) => thrown,
      )
      if (!isCoreError(error)) throw error
      return error
    }

    test('names its driver', () => {
      expect(target.database.driver).toBe(driver)
    })

    test('reports how much of it is in use', async () => {
      const { database } = target
      expect(database.load()).toMatchObject({ running: 0, waiting: 0 })
      const { capacity } = database.load()
      const calls = (capacity ?? 3) + 2
      const naps = Array.from({ length: calls }, () => call('contract_nap', { p_seconds: 0.2 }))
      const full = { running: capacity ?? calls, waiting: capacity === null ? 0 : 2, capacity }
      await expect.poll(() => database.load(), { ...WAIT, interval: 10 }).toEqual(full)
      await Promise.all(naps)
      await expect.poll(() => database.load(), WAIT).toMatchObject({ running: 0, waiting: 0 })
    })

    describe('values', () => {
      test.each<[string, Json]>([
        ['a number', 12.5],
        ['true', true],
        ['false', false],
        ['an empty object', {}],
        ['an empty array', []],
        ['a nested value', { a: [1, { b: null, c: [[], {}] }], d: 'x', e: -0.25, f: false }],
        ['a text in an array', ['plain', `quotes ' " \\ and $1`, 'new\nline', '{"not": "parsed"}']],
        ['characters of every plane', { ключ: ['naïve', '漢字', '👩‍🚀', ' '] }],
        ['the greatest exact integer', { n: MAX_SAFE, m: -MAX_SAFE }],
      ])('%s goes into jsonb and comes back', async (_, value) => {
        expect(await call('contract_answer', { p_value: value })).toEqual(value)
      })

      test('null is null, and what is left out takes the default', async () => {
        expect(await call('contract_answer', { p_value: null })).toBeNull()
        expect(await call('contract_answer', { p_value: undefined })).toBeNull()
        expect(await call('contract_answer', {})).toBeNull()
      })

      test('scalars and arrays reach arguments of their types', async () => {
        const sent = {
          p_number: MAX_SAFE,
          p_fraction: 0.1,
          p_text: `it's "here" \\ $1`,
          p_texts: ['a', 'b,c', '"d"', '\\e', '', '{f}', 'null'],
          p_numbers: [1, -2, 3],
          p_flag: false,
        }
        expect(await call('contract_echo', sent)).toEqual({
          value: null,
          number: MAX_SAFE,
          fraction: 0.1,
          text: sent.p_text,
          texts: sent.p_texts,
          numbers: sent.p_numbers,
          flag: false,
        })
        expect(await call('contract_echo', { p_texts: [] })).toMatchObject({ texts: [] })
      })

      test('a megabyte goes and comes whole', async () => {
        const value = { text: 'x'.repeat(1_000_000) }
        expect(await call('contract_answer', { p_value: value })).toEqual(value)
      })
    })

    describe('outcomes', () => {
      test('a denial is a value, and what it wrote stays', async () => {
        expect(await call('contract_deny', {})).toEqual({ ok: false, code: 'insufficient_credits', available: 7 })
        expect(await call('contract_notes', {})).toEqual(['denied'])
      })

      test('what a call wrote is there for the next', async () => {
        await call('contract_note', { p_text: 'one' })
        expect(await call('contract_note', { p_text: 'two' })).toEqual(['one', 'two'])
      })

      test.each([
        ['PT400', 'E_INVALID'],
        ['PT401', 'E_UNAUTHENTICATED'],
        ['PT403', 'E_FORBIDDEN'],
        ['PT404', 'E_NOT_FOUND'],
        ['PT409', 'E_CONFLICT'],
        ['PT412', 'E_PRECONDITION_FAILED'],
        ['PT413', 'E_TOO_LARGE'],
        ['PT422', 'E_IDEMPOTENCY_MISMATCH'],
        ['PT429', 'E_RATE_LIMITED'],
      ])('a refusal with %s is %s with its reason, facts and fix, and undoes the call', async (sqlstate, code) => {
        const error = await failure(call('contract_refuse', { p_sqlstate: sqlstate }))
        expect(error).toMatchObject({
          code,
          message: 'the message',
          fix: 'the fix',
          details: { reason: 'the_reason', field: 'amount', limit: 3 },
        })
        expect(await call('contract_notes', {})).toEqual([])
      })

      test('an unknown function is E_DATABASE_SCHEMA with the way out', async () => {
        const error = await failure(call('contract_nothing', {}))
        expect(error).toMatchObject({ code: 'E_DATABASE_SCHEMA', details: { function: 'contract_nothing' } })
        expect(error.fix).toContain('core migrate up')
      })

      // PostgREST learns of it by a reload of its own.
      if (driver !== 'supabase' && driver !== 'http') {
        test('a function made after the first call is found', async () => {
          await target.sql(
            `create function core_api.contract_late() returns jsonb language sql as 'select ''1''::jsonb'`,
          )
          expect(await call('contract_late', {})).toBe(1)
        })
      }

      test('an argument the function does not have is E_INVALID', async () => {
        const error = await failure(target.database.call('project_list', { p_nothing: 1 }))
        expect(error).toMatchObject({ code: 'E_INVALID', details: { reason: 'unknown_argument' } })
        expect(error.message).toContain('p_nothing')
      })

      test('an argument that is missing is E_INVALID', async () => {
        const error = await failure(call('project_register', {}))
        expect(error).toMatchObject({ code: 'E_INVALID', details: { reason: 'missing_argument', argument: 'p_name' } })
      })

      test.each<[string, Json]>([
        ['a text', 'many'],
        ['a fraction', 1.5],
        ['a number beyond bigint', 1e30],
      ])('%s for a bigint is E_INVALID', async (_, value) => {
        expect(await failure(call('contract_echo', { p_number: value }))).toMatchObject({ code: 'E_INVALID' })
      })

      test('a character that Postgres cannot hold is E_INVALID', async () => {
        expect(await failure(call('contract_answer', { p_value: ['a\u0000b'] }))).toMatchObject({ code: 'E_INVALID' })
      })

      test('nothing that is sent becomes SQL', async () => {
        const hostile = `x"() ; drop table core.contract_note; --'`
        expect(await failure(call(hostile, {}))).toMatchObject({ code: 'E_DATABASE_SCHEMA' })
        expect((await failure(call('project_list', { [hostile]: 1 }))).code).toBe('E_INVALID')
        expect(await call('contract_note', { p_text: hostile })).toEqual([hostile])
      })
    })

    describe('limits of time', () => {
      test('an aborted signal is E_ABORTED and nothing is sent', async () => {
        const signal = AbortSignal.abort()
        expect(await failure(call('contract_note', { p_text: 'sent' }, { signal }))).toMatchObject({
          code: 'E_ABORTED',
        })
        expect(await call('contract_notes', {})).toEqual([])
      })

      test('aborting answers at once, and the next call works', async () => {
        const abort = new AbortController()
        const startedAt = performance.now()
        const nap = failure(call('contract_nap', { p_seconds: 3 }, { signal: abort.signal }))
        setTimeout(() => abort.abort(), 100)
        expect(await nap).toMatchObject({ code: 'E_ABORTED', retryable: false })
        expect(performance.now() - startedAt).toBeLessThan(2_500)
        expect(await call('contract_answer', { p_value: 1 })).toBe(1)
      })

      test('the deadline is E_TIMEOUT, and the next call works', async () => {
        const startedAt = performance.now()
        const error = await failure(call('contract_nap', { p_seconds: 3 }, { timeoutMs: 100 }))
        expect(error).toMatchObject({ code: 'E_TIMEOUT', retryable: true, details: { timeoutMs: 100 } })
        expect(performance.now() - startedAt).toBeLessThan(2_500)
        expect(await call('contract_answer', { p_value: 1 })).toBe(1)
      })

      test('a limit that is none is E_INVALID', async () => {
        expect(await failure(call('contract_notes', {}, { timeoutMs: 0 }))).toMatchObject({ code: 'E_INVALID' })
      })

      if (capabilities.stopsStatements) {
        test('the statement of a call that timed out is stopped and undone', async () => {
          await failure(call('contract_nap', { p_seconds: 2, p_note: 'finished' }, { timeoutMs: 100 }))
          await new Promise((resolve) => setTimeout(resolve, 2_300))
          expect(await call('contract_notes', {})).toEqual([])
        })
      }

      if (backend.keepsSqlstate) {
        test('a statement timeout of the server is E_TIMEOUT', async () => {
          expect(await failure(call('contract_raise', { p_sqlstate: '57014' }))).toMatchObject({ code: 'E_TIMEOUT' })
        })
      }
    })

    describe('conflicts', () => {
      const conflicts = backend.keepsSqlstate ? ['40001', '40P01', '55P03'] : ['55P03']

      test.each(conflicts)('%s is tried again until it passes', async (sqlstate) => {
        expect(await call('contract_raise', { p_sqlstate: sqlstate, p_times: 3 })).toBe(4)
      })

      test('one that does not pass is E_DATABASE_BUSY, within the deadline', async () => {
        const startedAt = performance.now()
        const error = await failure(call('contract_raise', { p_sqlstate: '55P03' }, { timeoutMs: 5_000 }))
        expect(error).toMatchObject({ code: 'E_DATABASE_BUSY', retryable: true })
        expect(performance.now() - startedAt).toBeLessThan(5_000)
      })

      test('the deadline ends the tries', async () => {
        const startedAt = performance.now()
        await failure(call('contract_raise', { p_sqlstate: '55P03' }, { timeoutMs: 60 }))
        expect(performance.now() - startedAt).toBeLessThan(1_000)
      })
    })

    test('fifty calls at once get their own answers', async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => call('contract_answer', { p_value: { index } })),
      )
      expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => ({ index })))
    })

    describe('who acts', () => {
      test('a project acts with its claims, and they are there before the function runs', async () => {
        expect(await target.callAs(claims, 'contract_guarded')).toEqual(claims)
      })

      test('a project without the scope is E_FORBIDDEN', async () => {
        const error = await failure(target.callAs({ ...claims, caps: [] }, 'contract_guarded'))
        expect(error).toMatchObject({
          code: 'E_FORBIDDEN',
          details: { reason: 'forbidden_capability', scope: 'contract:use', capability: 'contract:use' },
        })
      })

      if (capabilities.claims) {
        test('an owner is named with its request, and gets nothing by what else it claims', async () => {
          const owner = {
            role: 'owner',
            sub: 'key:o',
            requestId: 'req_1',
            project: 'contract',
            caps: ['contract:use'],
          } as const
          expect(await call('contract_identity', {}, { claims: owner })).toEqual({ sub: 'key:o', rid: 'req_1' })
        })

        test('a project is named with its request', async () => {
          const named = { ...claims, requestId: 'req_1' }
          expect(await call('contract_identity', {}, { claims: named })).toEqual({ ...claims, rid: 'req_1' })
        })

        test('claims do not outlive their call, also when many calls share few connections', async () => {
          const calls = Array.from({ length: 60 }, (_, index) =>
            call('contract_identity', {}, index % 2 === 0 ? { claims: { ...claims, sub: `key:${index}` } } : {}),
          )
          const identities = await Promise.all(calls)
          expect(identities).toEqual(
            Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? { ...claims, sub: `key:${index}` } : null)),
          )
        })

        test('nothing of the claims is left on the connection', async () => {
          await Promise.all(Array.from({ length: 20 }, () => call('contract_identity', {}, { claims })))
          const left = `select current_setting('request.jwt.claims', true) as claims, current_user, session_user`
          for (let probe = 0; probe < 10; probe++) {
            expect(await runSql(target.database, left, [])).toEqual([
              { claims: '', current_user: 'postgres', session_user: 'postgres' },
            ])
          }
        })

        test('claims of a call that failed are gone too', async () => {
          await failure(call('contract_refuse', { p_sqlstate: 'PT400' }, { claims }))
          expect(await call('contract_identity', {})).toBeNull()
        })
      } else {
        test('claims that cannot be set are refused, not ignored', async () => {
          const error = await failure(call('contract_identity', {}, { claims }))
          expect(error).toMatchObject({ code: 'E_INVALID', details: { reason: 'claims_unsupported' } })
        })

        test('an owner is not named, because its claims bind nothing', async () => {
          expect(await call('contract_answer', { p_value: 1 }, { claims: { role: 'owner', sub: 'x' } })).toBe(1)
        })
      }
    })

    describe('hints', () => {
      test('listening can be asked for and ended', async () => {
        const listening = await target.database.listen('contract_channel', () => undefined)
        await listening[Symbol.asyncDispose]()
      })

      if (capabilities.listen) {
        test('a hint arrives with its payload, on its channel, until listening ends', async () => {
          const heard: string[] = []
          const listening = await target.database.listen('Contract "channel"', (payload) => heard.push(payload))
          await call('contract_notify', { p_channel: 'Contract "channel"', p_payload: 'first' })
          await call('contract_notify', { p_channel: 'contract_other', p_payload: 'not for us' })
          await expect.poll(() => heard, WAIT).toEqual(['first'])
          await listening[Symbol.asyncDispose]()
          await call('contract_notify', { p_channel: 'Contract "channel"', p_payload: 'after' })
          await call('contract_notes', {})
          expect(heard).toEqual(['first'])
        })

        test('two listeners of one channel both hear, and one may leave', async () => {
          const heard: string[] = []
          const one = await target.database.listen('contract_two', (payload) => heard.push(`one ${payload}`))
          await using _two = await target.database.listen('contract_two', (payload) => heard.push(`two ${payload}`))
          await call('contract_notify', { p_channel: 'contract_two', p_payload: 'a' })
          await expect.poll(() => heard.toSorted(), WAIT).toEqual(['one a', 'two a'])
          await one[Symbol.asyncDispose]()
          await call('contract_notify', { p_channel: 'contract_two', p_payload: 'b' })
          await expect.poll(() => heard.toSorted(), WAIT).toEqual(['one a', 'two a', 'two b'])
        })
      }
    })

    test('health answers up, with how long it took', async () => {
      const health = await target.database.health()
      expect(health).toMatchObject({ status: 'up' })
      expect(health.latencyMs).toBeGreaterThan(0)
    })
  })

  describe(`losing and closing ${name}`, () => {
    let target: Target
    beforeEach(async () => {
      target = await backend.create()
      await target.sql(contractFunctions)
    })
    afterEach(() => target[Symbol.asyncDispose]())

    test('closing lets calls in flight finish and refuses new ones', async () => {
      const { database } = target
      await database.call('contract_notes', {})
      const inFlight = [1, 2, 3].map((value) => database.call('contract_answer', { p_value: value }))
      const closing = database.close()
      const refused = await database.call('contract_notes', {}).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'E_CLOSED' })
      expect(await Promise.all(inFlight)).toEqual([1, 2, 3])
      await closing
      await database.close()
      expect(await database.call('contract_notes', {}).catch((error: unknown) => error)).toMatchObject({
        code: 'E_CLOSED',
      })
      expect(await database.health()).toMatchObject({ status: 'down', code: 'E_CLOSED' })
    })

    test('closing has a limit: what is still running then is E_CLOSED', async () => {
      const nap = target.database
        .call('contract_nap', { p_seconds: 20 }, { timeoutMs: 30_000 })
        .catch((error: unknown) => error)
      await new Promise((resolve) => setTimeout(resolve, 200))
      const startedAt = performance.now()
      await target.database.close()
      expect(performance.now() - startedAt).toBeLessThan(15_000)
      expect(await nap).toMatchObject({ code: 'E_CLOSED' })
    })

    if (cut) {
      test('a connection that is lost in the middle: the call is sent again and answers', async () => {
        const { database } = target
        await database.call('contract_notes', {})
        const nap = database.call('contract_nap', { p_seconds: 0.5, p_note: 'kept' })
        await new Promise((resolve) => setTimeout(resolve, 200))
        await cut(target)
        expect(await nap).toEqual(expect.any(Number))
        expect(await database.call('contract_notes', {})).toContain('kept')
      })

      test('a call that may not be repeated is E_DATABASE_UNAVAILABLE instead', async () => {
        const { database } = target
        await database.call('contract_notes', {})
        const nap = database
          .call('contract_nap', { p_seconds: 0.5 }, { repeatable: false })
          .catch((error: unknown) => error)
        await new Promise((resolve) => setTimeout(resolve, 200))
        await cut(target)
        expect(await nap).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
        await expect.poll(() => database.call('contract_answer', { p_value: 1 }).catch(() => 0), WAIT).toBe(1)
      })
    }

    if (cut && capabilities.listen) {
      test('listening survives a lost connection, with one empty hint', async () => {
        const { database } = target
        const heard: string[] = []
        await using _listening = await database.listen('contract_lost', (payload) => heard.push(payload))
        await cut(target)
        await expect.poll(() => heard, WAIT).toEqual([''])
        await database.call('contract_notify', { p_channel: 'contract_lost', p_payload: 'again' })
        await expect.poll(() => heard, WAIT).toEqual(['', 'again'])
      })
    }

    if (away && back) {
      test('while the back end is away calls fail fast, and after it is back they work', async () => {
        const { database } = target
        await database.call('contract_notes', {})
        await away(target)
        const startedAt = performance.now()
        const error = await database.call('contract_notes', {}).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
        expect(performance.now() - startedAt).toBeLessThan(5_000)
        expect(await database.health()).toMatchObject({ status: 'down', code: 'E_DATABASE_UNAVAILABLE' })
        await back(target)
        expect(await database.call('contract_notes', {})).toEqual([])
        expect(await database.health()).toMatchObject({ status: 'up' })
      })
    }
  })
}
