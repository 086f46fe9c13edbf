import type { Row } from '../row.ts'
import type { BenchContext, Suite } from '../suite.ts'
import { measureCalls, measureLatency } from './calls.ts'
import { measureChoice } from './choice.ts'
import { measureCredits } from './credits.ts'
import { measureLog } from './log.ts'
import { type Gateways, openGateways } from './open-gateways.ts'
import { measureStreams } from './streams.ts'

const sections: Readonly<Record<string, (gateways: Gateways, context: BenchContext) => Promise<Row[]>>> = {
  calls: measureCalls,
  latency: measureLatency,
  streams: measureStreams,
  credits: measureCredits,
  log: measureLog,
}

/** The gateway with its real ledger beside Portkey's and a direct call, on the same provider. */
export const suite: Suite = {
  async run(context) {
    const { only, progress } = context
    const names = ['choice', ...Object.keys(sections)]
    const unknown = only.filter((section) => !names.includes(section))
    if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there is: ${names.join(', ')}`)
    const isChosen = (section: string) => only.length === 0 || only.includes(section)
    const rows: Row[] = []
    if (isChosen('choice')) rows.push(...(await measureChoice(context)))
    const chosen = Object.entries(sections).filter(([section]) => isChosen(section))
    if (chosen.length === 0) return rows
    context.describe('not measured here', {
      LiteLLM: 'its budgets need a database client whose engine is downloaded when it is installed',
      'streams of Portkey': 'version 1.15.2 answers them with 500 on Node 24',
    })
    progress('starting servers')
    await using gateways = await openGateways(context.folder)
    for (const [section, run] of chosen) {
      progress(section)
      rows.push(...(await run(gateways, context)))
    }
    return rows
  },
}
