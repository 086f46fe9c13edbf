import { test } from 'vitest'
import { expectStreams } from './gateway-streams.ts'

test('forty streams at once, of which some are left: nothing is held, and the books are what the provider counted', async () => {
  await expectStreams({ streams: 40, forMs: 1_000, pauseMs: 20 })
})
