import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

/** What becomes of a failure inside the database that no function meant to answer with. */

let server: TestServer
beforeAll(async () => {
  server = await openTestServer()
  await server.test.sql(`
    alter function core_api.ledger_alerts rename to ledger_alerts_kept;
    create function core_api.ledger_alerts(p_after bigint default 0, p_limit int default 100) returns jsonb
      language plpgsql as $$
      begin
        raise exception using errcode = (select state from public.fault), message = 'secret_table says no',
          detail = 'Key (secret)=(7) exists', hint = 'secret hint';
      end $$;
    create table public.fault (state text)`)
})
afterAll(() => server[Symbol.asyncDispose]())

test.each([
  ['57014', 504, 'timeout', true],
  ['55P03', 503, 'unavailable', true],
  ['40001', 503, 'unavailable', true],
  ['53300', 503, 'unavailable', true],
  ['25006', 503, 'unavailable', true],
  ['42883', 500, 'database_schema', false],
  ['42501', 500, 'internal', false],
  ['23505', 500, 'internal', false],
  ['23503', 500, 'internal', false],
  ['23514', 500, 'internal', false],
  ['XX000', 500, 'internal', false],
  ['P0001', 500, 'internal', false],
  ['PT413', 413, 'too_large', false],
  ['PT429', 429, 'rate_limited', true],
])('%s is %d %s, and reveals nothing of it', { timeout: 180_000 }, async (state, status, code, retryable) => {
  await server.test.sql('truncate public.fault')
  await server.test.sql('insert into public.fault values ($1)', [state])
  // Not by `send`, which takes the problems that the route declares and no others.
  const reply = await server.app.inject({
    url: '/v1/projects/current/alerts',
    headers: { authorization: `Bearer ${server.keys.smart_layer}` },
  })
  expect(reply.statusCode).toBe(status)
  expect(reply.json()).toMatchObject({ code, retryable, instance: reply.headers['x-request-id'] })
  if (status === 503) expect(reply.headers).toHaveProperty('retry-after')
  if (status >= 500) expect(reply.body).not.toMatch(/secret|ledger_alerts|sqlstate/)
})
