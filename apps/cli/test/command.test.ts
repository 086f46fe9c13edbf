import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCore, startCore } from './core-here.ts'
import { type CoreResult, createRoom, type RunningCore, runCoreProcess } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const room = createRoom()
let running: RunningCore
beforeAll(async () => {
  running = await startCore({ cwd: room.folder })
})
afterAll(async () => {
  await running?.stop()
  room[Symbol.dispose]()
})

let home: ReturnType<typeof createRoom>
beforeEach(() => {
  home = createRoom()
  return () => home[Symbol.dispose]()
})

/** With the key of smart_layer, unless the call names another. */
function core(
  args: readonly string[],
  env: Record<string, string> = {},
  stdin = '',
  run = runCore,
): Promise<CoreResult> {
  const key = running.keys['smart_layer'] ?? ''
  return run(args, { cwd: home.folder, stdin, env: { CORE_URL: running.url, CORE_KEY: key, ...env } })
}
const coreProcess: typeof core = (args, env, stdin) => core(args, env, stdin, runCoreProcess)

type Environment = Record<string, string | undefined>

/** The same on a terminal, or with answers typed in. */
function inProcess(
  args: readonly string[],
  { isTTY = false, typed = '', env = {} }: { isTTY?: boolean; typed?: string; env?: Environment } = {},
) {
  const ours = { CORE_URL: running.url, CORE_KEY: running.keys['smart_layer'] }
  return runInProcess(args, { cwd: home.folder, env: { ...ours, ...env }, isTTY, stdin: `${typed}\n` })
}

const owner = () => ({ CORE_KEY: '', CORE_OWNER_KEY: running.keys['owner'] ?? '' })

describe('a hold', () => {
  test('is reserved and settled in credits; stdout is the JSON of the API, in micro-credits', async () => {
    const reserved = await coreProcess(['credits', 'reserve', 'smart_layer', '2.5', '--ttl', '600'])
    expect(reserved).toMatchObject({ code: 0, stderr: '' })
    const { hold, granted, held } = JSON.parse(reserved.stdout)
    expect({ granted, held }).toEqual({ granted: 2_500_000, held: 2_500_000 })

    const settled = await coreProcess(['credits', 'settle', hold, '1.800001'])
    expect(JSON.parse(settled.stdout)).toMatchObject({ charged: 1_800_001, released: 699_999, status: 'settled' })
  })

  test('with --micro takes whole micro-credits', async () => {
    const reserved = await core(['credits', 'reserve', 'smart_layer', '7', '--micro'])
    const { hold, granted } = JSON.parse(reserved.stdout)
    expect(granted).toBe(7)
    expect(JSON.parse((await core(['credits', 'void', hold, '--reason', 'test'])).stdout)).toMatchObject({
      released: 7,
    })
  })

  test('reserved twice with one key is one hold', async () => {
    const args = ['credits', 'reserve', 'smart_layer', '1', '--idempotency-key', 'cli-twice']
    const [first, second] = [JSON.parse((await core(args)).stdout), JSON.parse((await core(args)).stdout)]
    expect(second).toEqual({ ...first, replayed: true })
    await core(['credits', 'void', first.hold])
  })
})

