import { z } from 'zod/mini'
import { type Credits, microCredits } from '../credits.ts'

const amount = z.pipe(
  z.number(),
  z.transform((value: number): Credits => microCredits(value)),
)

const anchor = z.object({
  /** The database's time, in milliseconds since the epoch, … */
  serverAt: z.number(),
  /** … at or after the moment that this machine's clocks showed so, when the call was sent. */
  wallMs: z.number(),
  uptimeMs: z.number(),
  boot: z.string(),
})

/** Ties the database's time to this machine's clocks. */
export type TimeAnchor = z.infer<typeof anchor>

const note = z.discriminatedUnion('note', [
  /** Written before the call to the database, so that a crash in between cannot leave a lease that no journal has. */
  z.object({
    note: z.literal('intent'),
    version: z.literal(1),
    key: z.string(),
    account: z.string(),
    amount,
    ttlSeconds: z.number(),
    device: z.string(),
  }),
  z.object({
    note: z.literal('opened'),
    lease: z.string(),
    amount,
    expiresAt: z.number(),
    anchor,
  }),
  z.object({ note: z.literal('anchor'), anchor }),
  /** The database has the report of this number. */
  z.object({ note: z.literal('acked'), seq: z.number() }),
  /** Made when a journal is compacted: the reports so far in one number, the keys they had. */
  z.object({ note: z.literal('carried'), seq: z.number(), reported: z.number() }),
  z.object({ note: z.literal('keys'), spent: z.array(z.tuple([z.string(), z.number()])) }),
  z.object({ note: z.literal('closing'), key: z.string() }),
  z.object({ note: z.literal('closed') }),
])

/** What a journal records besides spends. */
export type JournalNote = z.infer<typeof note>

/** Throws when it is not a note of this version. */
export function parseNote(json: string): JournalNote {
  return note.parse(JSON.parse(json))
}
