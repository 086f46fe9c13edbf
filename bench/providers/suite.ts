import type { Row } from '../row.ts'
import type { Suite } from '../suite.ts'
import { measureChat } from './chat.ts'
import { measureCost } from './cost.ts'
import { measureEstimate } from './estimate.ts'
import { measureUpload } from './upload.ts'

const sections = { cost: measureCost, estimate: measureEstimate, chat: measureChat, upload: measureUpload } as const

/** What a call of a model costs beside what it waits for: pricing, estimating, and the way through the SDK. */
export const suite: Suite = {
  async run(context) {
    const unknown = context.only.filter((section) => !(section in sections))
    if (unknown.length > 0)
      throw new Error(`no part ${unknown.join(', ')}; there is: ${Object.keys(sections).join(', ')}`)
    const rows: Row[] = []
    for (const [section, measure] of Object.entries(sections)) {
      if (context.only.length === 0 || context.only.includes(section)) rows.push(...(await measure(context)))
    }
    return rows
  },
}
