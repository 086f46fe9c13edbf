import type { Database, Json } from '@core/database'
import { uuidv7 } from '@core/foundation'
import type { Contestant } from '../measure.ts'
import { entriesOf } from './answer.ts'
import { MAX_BATCH, openHolds, toBatches } from './operations.ts'

type Cell = string | null
type Arguments = Readonly<Record<string, string>>

/**
 * The limit: plain INSERTs of the hold and journal rows of 1,000 reserves, one statement per table, one round trip and
 * one commit. The rows are those the ledger wrote last, with ids and keys of their own, and are made before the clock
 * runs. `nextId` numbers the journal rows; contestants on one database share it.
 */
export async function createInsertLimit(name: string, database: Database, nextId: () => number): Promise<Contestant> {
  await openHolds(database, 1) // a row to take as the pattern
  const pattern = await database.call('bench_reserve_rows', {})
  const hold = entriesOf(pattern, 'hold').map(toColumn)
  const tx = entriesOf(pattern, 'tx').map(toColumn)
  const known = hold.find(([column]) => column === 'id')?.[1] ?? ''
  let batches: Arguments[] = []

  function toArguments(holds: readonly string[]): Arguments {
    const args: Record<string, string> = {}
    for (const [column, cell] of hold) {
      args[`p_hold_${column}`] = toArray(column === 'id' ? holds : holds.map(() => cell))
    }
    for (const [column, cell] of tx) args[`p_tx_${column}`] = toArray(holds.map((id) => txCell(column, cell, id)))
    return args
  }

  function txCell(column: string, cell: Cell, id: string): Cell {
    if (column === 'id') return String(nextId())
    if (column === 'key') return uuidv7()
    return cell?.replaceAll(known, id) ?? null
  }

  return {
    name,
    step: MAX_BATCH,
    async prepare(operations) {
      batches = toBatches(operations, MAX_BATCH, uuidv7).map(toArguments)
    },
    async run() {
      for (const args of batches) await database.call('bench_insert_rows', args)
      return []
    },
  }
}

/** Journal numbers far above those the bare functions draw. */
export function createIds(): () => number {
  let last = 1_000_000_000
  return () => ++last
}

function toColumn([column, value]: [string, Json]): [string, Cell] {
  if (value !== null && typeof value !== 'string') throw new Error(`the column ${column} did not come as a text`)
  return [column, value]
}

/** An array in Postgres's text format. */
function toArray(cells: readonly Cell[]): string {
  const quoted = cells.map((cell) =>
    cell === null ? 'NULL' : `"${cell.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  )
  return `{${quoted.join(',')}}`
}
