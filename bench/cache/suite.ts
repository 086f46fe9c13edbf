import { join } from 'node:path'
import { openDatabase } from '@core/database'
import { startPostgresServer } from '@core/database/testing'
import type { Row } from '../row.ts'
import type { Suite } from '../suite.ts'
import { measureHits } from './hits.ts'
import { measureBatches, measureStaleness, measureSweep } from './shared.ts'
import { measureHitRatio } from './zipf.ts'

const sections = {
  hits: undefined,
  batches: measureBatches,
  sweep: measureSweep,
  staleness: measureStaleness,
  zipf: measureHitRatio,
} as const

/** The cache beside lru-cache, bentocache, cacheable and cache-manager; its shared tier on a server of its own. */
export const suite: Suite = {
  async run(context) {
    const { only, progress } = context
    const unknown = only.filter((section) => !(section in sections))
    if (unknown.length > 0)
      throw new Error(`no part ${unknown.join(', ')}; there is: ${Object.keys(sections).join(', ')}`)
    const isChosen = (section: string) => only.length === 0 || only.includes(section)
    const rows: Row[] = []
    if (isChosen('hits')) rows.push(...(await measureHits(context)))
    const shared = Object.entries(sections).filter(([section, run]) => run !== undefined && isChosen(section))
    if (shared.length === 0) return rows
    progress('starting a server')
    const server = await startPostgresServer({ folder: join(context.folder, 'server'), durable: true, migrated: true })
    try {
      await using database = await openDatabase({ driver: 'postgres', url: server.url() })
      for (const [section, run] of shared) {
        progress(section)
        rows.push(...((await run?.(database, context)) ?? []))
      }
    } finally {
      await server.stop()
    }
    return rows
  },
}