describe('every verb', () => {
  const mine: [string[], object][] = [
    [['status'], { status: 'healthy', project: 'smart_layer', key: 'CORE_KEY' }],
    [['credits', 'balance'], { account: 'smart_layer' }],
    [['credits', 'balance', 'smart_layer', '--at', '2026-01-01T00:00:00Z'], { settled: 0 }],
    [['credits', 'accounts'], { data: [{ account: 'smart_layer', purse: 'pool' }] }],
    [['credits', 'charge', 'smart_layer', '0.25'], { charged: 250_000 }],
    [['credits', 'history', '--limit', '1'], { data: [{ op: expect.any(String) }], page: {} }],
    [['credits', 'charges', '--limit', '1'], { data: [{ charged: 250_000, refunded: 0 }] }],
    [['credits', 'holds', '--status', 'open'], { data: [] }],
    [['credits', 'refunds', 'smart_layer'], { data: [] }],
    [['leases', 'list'], { data: [] }],
    [['credits', 'audit'], { clean: true, violations: [] }],
    [['budget', 'list'], { data: [{ budget: 'daily', limit: 100_000_000 }] }],
    [['project', 'list'], { data: [{ name: 'smart_layer' }] }],
    [['project', 'show'], { name: 'smart_layer' }],
    [['scopes'], { data: expect.arrayContaining([expect.objectContaining({ scope: 'member:write' })]) }],
    [['flags', 'list'], { data: [] }],
    [['api', 'get', '/v1/me'], { project: 'smart_layer' }],
    [['version'], { core: '0.2.0' }],
    [['openapi'], { openapi: '3.1.0' }],
  ]
  test.each(mine)('core %j answers a project', async (args, answer) => {
    const { code, stdout, stderr } = await inProcess(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject(answer)
  })

  const theirs: [string[], object][] = [
    [['status'], { project: null, key: 'CORE_OWNER_KEY' }],
    [['credits', 'grant', 'pool', '5', '--reason', 'test'], { account: 'pool', amount: 5_000_000 }],
    [['credits', 'accounts', '--project', 'pool'], { data: [{ account: 'pool' }] }],
    [['credits', 'audit'], { clean: true, issued: expect.any(Number) }],
    [
      ['budget', 'set', 'manus_origin', 'weekly', '300', '--period', 'week', '--time-zone', 'Europe/Berlin'],
      { limit: 300_000_000 },
    ],
    [['budget', 'set', 'manus_origin', 'weekly', 'none', '--period', 'week'], { limit: null }],
    [['project', 'register', 'third', '--release', '1.0', '--endpoint', 'api=http://127.0.0.1:1'], { name: 'third' }],
    [
      ['keys', 'create', 'worker', '--scopes', 'ledger:read', '--project', 'third'],
      { name: 'worker', project: 'third' },
    ],
    [
      ['audit-log', '--project', 'third', '--action', 'key'],
      { data: [{ action: 'key.create', resource: expect.stringContaining('key:') }] },
    ],
    [['audit-log', '--source', 'admin', '--limit', '1'], { data: [{ project: 'third' }] }],
    [['keys', 'list', '--project', 'third'], { data: [{ name: 'worker' }] }],
    [['project', 'update', 'third', '--release', '1.1'], { name: 'third', version: '1.1' }],
    [['members', 'set', 'user:ada', 'owner', '--name', 'Ada', '--project', 'third'], { role: 'owner', name: 'Ada' }],
    [['members', 'set', 'user:auth0|7', 'viewer', '--project', 'third'], { subject: 'user:auth0|7', role: 'viewer' }],
    [['members', 'list', '--project', 'third'], { data: [{ subject: 'user:ada' }, { subject: 'user:auth0|7' }] }],
    [['members', 'remove', 'user:auth0|7', '--yes', '--project', 'third'], { subject: 'user:auth0|7' }],
    [['keys', 'create', 'wall', '--system', '--scopes', 'ledger:read'], { name: 'wall', project: null }],
    [['keys', 'list', '--system'], { data: expect.arrayContaining([expect.objectContaining({ name: 'wall' })]) }],
    [['flags', 'set', 'router.order', '"health"', '--percent', '12.5', '--project', 'third'], { changed: true }],
    [['flags', 'list', '--project', 'third'], { data: [{ value: 'health', rolloutBasisPoints: 1250 }] }],
    [['flags', 'clear', 'router.order', '--project', 'third'], { changed: true }],
    [['flags', 'set', 'router.order', '"price"', '--all'], { changed: true }],
    [['flags', 'list', '--all'], { data: [{ name: 'router.order', project: null, value: 'price' }] }],
    [['flags', 'clear', 'router.order', '--all'], { changed: true }],
    [['system', 'info'], { version: '0.2.0', driver: 'postgres', schema: { pending: [] } }],
    [['system', 'bottlenecks', '--limit', '1'], { windowSeconds: 300, routes: [{ failures: 0 }] }],
  ]
  test.each(theirs)('core %j answers the owner', async (args, answer) => {
    const { code, stdout, stderr } = await inProcess(args, { env: owner() })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject(answer)
  })

  test('a key is verified, switched off and on, and given another end; nothing to change is misuse', async () => {
    const project = { CORE_PROJECT: 'smart_layer', ...owner() }
    const { id, secret } = JSON.parse((await core(['keys', 'create', 'switched'], project)).stdout)
    const verify = async (...more: string[]) =>
      JSON.parse((await core(['keys', 'verify', ...more], project, `${secret}\n`)).stdout)
    const update = (...more: string[]) => core(['keys', 'update', id, ...more], project)
    expect(await verify('--scope', 'ledger:spend')).toMatchObject({ valid: true, key: { id } })
    expect(await verify('--scope', 'ledger:grant')).toMatchObject({ valid: false, code: 'insufficient_scope' })
    expect(JSON.parse((await update('--disable')).stdout)).toMatchObject({ status: 'disabled' })
    expect(await verify()).toMatchObject({ valid: false, code: 'disabled' })
    const again = await update('--enable', '--name', 'back', '--expires-at', '2099-01-01T00:00:00Z')
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 'active', name: 'back' })
    expect(JSON.parse((await update('--expires-at', 'never')).stdout)).toMatchObject({ expiresAt: null })
    const few = JSON.parse((await core(['keys', 'create', 'few', '--scopes', 'ledger:read'], project)).stdout)
    const more = JSON.parse((await core(['keys', 'update', few.id, '--add-defaults'], project)).stdout)
    expect(more.scopes).toEqual(JSON.parse((await update('--add-defaults')).stdout).scopes)
    expect(await update()).toMatchObject({ code: 2, stdout: '' })
    expect(await update('--enable', '--disable')).toMatchObject({ code: 2, stdout: '' })
    expect(await core(['members', 'set', 'user:ada', 'emperor'], project)).toMatchObject({ code: 2, stdout: '' })
  })

  test('a key is rerolled, and revoked only with --yes where the input is no terminal', async () => {
    const project = { CORE_PROJECT: 'smart_layer', ...owner() }
    const { id } = JSON.parse((await core(['keys', 'create', 'short-lived'], project)).stdout)
    const rerolled = JSON.parse((await core(['keys', 'reroll', id, '--overlap', '0'], project)).stdout)
    expect(rerolled).toMatchObject({ replaces: id, secret: expect.stringMatching(/^ck_live_/) })
    const unasked = await core(['keys', 'revoke', rerolled.id], project)
    expect(unasked).toMatchObject({ code: 2, stdout: '' })
    expect(unasked.stderr).toContain('Add --yes')
    expect((await core(['status'], { CORE_KEY: rerolled.secret })).code).toBe(0)
    expect(JSON.parse((await core(['keys', 'revoke', rerolled.id, '--yes'], project)).stdout).status).toBe('disabled')
    expect((await core(['status'], { CORE_KEY: rerolled.secret })).code).toBe(3)
  })
})

