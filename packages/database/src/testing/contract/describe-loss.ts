import { describe, expect, test } from 'vitest'
import { driverCapabilities } from '../../driver-capabilities.ts'
import type { ContractBackend, ContractTarget } from '../contract-target.ts'
import { contractWait } from './contract-case.ts'

/** What becomes of calls when a database is cut off, or away. */
export function describeLoss<Target extends ContractTarget>(
  { driver, cut, away, back }: ContractBackend<Target>,
  target: () => Target,
): void {
  if (!cut && !away) return
  describe('losing it', () => {
    if (cut) {
      test('a connection that is lost in the middle: the call is sent again and answers', async () => {
        const { database } = target()
        await database.call('contract_notes', {})
        const nap = database.call('contract_nap', { p_seconds: 0.5, p_note: 'kept' })
        await new Promise((resolve) => setTimeout(resolve, 200))
        await cut(target())
        expect(await nap).toEqual(expect.any(Number))
        expect(await database.call('contract_notes', {})).toContain('kept')
      })

      test('a call that may not be repeated is E_DATABASE_UNAVAILABLE instead', async () => {
        const { database } = target()
        await database.call('contract_notes', {})
        const nap = database
          .call('contract_nap', { p_seconds: 5 }, { repeatable: false }) // a busy machine cuts late
          .catch((error: unknown) => error)
        await new Promise((resolve) => setTimeout(resolve, 200))
        await cut(target())
        expect(await nap).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
        await expect.poll(() => database.call('contract_answer', { p_value: 1 }).catch(() => 0), contractWait).toBe(1)
      })
    }

    if (cut && driverCapabilities[driver].listen) {
      test('listening survives a lost connection, with one empty hint', async () => {
        const { database } = target()
        const heard: string[] = []
        await using _listening = await database.listen('contract_lost', (payload) => heard.push(payload))
        await cut(target())
        await expect.poll(() => heard, contractWait).toEqual([''])
        await database.call('contract_notify', { p_channel: 'contract_lost', p_payload: 'again' })
        await expect.poll(() => heard, contractWait).toEqual(['', 'again'])
      })
    }

    if (away && back) {
      test('while the back end is away calls fail fast, and after it is back they work', async () => {
        const { database } = target()
        await database.call('contract_notes', {})
        await away(target())
        const startedAt = performance.now()
        const error = await database.call('contract_notes', {}).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
        expect(performance.now() - startedAt).toBeLessThan(5_000)
        expect(await database.health()).toMatchObject({ status: 'down', code: 'E_DATABASE_UNAVAILABLE' })
        await back(target())
        expect(await database.call('contract_notes', {})).toEqual([])
        expect(await database.health()).toMatchObject({ status: 'up' })
      })
    }
  })
}
