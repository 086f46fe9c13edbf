import type { Row } from '../row.ts'
import type { BenchContext, Suite } from '../suite.ts'
import { readAftermath } from './aftermath.ts'
import { measureBatches } from './batches.ts'
import { measureBesideNaive } from './beside-naive.ts'
import { measureCoalesced } from './coalesced.ts'
import { measureContention } from './contention.ts'
import { measureGrowth } from './growth.ts'
import { createIds } from './insert-limit.ts'
import { measureLeaseSpend } from './lease-spend.ts'
import { openEmbedded, openServer, type Platform } from './platform.ts'
import { profileBatches } from './profile.ts'
import { measureRest } from './rest.ts'
import { measureSingleCalls } from './single-call.ts'

const platforms = ['server', 'embedded'] as const
const sections = ['single', 'batch', 'coalesced', 'naive', 'contention', 'rest', 'lease', 'growth', 'profile'] as const

/** Measured on both platforms. */
const sharedSections = { single: measureSingleCalls, batch: measureBatches, coalesced: measureCoalesced } as const

interface Chosen {
  platforms: readonly string[]
  sections: readonly string[]
}

/** Everything in one run: the ledger, the limits it is held against and a naive one, on a server and embedded. */
export const suite: Suite = {
  async run(context) {
    const chosen = choose(context.only)
    const rows: Row[] = []
    if (chosen.platforms.includes('server')) {
      await using server = await openServer(context)
      rows.push(...(await runShared(server, chosen, context, server.checkpoint)))
      if (chosen.sections.includes('naive')) rows.push(...(await measureBesideNaive(server, context)))
      if (chosen.sections.includes('contention')) rows.push(...(await measureContention(server, context)))
      if (chosen.sections.includes('rest')) rows.push(...(await measureRest(server, context)))
      if (chosen.sections.includes('lease')) rows.push(...(await measureLeaseSpend(server, context)))
      if (chosen.sections.some(isOnMainDatabase)) rows.push(...(await readAftermath(server)))
      if (chosen.sections.includes('growth')) rows.push(...(await measureGrowth(server, context)))
      if (chosen.sections.includes('profile')) await profileBatches(context)
    }
    if (chosen.platforms.includes('embedded') && chosen.sections.some((section) => section in sharedSections)) {
      await using embedded = await openEmbedded(context)
      rows.push(...(await runShared(embedded, chosen, context)))
      rows.push(...(await readAftermath(embedded)))
    }
    return rows
  },
}

async function runShared(
  platform: Platform,
  chosen: Chosen,
  context: BenchContext,
  pause: () => Promise<void> = async () => undefined,
): Promise<Row[]> {
  const nextId = createIds()
  const rows: Row[] = []
  for (const [section, measure] of Object.entries(sharedSections)) {
    if (!chosen.sections.includes(section)) continue
    rows.push(...(await measure(platform, context, nextId)))
    await pause()
  }
  return rows
}

/** The others have databases of their own. */
function isOnMainDatabase(section: string): boolean {
  return !['rest', 'growth', 'profile'].includes(section)
}

/** A platform named alone means all its sections, a section named alone means it on both. */
function choose(only: readonly string[]): Chosen {
  const known: readonly string[] = [...platforms, ...sections]
  const unknown = only.filter((part) => !known.includes(part))
  if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there is: ${known.join(', ')}`)
  const among = (parts: readonly string[]) => {
    const named = parts.filter((part) => only.includes(part))
    return named.length > 0 ? named : parts
  }
  return { platforms: among(platforms), sections: among(sections) }
}
