import { expect, test } from 'vitest'
import type { ContractCase } from './contract-case.ts'

/** What becomes of calls when their database is closed. The last test of a suite: it closes what the others share. */
export function describeClosing({ target }: ContractCase): void {
  test('closing lets calls in flight finish, refuses new ones, and has a limit: what is still running then is E_CLOSED', async () => {
    const { database } = target()
    await database.call('contract_notes', {})
    const inFlight = [1, 2, 3].map((value) => database.call('contract_answer', { p_value: value }))
    const nap = database.call('contract_nap', { p_seconds: 20 }, { timeoutMs: 30_000 }).catch((error: unknown) => error)
    const startedAt = performance.now()
    const closing = database.close()
    const refused = await database.call('contract_notes', {}).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'E_CLOSED' })
    expect(await Promise.all(inFlight)).toEqual([1, 2, 3])
    await closing
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    expect(await nap).toMatchObject({ code: 'E_CLOSED' })
    await database.close()
    expect(await database.call('contract_notes', {}).catch((error: unknown) => error)).toMatchObject({
      code: 'E_CLOSED',
    })
    expect(await database.health()).toMatchObject({ status: 'down', code: 'E_CLOSED' })
  })
}
