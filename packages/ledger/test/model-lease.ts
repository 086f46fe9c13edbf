import { DAY_MS } from './calendar.ts'
import type { Books, Run } from './model-books.ts'
import { holdKey, type Lease, Refusal, type State } from './model-state.ts'

/** From the end of a lease until its unreported rest goes back. */
const graceMs = DAY_MS

/** A lease as answers show it at an instant. */
export function viewLease(lease: Lease, now: number) {
  const { hold } = lease
  const returnsAt = lease.expiresAt + graceMs
  const isReturned = hold.status !== 'open' || returnsAt <= now
  const running = lease.expiresAt <= now ? 'expired' : 'open'
  const status = lease.closedAt !== null ? 'closed' : isReturned ? 'returned' : running
  return {
    lease: lease.id,
    account: hold.account.code,
    device: lease.device,
    status,
    amount: lease.amount,
    reported: lease.reported,
    seq: lease.seq,
    flags: [...lease.flags],
    rest: status === running ? hold.amount - hold.captured : 0,
    opened_at: lease.openedAt,
    expires_at: lease.expiresAt,
    returns_at: returnsAt,
    closed_at: lease.closedAt,
  }
}

/** Credit leases: open, report, close. */
export function leaseOperations(state: State, books: Books): Record<string, Run> {
  const { holds, leases } = state
  const {
    available,
    isFrozen,
    lock,
    replay,
    accept,
    deny,
    count,
    countHold,
    windowsOfHold,
    partsOf,
    grantable,
    onAccount,
    post,
    chargeHold,
    now,
    named,
  } = books

  function find(id: unknown): Lease {
    const lease = leases.get(String(id))
    if (!lease) throw new Refusal('lease_not_found')
    lock(lease.hold.account)
    return lease
  }

  function denyClosed({ id, hold }: Lease) {
    const facts = { lease: id, hold: id, status: hold.status }
    return deny('hold_closed', hold.account.code, hold.account.purse, windowsOfHold(hold), facts)
  }

  return {
    lease_open: onAccount(true, (account, operation, windows) => {
      const { purse } = account
      const amount = Number(operation['amount'])
      if (isFrozen(account)) return deny('account_frozen', account.code, purse)
      const limit = Math.floor(Math.max(0, available(purse)) / 5)
      const granted = grantable(account, amount, amount, windows)
      if (typeof granted !== 'number') return granted
      if (amount > limit) return deny('lease_limit', account.code, purse, windows, { requested: amount, limit })
      const id = named().hold ?? `unnamed ${holds.size}`
      const expiresAt = now() + Number(operation['ttl_s']) * 1_000
      const fresh = { captured: 0, released: 0, above: 0, uncollected: 0, over: 'cap', status: 'open', leased: true }
      const parts = partsOf(windows, 0, amount)
      const hold = {
        id,
        account,
        amount,
        parts,
        ...fresh,
        overBasisPoints: account.overBasisPoints,
        expiresAt: expiresAt + graceMs,
      }
      const none = { reported: 0, seq: 0, flags: [], closedAt: null }
      const lease: Lease = {
        id,
        hold,
        device: String(operation['device']),
        amount,
        ...none,
        openedAt: now(),
        expiresAt,
      }
      holds.set(holdKey(account.project, id), hold)
      leases.set(id, lease)
      purse.held += amount
      count(windows, amount, 0)
      return accept(operation, account.project, purse, windows, viewLease(lease, now()))
    }),

    lease_report(operation) {
      const { items, seq } = operation
      const lease = find(operation['lease'])
      const { hold } = lease
      const { account } = hold
      const windows = windowsOfHold(hold)
      const { purse } = account
      // A report has no key of the caller's: its number is one.
      const numbered = { ...operation, key: `core:lease:${lease.id}:${seq}` }
      const replayed = replay(account.project, numbered)
      if (replayed) return replayed
      if (lease.closedAt !== null) return denyClosed(lease)
      if (seq !== lease.seq + 1) {
        return deny('lease_gap', account.code, purse, windows, { lease: lease.id, seq, expected: lease.seq + 1 })
      }
      let sum = 0
      for (const item of Array.isArray(items) ? items : []) sum += typeof item === 'number' ? item : item.amount
      const isOpen = hold.status === 'open'
      const isOver = lease.reported + sum > lease.amount
      const { within, above, charged, uncollected, present, charge, windows: shown } = chargeHold(hold, sum)
      const flags = [
        ...(isOpen ? [] : ['late']),
        ...(isOver ? ['overflow'] : []),
        ...(uncollected > 0 ? ['uncollected'] : []),
      ]
      lease.reported += sum
      lease.seq += 1
      lease.flags.push(...flags.filter((flag) => !lease.flags.includes(flag)))
      purse.held -= within
      countHold(hold, hold.captured - within, -within, within, above, present)
      post(account, windows, charged, charge)
      const facts = { ...viewLease(lease, now()), charged, uncollected, flags }
      return accept(numbered, account.project, purse, shown, facts)
    },

    lease_close(operation) {
      const lease = find(operation['lease'])
      const { hold } = lease
      const { account } = hold
      const windows = windowsOfHold(hold)
      const replayed = replay(account.project, operation)
      if (replayed) return replayed
      if (lease.closedAt !== null) return denyClosed(lease)
      const rest = hold.status === 'open' ? hold.amount - hold.captured : 0
      if (hold.status === 'open') {
        hold.status = 'settled'
        hold.released = rest
      }
      lease.closedAt = now()
      account.purse.held -= rest
      countHold(hold, hold.captured, -rest, 0)
      return accept(operation, account.project, account.purse, windows, { ...viewLease(lease, now()), released: rest })
    },
  }
}
