import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@core/api/client'
import { loadConfig } from '@core/config'
import { type ControlPlane, installProjects, startControlPlane } from '@core/control-plane'
import { createTestDatabase, type TestDatabase } from '@core/database/testing'
import { silentLogger } from '@core/foundation'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** The guide's commands and program, with types that are generated from the document of a control plane that listens. */

const here = dirname(fileURLToPath(import.meta.url))
const page = await readFile(join(here, '../../docs/guides/generate-a-client.md'), 'utf8')
const manifest: unknown = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'))
const compiler = join(here, '../../node_modules/typescript/bin/tsc')
/** Inside this package, so that the program finds the packages it imports; no test of the house reads what is made in `dist`. */
const folder = join(here, 'dist')

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text)
}
const [program = ''] = blocks('ts')
const scopes = ['ledger:read', 'ledger:spend', 'file:read', 'file:write'] as const

let on: TestDatabase
let plane: ControlPlane
let key: string
beforeAll(async () => {
  on = await createTestDatabase({ poolSize: 4 })
  const ownerKey = 'owner-key-of-the-tests-0123456789'
  const overrides = { http: { port: 0 }, ownerKey, database: { driver: 'postgres' as const, url: on.url } }
  const config = loadConfig({ env: { CORE_STORAGE_PROVIDER: 'memory' }, cwd: here, overrides })
  plane = await startControlPlane({ config, logger: silentLogger })
  await installProjects(on.database, { projects: ['smart_layer'], credits: 1_000_000_000 })
  const owner = createClient({ url: plane.url, key: ownerKey })
  key = String(
    (await owner.createApiKey({ params: { project: 'smart_layer' }, body: { name: 'typed', scopes: [...scopes] } }))
      .secret,
  )
  await rm(folder, { recursive: true, force: true }) // of a run that was killed
  await mkdir(join(folder, 'bin'), { recursive: true })
  // npx would ask a registry where it found nothing.
  await writeFile(join(folder, 'bin/npx'), '#!/bin/sh\nexec "$@"\n')
  await chmod(join(folder, 'bin/npx'), 0o755)
  await symlink(process.execPath, join(folder, 'bin/node'))
})
afterAll(async () => {
  await plane.close()
  await on.drop()
  await rm(folder, { recursive: true, force: true })
})

function run(file: string, args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const path = [join(folder, 'bin'), join(here, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  const env = { ...process.env, PATH: path, CORE_URL: plane.url, CORE_KEY: key, NO_COLOR: '1' }
  return new Promise((resolve) => {
    execFile(file, args, { cwd: folder, env, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.signal ?? error.code), stdout, stderr }),
    )
  })
}

test('the packages that the guide installs, and the scopes that it names, are those that this test uses', () => {
  expect([...page.matchAll(/`(\w+:\w+)`/g)].map(([, scope]) => scope)).toEqual(scopes)
  const [install = ''] = blocks('sh')
  const names = [...install.matchAll(/ ([a-z][a-z-]+)(?:@(\d+))?(?=[ \n])/g)].map(([, name]) => name)
  expect(names.filter((name) => name !== 'install').toSorted()).toEqual(
    Object.keys(Object(manifest).devDependencies).toSorted(),
  )
})

test('the generated types compile the program, and refuse one that leaves out the Idempotency-Key', async () => {
  const [, generate = ''] = blocks('sh')
  expect(await run('sh', ['-ec', generate])).toMatchObject({ code: 0 })
  await writeFile(join(folder, 'client.ts'), program)
  const careless = program.replace(", header: { 'Idempotency-Key': 'reserve job-7' }", '')
  await writeFile(join(folder, 'careless.ts'), careless)
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.base.json', include: ['*.ts'], exclude: [] }),
  )
  const { stdout } = await run(process.execPath, [compiler, '-p', '.', '--pretty', 'false'])
  const faults = stdout.split('\n').filter((line) => /^\S+: error /.test(line))
  expect(faults, stdout).toEqual([expect.stringMatching(/^careless\.ts\(\d+,\d+\): error TS2741: .*header/)])
})

test('the program prints what the guide says', async () => {
  await writeFile(join(folder, 'client.ts'), program)
  expect(await run(process.execPath, ['client.ts'])).toEqual({ code: 0, stdout: blocks('text')[0], stderr: '' })
})