describe('exit codes', () => {
  /** Each code ends a process once; whatever else leads to it runs in this one. */
  const ended = new Set<number>()
  test.each<[string, string[], number, RegExp]>([
    ['a verb that does not exist', ['credit'], 2, /unknown command 'credit'/],
    ['an option that does not exist', ['status', '--verbose'], 2, /unknown option/],
    ['a missing argument', ['credits', 'grant', 'pool'], 2, /missing required argument/],
    ['a seventh decimal', ['credits', 'charge', 'smart_layer', '0.0000001'], 2, /at most six decimals/],
    ['a fraction with --micro', ['--micro', 'credits', 'charge', 'smart_layer', '0.5'], 2, /whole number/],
    ['a negative amount', ['credits', 'charge', 'smart_layer', '--', '-1'], 2, /without sign/],
    ['an amount of zero', ['credits', 'charge', 'smart_layer', '0'], 2, /amount/],
    ['a time limit of zero', ['--timeout', '0', 'status'], 2, /time limit/],
    ['an address that is none', ['--url', 'localhost', 'status'], 2, /not the address/],
    ['what the key may not do', ['credits', 'grant', 'smart_layer', '1'], 3, /ledger:grant/],
    ['what only a system key may read', ['system', 'info'], 3, /system:read/],
    ['a limit that cannot be', ['system', 'bottlenecks', '--limit', 'all'], 2, /not a whole number/],
    ['another project', ['credits', 'balance', 'manus_origin'], 4, /not yours/],
    ['a hold that does not exist', ['credits', 'settle', '019ab2c4-0000-7000-8000-000000000000'], 4, /no hold/],
    ['an account that does not exist', ['credits', 'charge', 'smart_layer/missing', '1'], 4, /no account/],
    ['more than the budget', ['credits', 'reserve', 'smart_layer', '101'], 6, /budget daily/],
    ['a control plane that is not there', ['--url', 'http://127.0.0.1:9', 'status'], 7, /did not answer/],
    ['api: a missing route', ['api', 'GET', '/v1/nothing'], 4, /404/],
    ['api: a method that is none', ['api', 'FETCH', '/v1/me'], 2, /"FETCH" is not a method/],
    ['api: another origin', ['api', 'GET', '//evil.example/v1/me'], 2, /not a path/],
  ])('%s', async (_, args, code, message) => {
    const result = await (ended.has(code) ? core : coreProcess)(args)
    ended.add(code)
    expect(result.code, result.stderr).toBe(code)
    expect(result.stderr).toMatch(message)
  })

  test('a hold that is settled already is a conflict', async () => {
    const { hold } = JSON.parse((await core(['credits', 'reserve', 'smart_layer', '1'])).stdout)
    expect((await core(['credits', 'settle', hold, '0'])).code).toBe(0)
    const again = await core(['credits', 'settle', hold, '0.5'])
    expect(again).toMatchObject({ code: 5, stdout: '' })
    expect(again.stderr).toContain(`the hold ${hold} is settled`)
  })

  test.each([
    [['credits', 'reserve'], "missing required argument 'account'"],
    [['status', '--surprise'], "unknown option '--surprise'"],
    [['credits'], 'a verb is missing'],
    [['errors', 'list', '--status', 'odd'], 'Allowed choices are'],
  ])('with --json the misuse %j is one line of JSON, too', async (args, message) => {
    const { code, stdout, stderr } = await core([...args, '--json'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    const { error } = JSON.parse(stderr)
    expect(error).toMatchObject({ code: 'E_INVALID', fix: expect.stringContaining('--help') })
    expect(error.message).toContain(message)
  })

  test('with --json a failure is one line of JSON on stderr, and stdout stays empty', async () => {
    const { code, stdout, stderr } = await core(['credits', 'reserve', 'smart_layer', '101', '--json'])
    expect({ code, stdout }).toEqual({ code: 6, stdout: '' })
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'E_CONFLICT', details: { code: 'budget_exhausted' } })
  })

  test('help is data and no fault', async () => {
    const { code, stdout, stderr } = await core(['credits', '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('reserve')
  })

  test('an outcome that stays unknown comes with the key to ask again', async () => {
    const silent = await listen(() => undefined)
    const { code, stderr } = await core([
      '--url',
      silent.url,
      '--timeout',
      '0.3',
      'credits',
      'charge',
      'smart_layer',
      '1',
    ])
    silent.close()
    expect(code).toBe(7)
    expect(stderr).toMatch(/outcome is unknown; to be sure, repeat with --idempotency-key [0-9a-f-]{36}/)
  })

  test('a request that was never sent has no unknown outcome', async () => {
    const { code, stderr } = await core(['--url', await closedUrl(), 'credits', 'charge', 'smart_layer', '1'])
    expect(code).toBe(7)
    expect(stderr).not.toContain('unknown')
  })
})

describe('where the key comes from', () => {
  const profile = (content: object, mode = 0o600) => {
    const file = join(home.folder, '.config/core/profile.json')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(content))
    chmodSync(file, mode)
  }
  const none = { CORE_KEY: '' }

  test('without any key the command says how to give one', async () => {
    const { code, stderr } = await core(['credits', 'balance', 'smart_layer'], none)
    expect(code).toBe(3)
    expect(stderr).toContain('needs a credential')
  })

  test('standard input', async () => {
    const { code, stdout } = await coreProcess(['--key-stdin', 'status'], none, `${running.keys['manus_origin']}\n`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ project: 'manus_origin', key: 'standard input' })
  })

  test('standard input that is empty is misuse', async () => {
    expect(await core(['--key-stdin', 'status'], none)).toMatchObject({ code: 2 })
  })

  test('never the command line: it is refused before anything is sent, and not repeated', async () => {
    const key = running.keys['smart_layer'] ?? ''
    for (const args of [
      ['status', key],
      ['status', `--key=${key}`],
      ['call', 'verifyApiKey', `key=${key}`],
      ['api', 'GET', '/v1/me', '--body', key],
    ]) {
      const { code, stdout, stderr } = await core(args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain('does not belong on the command line')
      expect(stderr).not.toContain(key)
    }
  })

  test('a profile gives address, key and project', async () => {
    profile({ url: running.url, key: running.keys['owner'], project: 'manus_origin' })
    const { stdout } = await core(['credits', 'balance'], { CORE_KEY: '', CORE_URL: '' })
    expect(JSON.parse(stdout)).toMatchObject({ account: 'manus_origin' })
  })

  test('a profile that others may read is refused with the command that fixes it', async () => {
    profile({ url: running.url, key: running.keys['owner'] }, 0o644)
    const { code, stderr } = await core(['status'], { CORE_KEY: '', CORE_URL: '' })
    expect(code).toBe(2)
    expect(stderr).toContain('chmod 600')
  })

  test('a malformed profile is named without its content', async () => {
    profile({ url: 'nonsense', key: 'ck_live_secret' })
    const { code, stderr } = await core(['status'], none)
    expect(code).toBe(2)
    expect(stderr).toContain('profile.json is not a profile: url:')
    expect(stderr).not.toContain('ck_live_secret')
  })

  test('the key of a profile goes to the address of the profile and to no other', async () => {
    const seen: (string | undefined)[] = []
    const stranger = await listen((request, response) => {
      seen.push(request.headers.authorization)
      response.end()
    })
    profile({ url: running.url, key: running.keys['owner'] })
    await core(['--url', stranger.url, 'api', 'GET', '/v1/me'], { CORE_KEY: '', CORE_URL: '' })
    stranger.close()
    expect(seen).toEqual([undefined])
  })
})

describe('on a terminal', () => {
  const onTerminal = (args: readonly string[], { typed = '', env = {} }: { typed?: string; env?: Environment } = {}) =>
    inProcess(args, { isTTY: true, typed, env })

  test('the result is a table in credits, and with --json it is JSON all the same', async () => {
    const { stdout } = await onTerminal(['budget', 'list'])
    const [titles, row] = stdout.split('\n')
    expect(titles).toMatch(/^BUDGET +ACCOUNT +PERIOD +LIMIT +SPENT +HELD +LEFT +RESETS$/)
    expect(row).toMatch(/^daily +smart_layer +day +100 /)
    expect(JSON.parse((await onTerminal(['budget', 'list', '--json'])).stdout).data[0].limit).toBe(100_000_000)
    expect((await onTerminal(['budget', 'list', '--micro'])).stdout).toMatch(/ 100000000 /)
  })

  test('a page that is not the last one prints how to read the next one, on stderr', async () => {
    const { stdout, stderr } = await onTerminal(['credits', 'history', '--limit', '1'])
    expect(stdout.trim().split('\n')).toHaveLength(2)
    const [, cursor = ''] = /--cursor (\S+) shows it/.exec(stderr) ?? []
    const next = await onTerminal(['credits', 'history', '--limit', '1', '--cursor', cursor])
    expect(next.stdout).not.toBe(stdout)
  })

  test('a destructive verb asks, and only a typed yes is one', async () => {
    const env = { CORE_KEY: running.keys['owner'], CORE_PROJECT: 'smart_layer' }
    const { id } = JSON.parse((await core(['keys', 'create', 'asked-for', '--project', 'smart_layer'], owner())).stdout)
    const no = await onTerminal(['keys', 'revoke', id], { typed: 'y', env })
    expect(no).toMatchObject({ code: 1, stdout: '' })
    expect(no.stderr).toContain('Type yes to continue')
    const yes = await onTerminal(['keys', 'revoke', id], { typed: 'yes', env })
    expect(yes).toMatchObject({ code: 0, stdout: `asked-for (${id}) is disabled\n` })
  })

  test('a failure is printed in words with its fix', async () => {
    const { code, stdout, stderr } = await onTerminal(['credits', 'settle', '019ab2c4-0000-7000-8000-000000000000'])
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toMatch(/^core: .*no hold.*\n {2}fix: /)
  })
})

test('output that is cut off by its reader is an error without a stack', async () => {
  const within = ['sh', '-c', '"$@" | head -c 10', 'sh']
  const { stderr } = await runCoreProcess(['openapi'], { cwd: home.folder, within })
  expect(stderr).toMatch(/^core: the output could not be written: EPIPE\n {2}fix: .*\n$/)
})

async function listen(listener: RequestListener): Promise<{ url: string; close(): void }> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function closedUrl(): Promise<string> {
  const server = await listen(() => undefined)
  server.close()
  return server.url
}
