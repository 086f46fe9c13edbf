import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../src/index.ts'

/** Answers every request like a PostgREST or a gateway would. */
async function answering(
  driver: 'http' | 'supabase',
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
    await using database = await openDatabase({ driver, url: `http://127.0.0.1:${port}`, key: 'key' })
    return await use(database).catch((error: unknown) => error)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const list = (database: Database) => database.rpc('project_list', {}, { timeoutMs: 5_000 })

test.each(['http', 'supabase'] as const)('the driver %s sends no value that JSON would change', async (driver) => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  await using database = await openDatabase({ driver, url: 'http://127.0.0.1:9', key: 'key' })
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 10n, circular]) {
    const args = { p_key: 'a', p_account: 'a', p_amount: 1, p_metadata: { value } }
    await expect(database.call('ledger_reserve', Object(args))).rejects.toMatchObject({
      code: 'E_INVALID',
      message: expect.stringContaining('core_api.ledger_reserve'),
    })
  }
})

describe.each(['http', 'supabase'] as const)('what PostgREST and gateways answer to the driver %s', (driver) => {
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
    [401, { message: 'Invalid authentication credentials' }, 'E_UNAUTHENTICATED'],
    [401, { message: 'No API key found in request', hint: 'No `apikey` request header' }, 'E_UNAUTHENTICATED'],
    [429, { message: 'Too many requests' }, 'E_RATE_LIMITED'],
  ])('%i %j is %s', async (status, body, code) => {
    expect(await answering(driver, status, JSON.stringify(body), list)).toMatchObject({ code })
  })

  test.each([502, 503, 504])('a page of a gateway with %i is E_DATABASE_UNAVAILABLE', async (status) => {
    const answer = await answering(driver, status, '<html>Bad gateway</html>', list, 'text/html')
    expect(answer).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', retryable: true })
  })

  test('a hint that names the function with other arguments is E_INVALID', async () => {
    const body = JSON.stringify({
      code: 'PGRST202',
      message: 'Could not find the function core_api.late(p_x) in the schema cache',
      details: null,
      hint: 'Perhaps you meant to call the function core_api.late(p_y)',
    })
    const answer = await answering(driver, 404, body, (database) => database.call('late', { p_x: 1 }))
    expect(answer).toMatchObject({ code: 'E_INVALID', details: { reason: 'unknown_argument' } })
  })

  test('a key without the right to list projects is healthy all the same', async () => {
    const refusal = { code: 'PT403', message: 'no', details: '{"code": "forbidden_capability"}', hint: '' }
    expect(await answering(driver, 403, JSON.stringify(refusal), (database) => database.health())).toMatchObject({
      status: 'up',
    })
  })

  test('a schema that is not exposed is not healthy', async () => {
    const refusal = { code: 'PGRST106', message: 'not exposed', details: null, hint: null }
    expect(await answering(driver, 406, JSON.stringify(refusal), (database) => database.health())).toMatchObject({
      status: 'down',
      code: 'E_DATABASE_SCHEMA',
    })
  })
})

describe('the driver http', () => {
  const answer = (status: number, text: string) => async () => new Response(text, { status })
  const open = (send: typeof fetch, key: string | (() => Promise<string>) = 'the-key') =>
    openDatabase({ driver: 'http', url: 'https://core.example.com/', key, fetch: send })

  test('sends one request: the function, the key, the schema and the arguments that are there', async () => {
    const sent: [string, RequestInit][] = []
    await using database = await open(async (url, init = {}) => {
      sent.push([String(url), init])
      return Response.json({ ok: true, projects: [] })
    })
    await database.call('flag_list', { p_limit: 3, p_project: undefined })
    expect(sent).toEqual([
      [
        'https://core.example.com/rest/v1/rpc/flag_list',
        expect.objectContaining({
          method: 'POST',
          body: '{"p_limit":3}',
          redirect: 'manual',
          headers: {
            authorization: 'Bearer the-key',
            apikey: 'the-key',
            'content-profile': 'core_api',
            'content-type': 'application/json',
          },
        }),
      ],
    ])
  })

  test('shows the gateway of a Supabase project one of its own keys, and says so where it was none', async () => {
    const headers: RequestInit['headers'][] = []
    const send: typeof fetch = async (_, init = {}) => {
      headers.push(init.headers)
      return Response.json({ message: 'Invalid authentication credentials' }, { status: 401 })
    }
    const at = { driver: 'http', url: 'https://a.supabase.co', key: 'a-token', fetch: send } as const
    await using database = await openDatabase({ ...at, apiKey: 'the-publishable-key' })
    await expect(database.rpc('flag_list', {})).rejects.toMatchObject({
      code: 'E_UNAUTHENTICATED',
      fix: expect.stringContaining('SUPABASE_PUBLISHABLE_KEY'),
    })
    expect(headers).toMatchObject([{ authorization: 'Bearer a-token', apikey: 'the-publishable-key' }])
  })

  test('asks for the key before each call, within its deadline', async () => {
    const keys: (string | null)[] = []
    const send: typeof fetch = async (_, init) => {
      keys.push(new Headers(init?.headers).get('authorization'))
      return Response.json({ ok: true, projects: [] })
    }
    let count = 0
    await using database = await open(send, async () => `key-${++count}`)
    await list(database)
    await list(database)
    expect(keys).toEqual(['Bearer key-1', 'Bearer key-2'])
    await using stuck = await open(send, () => new Promise(() => undefined))
    const late = await stuck.rpc('project_list', {}, { timeoutMs: 50 }).catch((error: unknown) => error)
    expect(late).toMatchObject({ code: 'E_TIMEOUT' })
  })

  test.each(['', 'two words', 'line\nbreak', 'kéy'])('the key %j is refused before anything is sent', async (key) => {
    await using database = await open(() => Promise.reject(new Error('sent')), key)
    expect(await list(database).catch((error: unknown) => error)).toMatchObject({ code: 'E_INVALID' })
  })

  test('a redirect is an error, and the key does not follow it', async () => {
    const asked: (string | undefined)[] = []
    const target = createServer((request, response) => {
      asked.push(request.headers.authorization)
      response.end('{}')
    })
    await once(target.listen(0, '127.0.0.1'), 'listening')
    const address = target.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const source = createServer((_, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end(),
    )
    await once(source.listen(0, '127.0.0.1'), 'listening')
    const from = source.address()
    try {
      const url = `http://127.0.0.1:${typeof from === 'object' && from ? from.port : 0}`
      await using database = await openDatabase({ driver: 'http', url, key: 'the-key' })
      const error = await database.rpc('project_list', {}, { timeoutMs: 1_000 }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE' })
      expect(asked).toEqual([])
    } finally {
      for (const server of [source, target]) {
        server.closeAllConnections()
        server.close()
      }
    }
  })

  test.each([
    'http://core.example.com',
    'ftp://127.0.0.1',
    'core.example.com',
    'https://user:password@core.example.com',
    'https://core.example.com/?key=1',
    '',
  ])('the URL %j is refused without being repeated', async (url) => {
    const error = await openDatabase({ driver: 'http', url, key: 'the-key' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_INVALID', fix: expect.any(String) })
    expect(String(error)).not.toContain('password')
  })

  test('what is no JSON is said so, and nothing is null', async () => {
    await using page = await open(answer(200, '<html>Welcome</html>'))
    const error = await list(page).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'E_DATABASE_UNAVAILABLE', fix: expect.stringContaining('URL') })
    await using nothing = await open(async () => new Response(null, { status: 204 }))
    expect(await nothing.call('limit_return', {}).catch((thrown: unknown) => thrown)).toBeNull()
  })
})
