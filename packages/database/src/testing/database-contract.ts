import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { contractWait, createContractCase } from './contract/contract-case.ts'
import { describeCallers } from './contract/describe-callers.ts'
import { describeClosing } from './contract/describe-closing.ts'
import { describeHints } from './contract/describe-hints.ts'
import { describeLimits } from './contract/describe-limits.ts'
import { describeLoss } from './contract/describe-loss.ts'
import { describeOutcomes } from './contract/describe-outcomes.ts'
import { describeValues } from './contract/describe-values.ts'
import { type ContractBackend, type ContractTarget, contractFunctions } from './contract-target.ts'

/** What every driver promises. Registers its tests with Vitest, once per back end. */
export function describeDatabaseContract<Target extends ContractTarget>(
  name: string,
  backend: ContractBackend<Target>,
): void {
  describe(`the database contract on ${name}`, () => {
    let target: Target
    const given = createContractCase(backend, () => target)
    const { call } = given

    beforeAll(async () => {
      target = await backend.create()
      await target.sql(contractFunctions)
    })
    beforeEach(() => target.sql(`truncate core.contract_note; alter sequence core.contract_count restart`))
    afterAll(() => target[Symbol.asyncDispose]())

    test('names its driver', () => {
      expect(target.database.driver).toBe(backend.driver)
    })

    test('reports how much of it is in use', async () => {
      const { database } = target
      expect(database.load()).toMatchObject({ running: 0, waiting: 0 })
      const { capacity } = database.load()
      const calls = (capacity ?? 3) + 2
      // As long as a busy machine takes to open the connections; an embedded database has none to open.
      const p_seconds = backend.driver === 'embedded' ? 0.1 : 1
      const naps = Array.from({ length: calls }, () => call('contract_nap', { p_seconds }))
      const full = { running: capacity ?? calls, waiting: capacity === null ? 0 : 2, capacity }
      await expect.poll(() => database.load(), { ...contractWait, interval: 10 }).toEqual(full)
      await Promise.all(naps)
      await expect.poll(() => database.load(), contractWait).toMatchObject({ running: 0, waiting: 0 })
    })

    describeValues(given)
    describeOutcomes(given)
    describeLimits(given)

    test('fifty calls at once get their own answers', async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => call('contract_answer', { p_value: { index } })),
      )
      expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => ({ index })))
    })

    describeCallers(given)
    describeHints(given)

    test('health answers up, with how long it took', async () => {
      const health = await target.database.health()
      expect(health).toMatchObject({ status: 'up' })
      expect(health.latencyMs).toBeGreaterThan(0)
    })

    describeLoss(backend, () => target)
    describeClosing(given)
  })
}
