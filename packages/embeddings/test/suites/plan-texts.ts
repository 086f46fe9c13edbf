import { dirname, join } from 'node:path'
import { findPostgresBinaries } from '@core/database/testing'
import pg from 'pg'
import { expect, test } from 'vitest'
import type { EmbeddingsUnderTest } from '../embeddings-under-test.ts'
import { planCases, preparePlanCases } from './plan-cases.ts'

/** What EXPLAIN says of every statement inside the functions, at the tenth call of a session; on a server with auto_explain. */
export function describePlanTexts(open: () => EmbeddingsUnderTest, url: () => string): void {
  test('EXPLAIN of the tenth call of every function names its indexes, and no scan of all items or vectors', async ({
    skip,
  }) => {
    const { bind, toIndex } = await preparePlanCases(open())
    const client = new pg.Client({ connectionString: url() })
    await client.connect()
    try {
      if (!(await loadExplain(client))) return skip('this server has no auto_explain')
      let plans = ''
      client.on('notice', ({ message }) => {
        plans += `${message}\n`
      })
      const faults: string[] = []
      for (const [name, { call, setup = '', uses = [], scans }] of Object.entries(planCases)) {
        for (let at = 1; at <= 10; at++) {
          if (setup !== '') await client.query(`do $do$ begin ${bind(setup).replace(/;$/, '')}; end $do$`)
          plans = ''
          if (at === 10) await client.query('set auto_explain.log_min_duration = 0')
          await client.query(`select ${bind(call).replaceAll(/\bi\b(?=::text|\))/g, `${at}`)}`)
          await client.query('set auto_explain.log_min_duration = -1')
        }
        for (const index of uses.map(toIndex)) if (!plans.includes(index)) faults.push(`${name} does not use ${index}`)
        const scan = /Seq Scan on (?:core\.)?embedding_(?:item|vector_\d+|cache|queue)\b/.exec(plans)
        if (scan !== null && scans === undefined) faults.push(`${name}: ${scan[0]}`)
        if (!plans.includes('Query Text')) faults.push(`${name} shows no plan`)
      }
      expect(faults).toEqual([])
    } finally {
      await client.end()
    }
  })
}

/** The server's own module, or that of the same major version from npm. */
async function loadExplain(client: pg.Client): Promise<boolean> {
  const { postgres } = await findPostgresBinaries()
  for (const module of ['auto_explain', join(dirname(postgres), '../lib/postgresql/auto_explain.so')]) {
    try {
      await client.query(`load '${module}'`)
      await client.query(
        `set auto_explain.log_min_duration = -1; set auto_explain.log_nested_statements = on; set auto_explain.log_level = notice`,
      )
      return true
    } catch {
      // Not on this server, or not for its version; the next one.
    }
  }
  return false
}
