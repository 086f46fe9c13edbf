import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../src/index.ts'

/** Answers every request like a PostgREST or a gateway would. */
async function answering(
  status: number,
  body: string,
  use: (database: Database) => Promise<unknown>,
  type = 'application/json',
): Promise<unknown> {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': type }).end(body))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  try {
    await using database = await openDatabase({ driver: 'supabase', url: `http://127.0.0.1:${port}`, key: 'key' })
    return await use(database).catch((error: unknown) => error)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const list = (database: Database) => database.rpc('project_list', {}, { timeoutMs: 5_000 })

describe('what PostgREST and gateways answer', () => {
  // The bodies are those of PostgREST 12 and 13 (docs: References, Errors).
  test.each([
    [
      500,
      { code: '57014', message: 'canceling statement due to statement timeout', details: null, hint: null },
      'E_TIMEOUT',
    ],
    [500, { code: '40001', message: 'could not serialize access', details: null, hint: null }, 'E_DATABASE_BUSY'],
    [
      503,
      { code: 'PGRST001', message: 'Database client error', details: 'no connection', hint: null },
      'E_DATABASE_UNAVAILABLE',
    ],
    [
      504,
      { code: 'PGRST003', message: 'Timed out acquiring connection from connection pool.', details: null, hint: null },
      'E_DATABASE_UNAVAILABLE',
    ],
    [401, { code: 'PGRST301', message: 'JWT expired', details: null, hint: null }, 'E_UNAUTHENTICATED'],
    [
      401,
      { code: '42501', message: 'permission denied for schema core_api', details: null, hint: null },
      'E_FORBIDDEN',
    ],
    [
      406,
      { code: 'PGRST106', message: 'The schema must be one of the following: public', details: null, hint: null },
      'E_DATABASE_SCHEMA',
    ],
    [404, { code: 'PGRST202', message: 'Could not find the function', details: null, hint: null }, 'E_DATABASE_SCHEMA'],
    [401, { message: 'Invalid API key' }, 'E_UNAUTHENTICATED'],
    [429, { message: 'Too many requests' }, 'E_RATE_LIMITED'],
  ])('%i %j is %s', async (status, body, code) => {
    expect(await answering(status, JSON.stringify(body), list)).toMatchObject({ code })
  })

  test.each([502, 503, 504])('a page of a gateway with %i is E_DATABASE_UNAVAILABLE', async (status) => {
    const answer = await answering(status, '<html>Bad gateway</html>', list, 'text/html')
    expect(answer).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
  })

  test('a hint that names the function with other arguments is E_INVALID', async () => {
    const body = JSON.stringify({
      code: 'PGRST202',
      message: 'Could not find the function core_api.late(p_x) in the schema cache',
      details: null,
      hint: 'Perhaps you meant to call the function core_api.late(p_y)',
    })
    const answer = await answering(404, body, (database) => database.call('late', { p_x: 1 }))
    expect(answer).toMatchObject({ code: 'E_INVALID', details: { reason: 'unknown_argument' } })
  })

  test('a key without the right to list projects is healthy all the same', async () => {
    const refusal = { code: 'PT403', message: 'no', details: '{"code": "forbidden_capability"}', hint: '' }
    expect(await answering(403, JSON.stringify(refusal), (database) => database.health())).toMatchObject({
      status: 'up',
    })
  })

  test('a schema that is not exposed is not healthy', async () => {
    const refusal = { code: 'PGRST106', message: 'not exposed', details: null, hint: null }
    expect(await answering(406, JSON.stringify(refusal), (database) => database.health())).toMatchObject({
      status: 'down',
      code: 'E_DATABASE_SCHEMA',
    })
  })
})
