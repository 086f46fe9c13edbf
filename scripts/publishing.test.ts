// What those who install the packages get: each is built, packed, installed outside the workspace without a network,
// and used from JavaScript and TypeScript on the Node versions that `engines` promises.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestServer } from '../apps/control-plane/test/test-server.ts'
import { roleScopes } from '../packages/api/src/index.ts'
import { shortLived } from '../packages/database/src/testing/index.ts'
import { openCore } from '../packages/sdk/src/index.ts'
import { callEveryNoun } from '../packages/sdk/src/testing/index.ts'
import { bundleWorker, workerProgram } from './publishing/bundle-worker.ts'
import { createSibling, type Sibling } from './publishing/create-sibling.ts'
import { findNode } from './publishing/find-node.ts'
import { findPublishedFaults } from './publishing/find-published-faults.ts'
import { findPackage, findRuntime, runtimesFolder } from './publishing/find-runtimes.ts'
import { listPublished } from './publishing/list-published.ts'
import { startNextApp } from './publishing/next-app.ts'
import { packPackages } from './publishing/pack-packages.ts'
import { root } from './root.ts'

const published = listPublished()
const specifiers = published.flatMap(({ manifest }) =>
  Object.keys(manifest.exports ?? {}).map((name) => manifest.name + name.slice(1)),
)
const isTestKit = (specifier: string) => specifier.includes('/testing')
/** What only the test kits use, as optional peers. */
const testLibraries = published.flatMap(({ folder, manifest }) =>
  Object.keys(manifest.peerDependencies ?? {}).map((name) => [name, folder] as const),
)

const localPrice = {
  provider: 'local',
  model: 'local',
  rates: [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ],
}

let temporary: string
/** Has the packages and the types of Node. */
let plain: Sibling
/** Has what the test kits want besides. */
let tester: Sibling
/** What the compiler said of the plain sibling's programs, whose JavaScript the Node versions then run. */
let findings: string[]

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'core-publish-'))
  const built = build([])
  if (built.status !== 0) throw new Error(built.stdout + built.stderr)
  const packed = packPackages(temporary)
  plain = createSibling(packed, [['@types/node', '.']])
  tester = createSibling(packed, [['@types/node', '.'], ...testLibraries])
  plain.write('every-export.ts', importAll(specifiers.filter((specifier) => !isTestKit(specifier))))
  tester.write('every-export.ts', importAll(specifiers.filter(isTestKit)))
  tester.write('every-export.js', importAll(specifiers))
  findings = await plain.compile(['watch-balance.ts', 'every-export.ts', 'misuse.ts'])
})

afterAll(() => {
  plain?.[Symbol.dispose]()
  tester?.[Symbol.dispose]()
  rmSync(temporary, { recursive: true, force: true })
})

describe.each(published)('$manifest.name', ({ folder, manifest }) => {
  test('packs what it promises, needs nothing it does not name, and has no tests inside', () => {
    expect(findPublishedFaults(installed(manifest.name))).toEqual([])
    const readme = readFileSync(join(installed(manifest.name), 'README.md'), 'utf8')
    expect(readme).toBe(readFileSync(join(root, folder, 'README.md'), 'utf8'))
  })
})

test('@core/database carries the migrations of this moment', () => {
  const read = (folder: string) => readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')])
  const carried = read(join(installed('@core/database'), 'dist/migrations'))
  expect(carried.length).toBeGreaterThan(0)
  expect(carried).toEqual(read(join(root, 'supabase/migrations')))
})

