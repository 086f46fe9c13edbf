import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../packages/database/src/testing/index.ts'
import { compilerEnvironment } from './compiler-environment.ts'
import { findHouseFaults } from './house-rules.ts'
import { readMarkdown } from './markdown.ts'
import { findNounFaults, findSqlNounFaults, type TreeFile } from './noun-rules.ts'
import { root } from './root.ts'
import { listFiles } from './tree.ts'

// The page "Add a noun" of CONTRIBUTING.md, followed in a copy of the repository.

const heading = 'Add a noun'
const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
const mutations = 'apps/control-plane/test/mutations.ts'
const blocks: TreeFile[] = readMarkdown(page)
  .blocks.filter((block) => block.heading === heading)
  .map(({ text }) => {
    const [first = '', ...lines] = text.split('\n')
    return { path: first.replace(/^(--|\/\/) /, ''), text: lines.join('\n') }
  })

const files = blocks.filter(({ path }) => path !== mutations)

/** What the table of the page says: where the line of the new noun goes is the line of one that is there. */
const edits = [
  { file: 'packages/api/src/nouns.ts', line: '...noteScopes.scopes,', after: '...flagScopes.scopes,' },
  { file: 'packages/api/src/routes.ts', line: '...note.routes,', after: '...flag.routes,' },
  {
    file: 'packages/api/src/functions.ts',
    line: `export * from './note/functions.ts'`,
    after: `export * from './member/functions.ts'`,
  },
  {
    file: 'packages/api/src/index.ts',
    line: `export { listNotes, setNote } from './note/routes.ts'`,
    after: `export { type Routes, routes } from './routes.ts'`,
  },
  { file: 'apps/control-plane/src/nouns.ts', line: 'note,', after: '  flag,' },
  { file: 'apps/cli/src/program.ts', line: 'addNotes(verbs)', after: 'addFlags(verbs)' },
]

let copy: string
/** Migrated by the generator, with the noun. */
let database: TestDatabase
beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'core-noun-'))
  const isSource = (path: string) => !['.git', '.core', 'node_modules'].includes(basename(path))
  for (const name of readdirSync(root).filter(isSource)) {
    // Links of the packages to each other stay relative, so that they lead to the copy.
    const filter = (path: string) => path.startsWith(join(root, 'examples')) || basename(path) !== '.core'
    cpSync(join(root, name), join(copy, name), { recursive: true, verbatimSymlinks: true, filter })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  for (const { path, text } of files) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    writeFileSync(join(copy, path), text)
  }
  for (const { file, line, after } of edits) {
    const row = page.split('\n').find((text) => text.startsWith(`| \`${file}\``)) ?? ''
    expect(row, file).toContain(line.replaceAll(/[ ,]+$|^ /g, ''))
    const declaration = /`(import .*?)`/.exec(row)?.[1]
    const before = readFileSync(join(copy, file), 'utf8')
    expect(before, `${file} has the line ${after}`).toContain(after)
    const edited = before.replace(after, `${after}${line.startsWith(' ') ? '' : '\n'}${line}`)
    writeFileSync(join(copy, file), declaration === undefined ? edited : `${declaration}\n${edited}`)
  }
  const example = blocks.find(({ path }) => path === mutations)?.text.trimEnd() ?? ''
  const known = readFileSync(join(copy, mutations), 'utf8')
  expect(known).toContain('\n  setFlagForAll: ')
  writeFileSync(join(copy, mutations), known.replace('\n  setFlagForAll: ', `\n${example}\n  setFlagForAll: `))
  database = await createTestDatabase({ empty: true })
  for (const packageName of ['database', 'api']) {
    const { status, stderr } = run(`packages/${packageName}/scripts/generate.ts`, [], {
      CORE_TEST_GENERATE_URL: database.url,
    })
    expect(status, stderr).toBe(0)
  }
}, 240_000)
afterAll(async () => {
  rmSync(copy, { recursive: true, force: true })
  await database?.drop()
})

