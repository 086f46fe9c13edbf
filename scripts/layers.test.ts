import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findImportCycles } from './import-cycles.ts'
import { importsOf } from './imports.ts'
import { findLayerFaults } from './layers.ts'
import { root } from './root.ts'
import { listFiles } from './tree.ts'
import { listPackages } from './workspace.ts'

test.each(listPackages())(
  '$folder imports only what its package.json names, and only downwards',
  ({ folder, manifest }) => {
    const files = listFiles(folder)
      .filter((path) => path.endsWith('.ts'))
      .map((path) => ({ path: path.slice(folder.length + 1), text: readFileSync(join(root, path), 'utf8') }))
    expect(files.length).toBeGreaterThan(0)
    expect(findLayerFaults(manifest, files)).toEqual([])
  },
)

describe('what the check would say', () => {
  const ledger = { name: '@core/ledger', version: '0.1.0', dependencies: { '@core/database': '*', zod: '*' } }
  const faultsOf = (path: string, text: string, manifest = ledger) =>
    findLayerFaults(manifest, [
      { path, text },
      { path: 'src/index.ts', text: `import '@core/database'; import 'zod'` },
    ])

  test.each([
    ['a sideways import', `import { createCache } from '@core/cache'`, 'points up or sideways'],
    ['an upward type import', `type Core = import('@core/sdk').Core`, 'points up or sideways'],
    ['an undeclared library', `const pg = await import('pg')`, 'not in its package.json'],
    ['a path into a neighbour', `export { x } from '../../database/src/x.ts'`, 'outside its own package'],
    ['a package without a layer', `export * from '@core/nowhere'`, 'without a layer'],
  ])('%s is named', (_, text, complaint) => {
    expect(faultsOf('src/ledger.ts', text).join('\n')).toContain(complaint)
  })

  test('a downward import of a declared package passes', () => {
    expect(faultsOf('src/ledger.ts', `import { openDatabase } from '@core/database'`)).toEqual([])
  })

  test('an unused dependency is named', () => {
    const faults = findLayerFaults(ledger, [{ path: 'src/index.ts', text: `import '@core/database'` }])
    expect(faults).toEqual(['@core/ledger depends on zod and does not use it'])
  })

  test('shipped code may not use a devDependency, its tests may', () => {
    const manifest = { ...ledger, devDependencies: { pg: '*' } }
    expect(faultsOf('src/ledger.ts', `import 'pg'`, manifest)).toHaveLength(1)
    expect(faultsOf('test/ledger.test.ts', `import 'pg'`, manifest)).toEqual([])
  })
})

test('imports are read from the syntax, not from look-alikes in strings and comments', () => {
  const source = `import type { A } from 'a'
    export * from 'b'
    export { c } from 'c'
    const d = await import('d')
    // import 'x'
    const text = "import 'y'"`
  expect(importsOf(source).sort()).toEqual(['a', 'b', 'c', 'd'])
  const further = `type E = import('e').E
    declare module 'x' { import type { F } from 'f' }`
  expect(importsOf(`${source}\n${further}`).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test('no file of the repository imports itself by way of others, also where only types do', () => {
  const files = listFiles().filter((path) => path.endsWith('.ts'))
  const imports = files.map((path) => [path, importsOf(readFileSync(join(root, path), 'utf8'))] as const)
  expect(findImportCycles(new Map(imports))).toEqual([])
})

test.each([
  ['two files', { 'p/a.ts': ['./b.ts'], 'p/b.ts': ['node:fs', './a.ts'] }, ['p/a.ts → p/b.ts → p/a.ts']],
  ['itself', { 'p/a.ts': ['./a.ts'] }, ['p/a.ts → p/a.ts']],
  [
    'a cycle behind a way in',
    { 'in.ts': ['./p/a.ts'], 'p/a.ts': ['./q/b.ts'], 'p/q/b.ts': ['../c.ts'], 'p/c.ts': ['./a.ts'] },
    ['p/a.ts → p/q/b.ts → p/c.ts → p/a.ts'],
  ],
  ['two ways to one file', { 'a.ts': ['./b.ts', './c.ts'], 'b.ts': ['./d.ts'], 'c.ts': ['./d.ts'], 'd.ts': [] }, []],
])('import cycles: %s', (_, imports, cycles) => {
  expect(findImportCycles(new Map(Object.entries(imports)))).toEqual(cycles)
})
