import type { Row } from '../row.ts'
import type { BenchContext, Suite } from '../suite.ts'
import { measureDriver } from './calls.ts'
import { measureOpening } from './open.ts'
import { openProject, type ProjectOfPlane } from './open-project.ts'
import { measureReserves } from './reserves.ts'

const sections: Readonly<Record<string, (place: ProjectOfPlane, context: BenchContext) => Promise<Row[]>>> = {
  open: measureOpening,
  calls: measureDriver,
  reserves: measureReserves,
}

/** A sibling that has a URL and a key, beside one that calls the same addresses by hand. */
export const suite: Suite = {
  async run(context) {
    const { only, progress } = context
    const unknown = only.filter((section) => !(section in sections))
    if (unknown.length > 0)
      throw new Error(`no part ${unknown.join(', ')}; there is: ${Object.keys(sections).join(', ')}`)
    progress('starting a control plane')
    await using place = await openProject(context.folder)
    const rows: Row[] = []
    for (const [section, measure] of Object.entries(sections)) {
      if (only.length > 0 && !only.includes(section)) continue
      progress(section)
      rows.push(...(await measure(place, context)))
    }
    return rows
  },
}
