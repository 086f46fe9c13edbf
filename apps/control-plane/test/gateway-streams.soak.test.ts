import { test } from 'vitest'
import { expectStreams } from './gateway-streams.ts'

test('a thousand streams at once for five minutes: memory is bounded, nothing is held, and the books are equal', {
  timeout: 900_000,
}, async () => {
  await expectStreams({ streams: 1_000, forMs: 300_000, pauseMs: 2_000 })
})
