import { type CallOptions, CoreError } from '@core/foundation'
import type { Database } from '../database.ts'
import type { SqlSession } from '../sql-session.ts'
import { lacks, readTables } from './read-layout.ts'

/** Whether a seal of the source covers less than the seal of today: its journal lacks columns. */
export async function hasFormerSeal(source: SqlSession): Promise<boolean> {
  const tables = await readTables(source)
  if (!tables.has('ledger_seal')) return false
  return ['above', 'uncollected', 'captured_from'].some((name) => lacks(tables, `ledger_tx.${name}`))
}

/** By the source itself, whose seal covers other columns. */
export async function requireSeal(from: Database, within: CallOptions): Promise<void> {
  const verified = await from.call('ledger_verify', {}, within)
  if (Object(verified).valid === true) return
  throw new CoreError('E_CONFLICT', 'the seal of the source does not fit its journal: nothing was copied', {
    fix: 'Compare it with a backup: `core credits verify` of its version names the first bad block.',
    details: { reason: 'books', isSealed: false },
  })
}

/** The end of the seal; null where nothing is sealed. */
export async function readSeal(session: SqlSession): Promise<string | null> {
  if (!(await readTables(session)).has('ledger_seal')) return null
  const [row] = await session.query("select encode(hash, 'hex') as head from core.ledger_seal order by id desc limit 1")
  return row?.['head'] ?? null
}

/** Before the copy is committed: a target whose books do not fit stays empty. */
export async function requireBooks(target: SqlSession, sealHead: string | null): Promise<void> {
  const [row] = await target.query(
    `select audit ->> 'clean' as clean, audit -> 'violations' ->> 0 as violation, verified ->> 'valid' as valid
     from (select core_api.ledger_audit() as audit, core_api.ledger_verify() as verified) b`,
  )
  const head = await readSeal(target)
  const isClean = row?.['clean'] === 'true'
  const isSealed = row?.['valid'] === 'true'
  if (isClean && isSealed && head === sealHead) return
  const violation = row?.['violation'] ?? null
  throw new CoreError(
    'E_CONFLICT',
    `the books of the source do not fit, and nothing was copied: ${isClean ? 'its seal does not verify' : `violated is ${violation}`}`,
    {
      fix: 'Run `core credits audit` and `core credits verify` of its own version on the source; where both are clean, report this.',
      details: { reason: 'books', isClean, isSealed, head, expected: sealHead, violation },
    },
  )
}