function run(file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, ['--liftoff-only', join(copy, file), ...args], {
    cwd: copy,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 180_000,
  })
}

test('the compiler accepts it', () => {
  // All that is no test: what a test lists of the nouns, it lists in a file beside it.
  writeFileSync(
    join(copy, 'tsconfig.noun.json'),
    JSON.stringify({
      extends: './tsconfig.base.json',
      include: ['packages', 'apps'],
      exclude: ['**/node_modules', '**/dist', '**/*.test.ts'],
    }),
  )
  const { status, stdout } = spawnSync(
    join(root, 'node_modules/.bin/tsc'),
    ['-p', 'tsconfig.noun.json', '--singleThreaded'],
    {
      cwd: copy,
      env: compilerEnvironment(),
      encoding: 'utf8',
    },
  )
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
}, 240_000)

test('it works from SQL to REST to the command', async () => {
  writeFileSync(join(copy, 'apps/cli/follow.ts'), program)
  const { status, stdout, stderr } = run('apps/cli/follow.ts', [database.url])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const { set, list, rest } = JSON.parse(stdout)
  expect(set).toEqual({ name: 'motto', text: 'Reserve first.' })
  expect(list).toEqual({ notes: [{ name: 'motto', text: 'Reserve first.' }] })
  expect(rest).toEqual(list)
}, 240_000)

test('the rules of the house accept it, and the migration of the new noun is its own file', () => {
  const added = files.map(({ path }) => ({ path, text: readFileSync(join(copy, path), 'utf8') }))
  expect(added.length).toBe(6)
  expect(added.flatMap(({ path, text }) => findHouseFaults(path, text))).toEqual([])
  const sources = ['packages/api/src', 'apps/control-plane/src', 'apps/cli/src']
  const read = (path: string) => ({ path, text: readFileSync(join(copy, path), 'utf8') })
  expect(sources.flatMap((folder) => listFiles(folder, copy).map(read)).flatMap(findNounFaults)).toEqual([])
  expect(findSqlNounFaults(listFiles('supabase/schemas', copy).map(read))).toEqual([])
  expect(readdirSync(join(copy, 'supabase/migrations')).filter((name) => name.includes('note'))).toHaveLength(1)
})

/** A control plane on an empty database, the command against it in the same process, and the same list over HTTP. */
const program = `
import { Readable } from 'node:stream'
import { loadConfig } from '@core/config'
import { startControlPlane } from '@core/control-plane'
import { silentLogger } from '@core/foundation'
import { run } from './src/run.ts'

const key = 'owner-key-of-the-tests-0123456789'
const config = loadConfig({ env: {}, cwd: import.meta.dirname, overrides: { http: { port: 0 }, ownerKey: key } })
await using plane = await startControlPlane({
  config: { ...config, database: { driver: 'postgres', url: process.argv[2] ?? '', timeoutMs: 10_000 } },
  logger: silentLogger,
})
const env = { CORE_URL: plane.url, CORE_OWNER_KEY: key, CORE_PROJECT: 'smart_layer', HOME: import.meta.dirname }
async function core(...args: string[]) {
  let text = ''
  const stdin = Object.assign(Readable.from(['']), { isTTY: false })
  const write = (chunk: string, written?: () => void) => {
    text += chunk
    written?.()
    return true
  }
  const stdout = { isTTY: false, write }
  const io = { stdin, stdout, stderr: process.stderr, env, cwd: import.meta.dirname }
  process.exitCode = await run(['--json', ...args], { ...io, signal: new AbortController().signal })
  return JSON.parse(text)
}
const headers = { authorization: 'Bearer ' + key, 'content-type': 'application/json' }
await fetch(plane.url + '/v1/projects/smart_layer', { method: 'PUT', headers, body: '{}' })
const set = await core('notes', 'set', 'motto', 'Reserve first.')
const list = await core('notes', 'list')
const answer = await fetch(plane.url + '/v1/projects/smart_layer/notes', { headers })
console.log(JSON.stringify({ set, list, rest: await answer.json() }))
`
