import type { Row } from '../row.ts'
import type { BenchContext, Suite } from '../suite.ts'
import { measureDrops } from './drops.ts'
import { measureGate } from './gate.ts'
import { measureLimiter } from './limiter.ts'
import { measurePipeline } from './pipeline.ts'
import { measureSockets } from './sockets.ts'
import { measureTraffic } from './traffic.ts'
import { measureWorstBodies } from './worst-bodies.ts'

const sections: Readonly<Record<string, (context: BenchContext) => Promise<Row[]>>> = {
  pipeline: measurePipeline,
  gate: measureGate,
  limiter: measureLimiter,
  traffic: measureTraffic,
  sockets: measureSockets,
  drops: measureDrops,
  worst: measureWorstBodies,
}

/** The control plane as it runs, in a process of its own, held against its goals. */
export const suite: Suite = {
  async run(context) {
    const unknown = context.only.filter((part) => !(part in sections))
    if (unknown.length > 0) {
      throw new Error(`no part ${unknown.join(', ')}; there is: ${Object.keys(sections).join(', ')}`)
    }
    const rows: Row[] = []
    for (const [name, measure] of Object.entries(sections)) {
      if (context.only.length > 0 && !context.only.includes(name)) continue
      context.progress(name)
      rows.push(...(await measure(context)))
    }
    return rows
  },
}
