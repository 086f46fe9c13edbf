import type { Database, Json } from '@core/database'
import { isObject } from '@core/foundation'

export interface ChaosLeaseOptions {
  database: Database
  /** Begins every key. */
  name: string
  signal: AbortSignal
  /** Sends a call until its outcome is known; its answer, or null where it was denied, refused or given up. */
  settle: (key: string, send: () => Promise<Json>) => Promise<Json>
}

/** Leases one after the other: opened, reported in a few numbers, some beyond what they have, closed or abandoned. */
export async function runChaosLeases({ database, name, signal, settle }: ChaosLeaseOptions): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    const p_key = `${name}.${round}`
    const account = { p_account: round % 2 ? 'pool/a' : 'solo', p_amount: 40, p_ttl_s: 600, p_device: name }
    const opened = await settle(p_key, () => database.call('ledger_lease_open', { p_key, ...account }))
    const lease = leaseOf(opened)
    if (lease === undefined) continue
    const reports = 1 + Math.floor(Math.random() * 5)
    for (let seq = 1; seq <= reports && !signal.aborted; seq++) {
      const p_items = [1, 2].map((amount) => ({ amount: amount + (round % 8), at: '2026-06-15T10:00:00Z' }))
      await settle(`core:lease:${lease}:${seq}`, () =>
        database.call('ledger_lease_report', { p_lease: lease, p_seq: seq, p_items }),
      )
    }
    if (Math.random() < 0.2) continue
    const close = { p_key: `${p_key}.close`, p_lease: lease }
    await settle(close.p_key, () => database.call('ledger_lease_close', close))
  }
}

function leaseOf(answer: Json): string | undefined {
  return isObject(answer) && typeof answer['lease'] === 'string' ? answer['lease'] : undefined
}
