import { describe, expect, test } from 'vitest'
import { driverCapabilities } from '../../driver-capabilities.ts'
import { type ContractCase, contractWait } from './contract-case.ts'

/** Hints arrive on their channel where the driver listens; elsewhere listening can be asked for. */
export function describeHints({ call, target, backend }: ContractCase): void {
  describe('hints', () => {
    test('listening can be asked for and ended', async () => {
      const listening = await target().database.listen('contract_channel', () => undefined)
      await listening[Symbol.asyncDispose]()
    })

    if (driverCapabilities[backend.driver].listen) {
      test('a hint arrives with its payload, on its channel, until listening ends', async () => {
        const heard: string[] = []
        const listening = await target().database.listen('Contract "channel"', (payload) => heard.push(payload))
        await call('contract_notify', { p_channel: 'Contract "channel"', p_payload: 'first' })
        await call('contract_notify', { p_channel: 'contract_other', p_payload: 'not for us' })
        await expect.poll(() => heard, contractWait).toEqual(['first'])
        await listening[Symbol.asyncDispose]()
        await call('contract_notify', { p_channel: 'Contract "channel"', p_payload: 'after' })
        await call('contract_notes', {})
        expect(heard).toEqual(['first'])
      })

      test('two listeners of one channel both hear, and one may leave', async () => {
        const heard: string[] = []
        const one = await target().database.listen('contract_two', (payload) => heard.push(`one ${payload}`))
        await using _two = await target().database.listen('contract_two', (payload) => heard.push(`two ${payload}`))
        await call('contract_notify', { p_channel: 'contract_two', p_payload: 'a' })
        await expect.poll(() => heard.toSorted(), contractWait).toEqual(['one a', 'two a'])
        await one[Symbol.asyncDispose]()
        await call('contract_notify', { p_channel: 'contract_two', p_payload: 'b' })
        await expect.poll(() => heard.toSorted(), contractWait).toEqual(['one a', 'two a', 'two b'])
      })
    }
  })
}
