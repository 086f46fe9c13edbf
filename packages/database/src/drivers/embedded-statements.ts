import { type PGlite, protocol } from '@electric-sql/pglite'
import type { TextRow } from '../sql-session.ts'

/** Runs statements in text format: parse, bind, execute and sync in one message, 1.6 times as fast as one by one. */
export interface EmbeddedStatements {
  run(sql: string, params: readonly (string | null)[]): Promise<TextRow[]>
  /** The same for a text that comes again: the database keeps it parsed and planned, which is a tenth of a call. */
  runKept(sql: string, params: readonly (string | null)[]): Promise<TextRow[]>
}

interface Kept {
  name: string
  /** Whether the database has it for certain. */
  isParsed: boolean
}

/** Statements kept at a time; of further ones the one used longest ago is forgotten. */
const KEPT = 200

const { serialize } = protocol

export function createEmbeddedStatements(database: PGlite): EmbeddedStatements {
  const kept = new Map<string, Kept>()
  let lastNumber = 0

  /** The entry of a text, moved to the end, with what has to be sent before it is bound. */
  function prepare(sql: string): { entry: Kept; before: Uint8Array[] } {
    const before: Uint8Array[] = []
    const entry = kept.get(sql) ?? { name: `kept_${++lastNumber}`, isParsed: false }
    kept.delete(sql)
    const [oldest] = kept.size >= KEPT ? kept : []
    if (oldest) {
      kept.delete(oldest[0])
      before.push(serialize.close({ type: 'S', name: oldest[1].name }))
    }
    kept.set(sql, entry)
    // Closing one that is not there is no error, and a name cannot be given twice.
    if (!entry.isParsed)
      before.push(serialize.close({ type: 'S', name: entry.name }), serialize.parse({ name: entry.name, text: sql }))
    return { entry, before }
  }

  return {
    run: (sql, params) => send(database, [serialize.parse({ text: sql })], '', params),

    async runKept(sql, params) {
      const { entry, before } = prepare(sql)
      try {
        const rows = await send(database, before, entry.name, params)
        entry.isParsed = true
        return rows
      } catch (error) {
        if (!entry.isParsed || !isOutdated(error)) throw error
        entry.isParsed = false
        return await this.runKept(sql, params)
      }
    },
  }
}

/**
 * What a statement meets when things changed after it was parsed (its arguments have other types now) or a session deallocated
 * it. What it did is undone, and it is parsed again, once: where that was not the reason it fails the same way.
 */
function isOutdated(error: unknown): boolean {
  if (!(error instanceof protocol.messages.DatabaseError)) return false
  const { code = '' } = error
  return code.startsWith('22') || code.startsWith('42') || code === '26000' || code === '0A000'
}

async function send(
  database: PGlite,
  before: Uint8Array[],
  statement: string,
  params: readonly (string | null)[],
): Promise<TextRow[]> {
  const { messages } = await database.execProtocol(
    Buffer.concat([
      ...before,
      serialize.bind({ statement, values: [...params] }),
      serialize.describe({ type: 'P' }),
      serialize.execute({}),
      serialize.sync(),
    ]),
  )
  let columns: string[] = []
  const rows: TextRow[] = []
  for (const message of messages) {
    if (message instanceof protocol.messages.RowDescriptionMessage) columns = message.fields.map((field) => field.name)
    else if (message instanceof protocol.messages.DataRowMessage) {
      rows.push(Object.fromEntries(columns.map((name, index) => [name, message.fields[index] ?? null])))
    }
  }
  return rows
}
