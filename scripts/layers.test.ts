import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
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

test('imports are read from the syntax tree, not from look-alikes in strings and comments', () => {
  const source = `import type { A } from 'a'
    export * from 'b'
    export { c } from 'c'
    type D = import('d').D
    const e = await import('e')
    // import 'f'
    const text = "import 'g'"`
  expect(importsOf(source).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
})
