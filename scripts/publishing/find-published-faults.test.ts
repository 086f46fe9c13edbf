import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { findPublishedFaults } from './find-published-faults.ts'

let folder: string | undefined
afterEach(() => {
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** What is said of a sound package with these files besides. */
function faultsOf(files: Record<string, string>): string[] {
  folder = mkdtempSync(join(tmpdir(), 'core-package-'))
  const sound = { 'package.json': '{"name":"@core/toy"}', 'README.md': '', LICENSE: '', 'dist/a.js': '' }
  for (const [file, text] of Object.entries({ ...sound, ...files })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  return findPublishedFaults(folder)
}

const manifest = (more: object) => ({ 'package.json': JSON.stringify({ name: '@core/toy', ...more }) })

const optional = { peerDependencies: { blob: '^1' }, peerDependenciesMeta: { blob: { optional: true } } }

test.each([
  ['an import of a devDependency', { 'dist/b.js': `import pg from 'pg'` }, 'dist/b.js imports pg, which is no'],
  ['a type of one', { 'dist/b.d.ts': `export type A = import('pg').Client` }, 'dist/b.d.ts imports pg, which is no'],
  ['a file left out', { 'dist/b.js': `export * from './c.js'` }, 'imports ./c.js, which is not in the package'],
  ['a declaration left out', { 'dist/b.d.ts': `export * from './a.ts'` }, 'imports ./a.ts, which is not in'],
  ['a test', { 'dist/a.test.js': '' }, 'dist/a.test.js is not for those who install it'],
  ['a source', { 'src/a.ts': '' }, 'src/a.ts is not for those who install it'],
  ['an export without a file', manifest({ exports: { '.': { default: './dist/b.js' } } }), 'which is missing'],
  [
    'a library that may not be installed',
    { ...manifest(optional), 'dist/b.js': `const load = () => import('blob')` },
    'dist/b.js imports blob, which may not be installed, outside a try',
  ],
  ['a version of the workspace', manifest({ dependencies: { pg: 'catalog:' } }), 'which only this workspace knows'],
])('%s is named', (_, files, complaint) => {
  expect(faultsOf(files)).toEqual([expect.stringContaining(complaint)])
})

test('a sound package passes', () => {
  const files = { 'dist/b.js': `import 'pg'; import './a.js'; import '@core/toy'`, 'dist/b.d.ts': `import './b.ts'` }
  expect(faultsOf({ ...manifest({ dependencies: { pg: '^8' } }), ...files })).toEqual([])
})

test('a library that may not be installed is imported in a try, and by test kits as they like', () => {
  const load = `async function load() {\n  try {\n    return await import('blob')\n  } catch {}\n}`
  const files = { 'dist/b.js': load, 'dist/testing/c.js': `import 'blob'` }
  expect(faultsOf({ ...manifest(optional), ...files })).toEqual([])
})
