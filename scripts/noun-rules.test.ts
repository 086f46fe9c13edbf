import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findNounFaults, findSqlNounFaults } from './noun-rules.ts'
import { root } from './root.ts'
import { listFiles } from './tree.ts'

const read = (path: string) => ({ path, text: readFileSync(join(root, path), 'utf8') })

test('no noun uses a file of another, and no central file names one', () => {
  const files = ['packages/api/src', 'apps/control-plane/src', 'apps/cli/src'].flatMap((folder) => listFiles(folder))
  expect(files.map(read).flatMap(findNounFaults)).toEqual([])
})

test('no noun’s SQL names what another one keeps to itself', () => {
  const files = listFiles('supabase/schemas').filter((path) => path.endsWith('.sql'))
  expect(files.length).toBeGreaterThan(20)
  expect(findSqlNounFaults(files.map(read))).toEqual([])
})

describe('what the rules would say', () => {
  const plane = 'apps/control-plane/src'

  test.each([
    [
      'a noun that uses another',
      `${plane}/nouns/key/routes.ts`,
      '../ledger/expiry.ts',
      'a noun uses no file of another',
    ],
    ['the same in the command', 'apps/cli/src/nouns/key/list.ts', '../flag/view.ts', 'a noun uses no file of another'],
    [
      'the same in the contract',
      'packages/api/src/key/fields.ts',
      '../flag/routes.ts',
      'a noun uses no file of another',
    ],
    ['a central file', `${plane}/http/server.ts`, '../nouns/ledger/metrics.ts', 'name nouns'],
  ])('%s is named', (_, path, specifier, complaint) => {
    expect(findNounFaults({ path, text: `import { x } from '${specifier}'` }).join()).toContain(complaint)
  })

  test.each([
    ['its own files', `${plane}/nouns/ledger/loops.ts`, './sealing.ts'],
    ['what is shared', 'packages/api/src/key/routes.ts', '../contract/field.ts'],
    ['a noun, from where they are listed', `${plane}/process/compose.ts`, '../nouns/ledger/loops.ts'],
  ])('%s may be used', (_, path, specifier) => {
    expect(findNounFaults({ path, text: `import { x } from '${specifier}'` })).toEqual([])
  })

  const schema = (path: string, text: string) => ({ path: `supabase/schemas/${path}`, text })
  const steps = schema('80_ledger/10_steps.sql', 'create function core.ledger_step() returns void')
  const inner = schema('80_ledger/hold.sql', 'create table core.ledger_hold (id bigint)')

  test('SQL may call the steps of a lower-numbered noun, 00_core, and functions of core_api', () => {
    const emit = schema('00_core/40_event.sql', 'create or replace function core.emit() returns void')
    const user = schema('89_task/10_run.sql', 'perform core.ledger_step(); perform core.emit(); -- core.ledger_hold')
    expect(findSqlNounFaults([steps, inner, emit, user])).toEqual([])
    expect(findSqlNounFaults([inner, schema('89_task/run.sql', 'select core_api.ledger_hold()')])).toEqual([])
  })

  test('a table of another noun is named, and a step of a higher-numbered one', () => {
    const user = schema('89_task/10_run.sql', 'select from core.ledger_hold')
    expect(findSqlNounFaults([steps, inner, user]).join()).toContain('89_task/10_run.sql names core.ledger_hold of 80')
    const lower = schema('20_key/10_use.sql', 'perform core.ledger_step()')
    expect(findSqlNounFaults([steps, lower]).join()).toContain('a noun with a higher number')
  })
})
