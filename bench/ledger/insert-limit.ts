import type { Database, Json } from '@core/database'
import { uuidv7 } from '@core/foundation'
import type { Contestant } from '../measure.ts'
import { entriesOf, itemsOf, resultsOf } from './answer.ts'
import { MAX_BATCH, openHolds, settleOperation, toBatches } from './operations.ts'

type Cell = string | null
type Arguments = Readonly<Record<string, string>>

/**
 * The limit: plain INSERTs of what 1,000 reserves or settles write, one statement per table, one round trip and one commit:
 * hold and journal rows, and of a settle its two entries. The rows are those the ledger wrote last, with ids and keys of
 * their own, and are made before the clock runs. `nextId` numbers the journal rows; contestants on one database share it.
 */
export async function createInsertLimit(
  name: string,
  database: Database,
  nextId: () => number,
  op: 'reserve' | 'settle' = 'reserve',
): Promise<Contestant> {
  const [opened = ''] = await openHolds(database, 1) // a row to take as the pattern
  if (op === 'settle') resultsOf(await database.rpc('ledger_batch_json', { p_ops: [settleOperation(opened)] }))
  const pattern = await database.call('bench_rows', { p_op: op })
  const hold = entriesOf(pattern, 'hold').map(toColumn)
  const tx = entriesOf(pattern, 'tx').map(toColumn)
  const entries = itemsOf(pattern, 'entries').map((entry) => new Map(Object.entries(entry).map(toColumn)))
  const known = hold.find(([column]) => column === 'id')?.[1] ?? ''
  let batches: Arguments[] = []

  function toArguments(holds: readonly string[]): Arguments {
    const args: Record<string, string> = {}
    const ids = holds.map(() => String(nextId()))
    for (const [column, cell] of hold) {
      args[`p_hold_${column}`] = toArray(column === 'id' ? holds : holds.map(() => cell))
    }
    for (const [column, cell] of tx) {
      args[`p_tx_${column}`] = toArray(
        holds.map((id, at) => (column === 'id' ? (ids[at] ?? '') : txCell(column, cell, id))),
      )
    }
    for (const column of entries[0]?.keys() ?? []) {
      const cells = ids.flatMap((id) => entries.map((entry) => (column === 'tx_id' ? id : (entry.get(column) ?? null))))
      args[`p_entry_${column}`] = toArray(cells)
    }
    return args
  }

  function txCell(column: string, cell: Cell, id: string): Cell {
    return column === 'key' ? uuidv7() : (cell?.replaceAll(known, id) ?? null)
  }

  return {
    name,
    step: MAX_BATCH,
    async prepare(operations) {
      batches = toBatches(operations, MAX_BATCH, uuidv7).map(toArguments)
    },
    async run() {
      for (const args of batches) await database.call(`bench_insert_${op}s`, args)
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
