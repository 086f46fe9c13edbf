import { describe, expect, test } from 'vitest'
import type { Json } from '../../json.ts'
import type { ContractCase } from './contract-case.ts'

/** Answers, denials and refusals have one form on every driver. */
export function describeOutcomes({ call, failure, target, backend }: ContractCase): void {
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
    if (backend.driver !== 'supabase' && backend.driver !== 'http') {
      test('a function made after the first call is found', async () => {
        await target().sql(
          `create function core_api.contract_late() returns jsonb language sql as 'select ''1''::jsonb'`,
        )
        expect(await call('contract_late', {})).toBe(1)
      })
    }

    test('an argument the function does not have is E_INVALID', async () => {
      const error = await failure(target().database.call('project_list', { p_nothing: 1 }))
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
}
