import { createClient } from '@core/api/client'
import { systemClock } from '@core/foundation'
import { expect, test } from 'vitest'
import { openBooks } from './books.ts'
import { runWorker } from './worker.ts'

test('a hold that expired before its worker could void it is counted, and the run continues', async () => {
  const books = openBooks()
  const problem = {
    type: '/problems/hold_closed',
    title: 'The hold is closed',
    status: 409,
    detail: 'the hold expired',
    instance: 'req_1',
    code: 'hold_closed',
    errors: [],
    retryable: false,
  }
  const posting = { account: 'painter', held: 0, available: 0, settled: 0, budgets: [], tx: 1, replayed: false }
  const hold = {
    ...posting,
    hold: '019ab2c4-0000-7000-8000-000000000000',
    granted: 10,
    amount: 10,
    expiresAt: '2026-11-20T09:30:00Z',
    flags: [],
  }
  const client = createClient({
    url: 'http://127.0.0.1:4400',
    fetch: async (input) =>
      String(input).endsWith('/holds')
        ? Response.json(hold, { status: 201 })
        : new Response(JSON.stringify(problem), {
            status: 409,
            headers: { 'content-type': 'application/problem+json' },
          }),
  })
  let jobs = 0
  await runWorker({
    client,
    project: 'painter',
    account: 'painter',
    largestHold: 10,
    ttlSeconds: 3,
    books,
    clock: { ...systemClock, sleep: async () => {} },
    random: () => 0.15, // the fate of a void
    isOver: () => jobs++ > 1,
    signal: new AbortController().signal,
  })
  expect(books).toMatchObject({ voided: 0, expired: 2 })
})
