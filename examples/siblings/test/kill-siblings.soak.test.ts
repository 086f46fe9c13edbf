import { expect, test } from 'vitest'
import { killSiblings } from './kill-siblings.ts'

test('for minutes, forty kills at random change nothing', { timeout: 900_000 }, async () => {
  const { faults, restarts } = await killSiblings({ rounds: 300, pauseMs: 300, kills: 40, killEveryMs: 4_000 })
  expect(faults).toEqual([])
  expect(restarts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(40)
})
