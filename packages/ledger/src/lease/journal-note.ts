import { z } from 'zod/mini'
import type { Credits } from '../credits.ts'

// Few kinds of schema: each one more is code in every bundle that has a journal.
const number = z.custom<number>(Number.isFinite)
const amount = z.custom<Credits>((value) => Number.isSafeInteger(value) && Number(value) >= 0)
const pair = z.custom<[string, number]>(
  (value) => Array.isArray(value) && typeof value[0] === 'string' && Number.isFinite(value[1]),
)

const anchor = z.object({
  /** The database's time, in milliseconds since the epoch, … */
  serverAt: number,
  /** … at or after the moment that this machine's clocks showed so, when the call was sent. */
  wallMs: number,
  uptimeMs: number,
  boot: z.string(),
})

/** Ties the database's time to this machine's clocks. */
export type TimeAnchor = z.infer<typeof anchor>

const note = z.union([
  /** Written before the call to the database, so that a crash in between cannot leave a lease that no journal has. */
  z.object({
    note: z.literal('intent'),
    version: z.literal(1),
    key: z.string(),
    account: z.string(),
    amount,
    ttlSeconds: number,
    device: z.string(),
  }),
  z.object({
    note: z.literal('opened'),
    lease: z.string(),
    amount,
    expiresAt: number,
    anchor,
  }),
  z.object({ note: z.literal('anchor'), anchor }),
  /** The database has the report of this number. */
  z.object({ note: z.literal('acked'), seq: number }),
  /** Made when a journal is compacted: the reports so far in one number, the keys they had. */
  z.object({ note: z.literal('carried'), seq: number, reported: number }),
  z.object({ note: z.literal('keys'), spent: z.array(pair) }),
  z.object({ note: z.literal('closing'), key: z.string() }),
  z.object({ note: z.literal('closed') }),
])

/** What a journal records besides spends. */
export type JournalNote = z.infer<typeof note>

/** Throws when it is not a note of this version. */
export function parseNote(json: string): JournalNote {
  return note.parse(JSON.parse(json))
}