describe('types', () => {
  test('a strict program compiles against the declarations, which are checked themselves', () => {
    expect(findings.filter((finding) => !finding.startsWith('misuse.ts'))).toEqual([])
  })

  test('the test kits are typed for those who have their libraries', async () => {
    expect(await tester.compile(['every-export.ts'])).toEqual([])
  })

  test('mistakes are found', () => {
    const lines = findings.flatMap((finding) => /^misuse\.ts\((\d+)/.exec(finding)?.[1] ?? [])
    expect(lines).toEqual(['6', '7', '8', '9'])
  })
})

/** The majors with long-term support, and that of this process. */
const majors = [...new Set([Number(process.versions.node.split('.')[0]), 22, 24, 26])]

// Together, because most of the time is Postgres in WebAssembly at work on one processor each.
describe.concurrent.each(majors)('Node %i', { timeout: 300_000 }, (major) => {
  test('runs the packages from JavaScript and from TypeScript', async ({ skip }) => {
    const node = findNode(major) ?? skip(`there is no Node ${major} on this machine`)
    const env = { CORE_DATA_DIR: join(temporary, `data-${major}`) }
    const count = readdirSync(join(root, 'supabase/migrations')).length
    expect(await plain.run(node, 'spend.js', env, shortLived)).toEqual({
      migrations: [count, count],
      statuses: ['granted', 'reserved', 'settled'],
      available: 7_500_000,
    })
    expect(await plain.run(node, 'out/watch-balance.js', env, shortLived)).toEqual({
      pending: 0,
      isRouted: false,
      isKnown: true,
      work: 36,
      spent: 500_000,
      denial: 7_000_000,
      missing: 'E_NOT_FOUND',
      away: 'E_DATABASE_UNAVAILABLE',
    })
  })

  test('imports every export, and runs the test kit of the database', async ({ skip }) => {
    const node = findNode(major) ?? skip(`there is no Node ${major} on this machine`)
    const found = specifiers.map((specifier) => [specifier, true])
    expect(await tester.run(node, 'every-export.js')).toEqual(Object.fromEntries(found))
    expect(await tester.run(node, 'use-test-kit.js')).toEqual(['manus_origin'])
  })
})

describe('the packages answer on each runtime what the sources answer here', { timeout: 300_000 }, () => {
  /** Each on a database of its own, so that the answers can be equal. */
  async function onPlane<Answer>(work: (env: Record<string, string>) => Promise<Answer>): Promise<Answer> {
    await using server = await openTestServer()
    await server.send('PUT', '/v1/prices', { key: server.owner, body: localPrice })
    const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
    return await work({ CORE_URL: url, CORE_KEY: await server.makeKey('smart_layer', roleScopes.owner) })
  }
  let answers: Promise<unknown> | undefined
  /** What the sources answer; found out when the first runtime is there to be compared with it. */
  function expected(): Promise<unknown> {
    answers ??= onPlane(async (env) => {
      await using core = await openCore({ project: 'smart_layer', env })
      return await callEveryNoun(core, 'manus_origin')
    })
    return answers
  }

  test.for([22, 26])('Node %i', async (major, { skip }) => {
    const node = findNode(major) ?? skip(`there is no Node ${major} on this machine`)
    expect(await onPlane((env) => plain.run(node, 'call-every-noun.js', env))).toEqual(await expected())
  })

  // In a folder from npm that CORE_TEST_RUNTIMES names: all of them take 700 MB.
  test.for([
    ['bun', []],
    ['deno', ['run', '-A', '--node-modules-dir=manual']],
  ] as const)('%s', async ([name, words], { skip }) => {
    const program = findRuntime(name) ?? skip(`${name} is not on this machine`)
    expect(await onPlane((env) => plain.run(program, 'call-every-noun.js', env, words))).toEqual(await expected())
  })

  test('workerd, after 500 requests at once of which none hung', async ({ skip }) => {
    if (!findPackage('miniflare')) skip('miniflare is not on this machine')
    plain.write('worker.js', workerProgram)
    const more = { BUNDLE: await bundleWorker(plain.folder), RUNTIMES: runtimesFolder ?? '' }
    const run = (requests: number) =>
      onPlane((env) => plain.run(process.execPath, 'run-worker.js', { ...env, ...more, REQUESTS: String(requests) }))
    // On a busy machine some run out of their time, which is an answer with a code.
    const { answers } = Object(await run(500))
    expect(answers).toEqual(expect.arrayContaining([expect.stringContaining('"work":"done"')]))
    for (const answer of answers) expect(answer).toMatch(/"work":"done"|CoreError: /)
    expect(await run(0)).toMatchObject({ everything: await expected() })
  })
})

test('Next.js builds the app of the guide without a Core to reach, and meters its requests', {
  timeout: 300_000,
}, async ({ skip }) => {
  const next = findPackage('next') ?? skip('next is not on this machine')
  await using server = await openTestServer()
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const env = { CORE_URL: url, CORE_KEY: server.keys.smart_layer }
  await using app = await startNextApp(plain.folder, next, 'smart_layer', env)
  for (let request = 0; request < 2; request++) {
    const response = await fetch(`${app.url}/sculptures`, { method: 'POST', body: JSON.stringify({ stone: 'marble' }) })
    expect([response.status, await response.text()]).toEqual([200, 'polished marble\n'])
  }
  const balance = await server.test.database.rpc('ledger_balance', { p_account: 'smart_layer' })
  expect(balance).toMatchObject({ spent: 3_000_000, held: 0 })
})

test('npm is refused, because it would publish the versions of this workspace as they are written', () => {
  const env = { npm_lifecycle_event: 'prepack', npm_config_user_agent: 'npm/11.0.0 node/v24.0.0' }
  expect(build([], env)).toMatchObject({ status: 1, stderr: 'build: pack and publish with pnpm, not with npm\n' })
})

function build(names: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [join(root, 'scripts/build.ts'), ...names], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
}

/** Where pnpm put a package: its files and nothing else. */
function installed(name: string): string {
  return realpathSync(join(plain.folder, 'node_modules', name))
}

/** A program, JavaScript and TypeScript alike, that prints of each module whether it has exports. */
function importAll(modules: readonly string[]): string {
  const imports = modules.map((specifier, index) => `import * as module${index} from '${specifier}'`)
  const answers = modules.map((specifier, index) => `  '${specifier}': Object.keys(module${index}).length > 0,`)
  return [...imports, 'console.log(JSON.stringify({', ...answers, '}))', ''].join('\n')
}
