import type { Books, Run } from './model-books.ts'
import { holdKey, Refusal, type State } from './model-state.ts'

/** Holds: reserve, extend, capture, settle, void. */
export function holdOperations(state: State, books: Books): Record<string, Run> {
  const {
    isFrozen,
    windowsOf,
    chargeHold,
    accept,
    deny,
    denyHold,
    count,
    countHold,
    windowsOfHold,
    partsOf,
    grantable,
    onAccount,
    onHold,
    post,
    now,
    named,
  } = books
  const { holds } = state

  return {
    reserve: onAccount(true, (account, operation, windows) => {
      const { amount, min, ttl_s: ttl = 120, over = 'cap', hold: given } = operation
      const id = String(given ?? named().hold ?? `unnamed ${holds.size}`)
      const place = holdKey(account.project, id)
      if (holds.has(place)) throw new Refusal('hold_exists')
      if (isFrozen(account)) return deny('account_frozen', account.code, account.purse)
      const granted = grantable(account, Number(amount), Number(min ?? amount), windows)
      if (typeof granted !== 'number') return granted
      const expiresAt = now() + Number(ttl) * 1_000
      const fresh = {
        captured: 0,
        released: 0,
        above: 0,
        uncollected: 0,
        over: String(over),
        status: 'open',
        leased: false,
      }
      holds.set(place, {
        id,
        account,
        amount: granted,
        parts: partsOf(windows, 0, granted),
        ...fresh,
        overBasisPoints: account.overBasisPoints,
        expiresAt,
      })
      account.purse.held += granted
      count(windows, granted, 0)
      return accept(operation, account.project, account.purse, windows, { hold: id, granted, expires_at: expiresAt })
    }),

    extend: onHold((hold, operation) => {
      const { add = 0, min, ttl_s: ttl = 120 } = operation
      const { account } = hold
      const present = Number(add) > 0 ? windowsOf(account) : []
      const windows = windowsOfHold(hold, present)
      if (hold.status !== 'open') return denyHold('hold_closed', hold, { status: hold.status })
      if (Number(add) > 0 && isFrozen(account)) return deny('account_frozen', account.code, account.purse)
      const granted = grantable(account, Number(add), Number(min ?? add), present, windows)
      if (typeof granted !== 'number') return { ...granted, hold: hold.id }
      hold.parts.push(...partsOf(present, hold.amount, hold.amount + granted))
      hold.amount += granted
      hold.expiresAt = Math.max(hold.expiresAt, now() + Number(ttl) * 1_000)
      account.purse.held += granted
      count(present, granted, 0)
      const facts = { hold: hold.id, granted, amount: hold.amount, expires_at: hold.expiresAt }
      return accept(operation, account.project, account.purse, windows, facts)
    }),

    capture: onHold((hold, operation) => {
      const { account } = hold
      const windows = windowsOfHold(hold)
      const amount = Number(operation['amount'])
      const rest = hold.amount - hold.captured
      const facts = { status: hold.status, requested: amount, limit: rest }
      if (hold.status !== 'open') return denyHold('hold_closed', hold, facts)
      if (amount > rest) return denyHold('over_capture', hold, facts)
      hold.captured += amount
      account.purse.held -= amount
      account.purse.out += amount
      countHold(hold, hold.captured - amount, -amount, amount)
      post(account, windows, amount, { hold, from: hold.captured - amount })
      const charged = { hold: hold.id, charged: amount, captured: hold.captured, rest: rest - amount }
      return accept(operation, account.project, account.purse, windows, charged)
    }),

    settle: onHold((hold, operation) => {
      const { account } = hold
      const { purse } = account
      if (hold.status !== 'open' && hold.status !== 'expired') {
        return denyHold('hold_closed', hold, { status: hold.status })
      }
      const isLate = hold.status === 'expired'
      const rest = hold.amount - hold.captured
      const used = Number(operation['amount'] ?? rest)
      if (used > rest && hold.over === 'reject' && !isLate) {
        windowsOf(account) // they are opened before it is decided
        return denyHold('over_capture', hold, { requested: used, limit: rest })
      }
      const part = chargeHold(hold, used)
      const { charged, uncollected } = part
      const flags = [
        isLate && 'late',
        (operation['amount'] ?? null) === null && 'estimated',
        charged > rest && 'overflow',
        uncollected > 0 && 'uncollected',
      ].filter((flag) => flag !== false)
      const released = Math.max(0, rest - charged)
      purse.held -= isLate ? 0 : rest
      countHold(hold, hold.amount - rest, isLate ? 0 : -rest, part.within, part.above, part.present)
      if (!isLate) hold.released = rest - part.within
      hold.status = isLate ? 'settled_late' : 'settled'
      post(account, windowsOfHold(hold), charged, part.charge)
      const facts = { hold: hold.id, status: hold.status, charged, released, uncollected, flags }
      return accept(operation, account.project, purse, part.windows, facts)
    }),

    void: onHold((hold, operation) => {
      const { account, amount } = hold
      if (hold.status !== 'open' || hold.captured > 0) {
        return denyHold('hold_closed', hold, { status: hold.status, captured: hold.captured })
      }
      hold.status = 'voided'
      hold.released = amount
      account.purse.held -= amount
      countHold(hold, 0, -amount, 0)
      const facts = { hold: hold.id, status: 'voided', released: amount }
      return accept(operation, account.project, account.purse, windowsOfHold(hold), facts)
    }),
  }
}
