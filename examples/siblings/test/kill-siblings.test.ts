import { expect, test } from 'vitest'
import { killSiblings } from './kill-siblings.ts'

test('siblings that are killed take over, and every noun keeps what it acknowledged', {
  timeout: 180_000,
}, async () => {
  const { faults, done, restarts, takenOverBy } = await killSiblings({
    rounds: 12,
    pauseMs: 300,
    kills: 3,
    killEveryMs: 1_200,
  })
  expect(faults).toEqual([])
  expect(takenOverBy).toBe('smart_layer')
  expect(done.tasks.size).toBe(26)
  expect(Math.min(...restarts)).toBeGreaterThanOrEqual(1) // a service that starts while the control plane is away ends once more
})
