import type { Books, Run } from './model-books.ts'
import { Refusal, type State } from './model-state.ts'

/** What posts at once: charge, transfer, refund. */
export function chargeOperations(state: State, books: Books): Record<string, Run> {
  const {
    available,
    balanceOf,
    isFrozen,
    replay,
    accept,
    deny,
    count,
    countHold,
    windowsOfHold,
    grantable,
    onAccount,
    lock,
    post,
  } = books
  const { accounts, charges, others } = state

  return {
    charge: onAccount(true, (account, operation, windows) => {
      const amount = Number(operation['amount'])
      if (isFrozen(account)) return deny('account_frozen', account.code, account.purse)
      const granted = grantable(account, amount, amount, windows)
      if (typeof granted !== 'number') return granted
      account.purse.out += amount
      count(windows, 0, amount)
      post(account, windows, amount)
      return accept(operation, account.project, account.purse, windows, { account: account.code, charged: amount })
    }),

    transfer(operation) {
      const from = accounts.get(String(operation['from']))
      const to = accounts.get(String(operation['to']))
      const amount = Number(operation['amount'])
      if (!from) return deny('account_not_found', String(operation['from']))
      if (!to) return deny('account_not_found', String(operation['to']))
      if (from.purse === to.purse) throw new Refusal('same_purse')
      lock(from, to)
      const replayed = replay(from.project, operation)
      if (replayed) return replayed
      if (isFrozen(from)) return deny('account_frozen', from.code, from.purse)
      if (isFrozen(to)) return deny('account_frozen', to.code)
      const moved = Math.min(amount, available(from.purse))
      if (moved < (operation['mode'] === 'up_to' ? 1 : amount)) {
        return deny('insufficient_credits', from.code, from.purse, [], { requested: amount })
      }
      from.purse.out += moved
      to.purse.in += moved
      const facts = { from: from.code, to: to.code, moved, to_balance: balanceOf(to.purse) }
      return accept(operation, from.project, from.purse, [], facts)
    },

    refund(operation) {
      const charge = charges.get(Number(operation['tx']))
      if (!charge) throw new Refusal(others.has(Number(operation['tx'])) ? 'not_refundable' : 'tx_not_found')
      const { account, windows } = charge
      lock(account)
      const replayed = replay(account.project, operation)
      if (replayed) return replayed
      if (account.purse.status === 'closed') throw new Refusal('account_closed')
      const amount = Number(operation['amount'] ?? charge.left)
      if (amount > charge.left || charge.left === 0) throw new Refusal('over_refund')
      // What was charged last goes back first: above the hold before what was within it.
      const above = Math.min(charge.above, amount)
      charge.above -= above
      charge.left -= amount
      account.purse.out -= amount
      const stays = charge.from + charge.left - charge.above
      if (charge.hold) countHold(charge.hold, stays, 0, above - amount, -above, charge.aboveWindows)
      else count(windows, 0, -amount)
      const shown = charge.hold ? windowsOfHold(charge.hold, charge.aboveWindows) : windows
      const facts = { account: account.code, refunded: amount, left: charge.left }
      return accept(operation, account.project, account.purse, shown, facts)
    },
  }
}
