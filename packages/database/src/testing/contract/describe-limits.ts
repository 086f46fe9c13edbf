import { describe, expect, test } from 'vitest'
import { driverCapabilities } from '../../driver-capabilities.ts'
import type { ContractCase } from './contract-case.ts'

/** Calls end by their signal and their deadline, and conflicts are tried again within it. */
export function describeLimits({ call, failure, backend }: ContractCase): void {
  // An embedded database works for as long as a nap takes.
  const napSeconds = backend.driver === 'embedded' ? 1.5 : 3

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
      const nap = failure(call('contract_nap', { p_seconds: napSeconds }, { signal: abort.signal }))
      setTimeout(() => abort.abort(), 100)
      expect(await nap).toMatchObject({ code: 'E_ABORTED', retryable: false })
      expect(performance.now() - startedAt).toBeLessThan(napSeconds * 1_000)
      expect(await call('contract_answer', { p_value: 1 })).toBe(1)
    })

    test('the deadline is E_TIMEOUT, and the next call works', async () => {
      const startedAt = performance.now()
      const error = await failure(call('contract_nap', { p_seconds: napSeconds }, { timeoutMs: 100 }))
      expect(error).toMatchObject({ code: 'E_TIMEOUT', retryable: true, details: { timeoutMs: 100 } })
      expect(performance.now() - startedAt).toBeLessThan(napSeconds * 1_000)
      expect(await call('contract_answer', { p_value: 1 })).toBe(1)
    })

    test('a limit that is none is E_INVALID', async () => {
      expect(await failure(call('contract_notes', {}, { timeoutMs: 0 }))).toMatchObject({ code: 'E_INVALID' })
    })

    if (driverCapabilities[backend.driver].stopsStatements) {
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
}
