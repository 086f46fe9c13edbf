import { capOf, openWindow, restOf, viewWindows, type Window } from './model-budget.ts'
import { type Account, type Answer, emptyState, type Hold, type Operation, Refusal, type State } from './model-state.ts'

/** Fields that count as given when they are not: a replay may spell them out. */
const defaults: Readonly<Record<string, Partial<Operation>>> = {
  account_open: { kind: 'project', parent: null, overdraft: 0, funding: 'own' },
  account_update: { status: null, overdraft: null },
  reserve: { hold: null, min: null, ttl_s: 120, over: 'overflow' },
  settle: { amount: null },
  extend: { add: 0, min: null, ttl_s: 120 },
  transfer: { mode: 'exact' },
  refund: { amount: null },
  budget_set: { tz: 'UTC', carry_cap: 0, alert_bp: [8_000, 10_000] },
}

export interface Model {
  /** Runs one call at an instant. `ids` are those that the database gave, where it accepted. */
  apply(operation: Operation, at: number, ids?: Ids): Answer
  /** What `ledger_balance` says of an account. */
  balance(code: string, at: number): Answer
  expireHold(id: string): void
  /** Counters of every account, by code. */
  accounts(): { code: string; total_in: number; total_out: number; held: number; status: string }[]
  /** What every window has counted, those that were only opened left out. */
  windows(): { account: string; budget: string; start: number | null; spent: number; held: number }[]
  holds(): { id: string; amount: number; captured: number; released: number; status: string }[]
  transactions(): { charges: number[]; others: number[] }
  alerts(): Answer[]
  /** A copy that goes its own way. */
  fork(): Model
}
interface Ids {
  tx?: number | undefined
  hold?: string | undefined
}
interface ModelOptions {
  lazyExpiry?: boolean
  state?: State
}

/**
 * The ledger in memory: what it should do, with none of how. Times are milliseconds since the epoch and given with
 * each call. `lazyExpiry` false leaves expiry to `expireHold`, for a journal that names each one.
 */
export function createModel({ lazyExpiry = true, state = emptyState() }: ModelOptions = {}): Model {
  const { accounts, holds, budgets, charges, others, keys, alerts } = state
  let now = 0
  /** What the database has named: the transaction, and a hold without an id of the caller's. */
  let named: Ids = {}
  let touched: Window[] = []

  function apply(operation: Operation, at: number, ids: Ids = {}): Answer {
    now = at
    named = ids
    touched = []
    try {
      const run = operations[operation.op]
      if (!run) throw new Error(`the model has no ${operation.op}`)
      return run(operation)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      for (const { budget, start } of touched) budget.windows.delete(start)
      return { refused: error.reason, ...(error.fields && { fields: error.fields }) }
    }
  }

  const available = (purse: Account) => purse.in - purse.out - purse.held + purse.overdraft
  const balanceOf = (purse: Account) => ({
    settled: purse.in - purse.out,
    held: purse.held,
    available: available(purse),
  })
  const isFrozen = (account: Account) => account.path.some(({ status }) => status !== 'active')
  const projectOf = (code: string) => code.split('/')[0] ?? ''

  /** The present windows that bind an account; those that nobody has touched yet are made here. */
  const windowsOf = (account: Account) =>
    budgets
      .filter((budget) => !budget.removed && account.path.some(({ code }) => code === budget.account.code))
      .map((budget) => openWindow(budget, now, (window) => touched.push(window)))

  function expireHold(id: string): void {
    const hold = demand(id)
    const rest = hold.amount - hold.captured
    hold.status = 'expired'
    hold.released = rest
    hold.account.purse.held -= rest
    for (const window of hold.windows) window.held -= rest
  }

  function gate(...trees: Account[]): void {
    if (!lazyExpiry) return
    for (const hold of holds.values()) {
      const isDue = hold.status === 'open' && hold.expiresAt <= now
      if (isDue && trees.some(({ root }) => root === hold.account.root)) expireHold(hold.id)
    }
  }

  function replay(project: string, { key, ...rest }: Operation): Answer | undefined {
    const known = keys.get(`${project} ${key}`)
    if (!known) return undefined
    const request: Operation = { ...defaults[rest.op], ...rest, key }
    const fields = Object.keys({ ...known.request, ...request }).filter(
      (field) => JSON.stringify(known.request[field] ?? null) !== JSON.stringify(request[field] ?? null),
    )
    if (fields.length > 0) throw new Refusal('idempotency_mismatch', fields.sort())
    return { ...known.answer, replayed: true }
  }

  function accept(operation: Operation, project: string, purse: Account, windows: Window[], facts: object): Answer {
    const answer = { ok: true, replayed: false, ...balanceOf(purse), budgets: viewWindows(windows), ...facts }
    if (named.tx !== undefined && !charges.has(named.tx)) others.add(named.tx)
    keys.set(`${project} ${operation.key}`, { request: { ...defaults[operation.op], ...operation }, answer })
    return answer
  }

  const deny = (
    code: string,
    account: string,
    purse?: Account,
    windows: Window[] = [],
    facts: object = {},
  ): Answer => ({
    ok: false,
    code,
    account,
    ...facts,
    ...(purse && { ...balanceOf(purse), budgets: viewWindows(windows) }),
  })

  function count(windows: Window[], held: number, spent: number): void {
    for (const window of windows) {
      const before = window.spent
      window.held += held
      window.spent += spent
      raise(window, (bp) => before * 10_000 < capOf(window) * bp)
    }
  }

  function raise(window: Window, isNew: (bp: number) => boolean): void {
    const { budget, spent, start } = window
    const cap = capOf(window)
    for (const bp of budget.alerts) {
      const id = JSON.stringify([budgets.indexOf(budget), start, cap, bp])
      if (cap <= 0 || spent * 10_000 < cap * bp || !isNew(bp) || alerts.has(id)) continue
      const { account, name, period } = budget
      const place = { account: account.code, budget: name, period, period_start: start }
      alerts.set(id, { ...place, limit: cap, threshold_bp: bp, spent })
    }
  }

  /** What may be granted of `wanted`, or the denial that says who said no. */
  function grantable(account: Account, wanted: number, least: number, windows: Window[]): number | Answer {
    const { purse } = account
    const [tightest] = windows.toSorted((one, other) => restOf(one) - restOf(other))
    const granted = Math.max(0, Math.min(wanted, available(purse), tightest ? restOf(tightest) : wanted))
    if (granted >= least) return granted
    if (available(purse) < least)
      return deny('insufficient_credits', account.code, purse, windows, { requested: least })
    return deny('budget_exhausted', account.code, purse, windows, { requested: least, budget: tightest?.budget.name })
  }

  function demand(id: unknown): Hold {
    const hold = holds.get(String(id))
    if (!hold) throw new Refusal('hold_not_found')
    return hold
  }

  const viewAccount = (account: Account) => ({
    account: account.code,
    project: account.project,
    kind: account.kind,
    status: account.status,
    overdraft: account.overdraft,
    parent: account.parent?.code ?? null,
    funding: account.purse === account ? 'own' : 'parent',
    purse: account.purse.code,
  })

  /** Finds the account, opens its windows where the call `touches` them, and answers a known key. */
  const onAccount =
    (touches: boolean, body: (account: Account, operation: Operation, windows: Window[]) => Answer) =>
    (operation: Operation): Answer => {
      const account = accounts.get(String(operation['account']))
      if (!account) return deny('account_not_found', String(operation['account']))
      gate(account)
      const windows = touches ? windowsOf(account) : []
      return replay(account.project, operation) ?? body(account, operation, windows)
    }

  const onHold =
    (body: (hold: Hold, operation: Operation) => Answer) =>
    (operation: Operation): Answer => {
      const hold = demand(operation['hold'])
      gate(hold.account)
      return replay(hold.account.project, operation) ?? body(hold, operation)
    }

  const denyHold = (code: string, hold: Hold, facts: object): Answer =>
    deny(code, hold.account.code, hold.account.purse, hold.windows, { hold: hold.id, ...facts })

  /** The nearest account that a code names before its own last segment. */
  function nearest(code: string): Account | null {
    const end = code.lastIndexOf('/')
    return end < 0 ? null : (accounts.get(code.slice(0, end)) ?? nearest(code.slice(0, end)))
  }

  /** Remembers what a refund may give back. */
  function post(account: Account, windows: Window[], left: number): void {
    if (named.tx !== undefined) charges.set(named.tx, { account, windows, left })
  }

  const operations: Record<string, (operation: Operation) => Answer> = {
    account_open(operation) {
      const { account: code, kind = 'project', funding = 'own', overdraft = 0, parent: named = null } = operation
      const name = String(code)
      const parent = named === null ? nearest(name) : accounts.get(String(named))
      if (parent === undefined) return deny('account_not_found', String(named))
      const replayed = replay(projectOf(name), operation)
      if (replayed) return replayed
      if (funding === 'parent' && !parent) throw new Refusal('invalid_funding')
      if (parent && parent.path.length >= 4) throw new Refusal('too_deep')
      if (funding === 'parent' && Number(overdraft) > 0) throw new Refusal('invalid_funding')
      if (parent && parent.status !== 'active') return deny('account_frozen', parent.code, parent.purse)
      if (accounts.has(name)) throw new Refusal('account_exists')
      const account: Account = {
        code: name,
        project: projectOf(name),
        kind: String(kind),
        parent,
        status: 'active',
        in: 0,
        out: 0,
        held: 0,
        overdraft: Number(overdraft),
        // Circular: an account may be its own purse, root and the first of its path.
        purse: parent as Account,
        path: [],
        root: parent as Account,
      }
      if (funding === 'own') account.purse = account
      else if (parent) account.purse = parent.purse
      account.root = parent?.root ?? account
      account.path = [account, ...(parent?.path ?? [])]
      accounts.set(name, account)
      return accept(operation, account.project, account.purse, [], viewAccount(account))
    },

    account_update: onAccount(false, (account, operation) => {
      const { status = null, overdraft = null } = operation
      const isUsed = [...holds.values()].some(
        (hold) => hold.status === 'open' && (hold.account === account || hold.account.purse === account),
      )
      if (account.status === 'closed') throw new Refusal('account_closed')
      if (status === 'closed' && (account.in !== account.out || isUsed)) throw new Refusal('account_not_empty')
      if (overdraft !== null) {
        const cut = account.overdraft - Number(overdraft)
        if (Number(overdraft) > 0 && account.purse !== account) throw new Refusal('invalid_funding')
        if (cut > 0 && available(account) < cut) throw new Refusal('overdraft_in_use')
        account.overdraft = Number(overdraft)
      }
      if (status !== null) account.status = String(status)
      return accept(operation, account.project, account.purse, [], viewAccount(account))
    }),

    grant: onAccount(false, (account, operation) => {
      if (isFrozen(account)) return deny('account_frozen', account.code, account.purse)
      const amount = Number(operation['amount'])
      account.purse.in += amount
      return accept(operation, account.project, account.purse, [], { account: account.code, amount })
    }),

    reserve: onAccount(true, (account, operation, windows) => {
      const { amount, min, ttl_s: ttl = 120, over = 'overflow', hold: given } = operation
      const id = String(given ?? named.hold ?? `unnamed ${holds.size}`)
      if (holds.has(id)) throw new Refusal('hold_exists')
      if (isFrozen(account)) return deny('account_frozen', account.code, account.purse)
      const granted = grantable(account, Number(amount), Number(min ?? amount), windows)
      if (typeof granted !== 'number') return granted
      const expiresAt = now + Number(ttl) * 1_000
      const fresh = { captured: 0, released: 0, over: String(over), status: 'open', expiresAt }
      holds.set(id, { id, account, amount: granted, windows, ...fresh })
      account.purse.held += granted
      count(windows, granted, 0)
      return accept(operation, account.project, account.purse, windows, { hold: id, granted, expires_at: expiresAt })
    }),

    extend: onHold((hold, operation) => {
      const { add = 0, min, ttl_s: ttl = 120 } = operation
      const { account, windows } = hold
      if (hold.status !== 'open') return denyHold('hold_closed', hold, { status: hold.status })
      if (Number(add) > 0 && isFrozen(account)) return deny('account_frozen', account.code, account.purse)
      const granted = grantable(account, Number(add), Number(min ?? add), windows)
      if (typeof granted !== 'number') return { ...granted, hold: hold.id }
      hold.amount += granted
      hold.expiresAt = Math.max(hold.expiresAt, now + Number(ttl) * 1_000)
      account.purse.held += granted
      count(windows, granted, 0)
      const facts = { hold: hold.id, granted, amount: hold.amount, expires_at: hold.expiresAt }
      return accept(operation, account.project, account.purse, windows, facts)
    }),

    capture: onHold((hold, operation) => {
      const { account, windows } = hold
      const amount = Number(operation['amount'])
      const rest = hold.amount - hold.captured
      const facts = { status: hold.status, requested: amount, limit: rest }
      if (hold.status !== 'open') return denyHold('hold_closed', hold, facts)
      if (amount > rest) return denyHold('over_capture', hold, facts)
      hold.captured += amount
      account.purse.held -= amount
      account.purse.out += amount
      count(windows, -amount, amount)
      post(account, windows, amount)
      const charged = { hold: hold.id, charged: amount, captured: hold.captured, rest: rest - amount }
      return accept(operation, account.project, account.purse, windows, charged)
    }),

    settle: onHold((hold, operation) => {
      const { account, windows } = hold
      const { purse } = account
      if (hold.status !== 'open' && hold.status !== 'expired') {
        return denyHold('hold_closed', hold, { status: hold.status })
      }
      const isLate = hold.status === 'expired'
      const rest = hold.amount - hold.captured
      const used = Number(operation['amount'] ?? rest)
      if (used > rest && hold.over === 'reject') return denyHold('over_capture', hold, { requested: used, limit: rest })
      const room = Math.max(0, available(purse) - (isLate ? Math.min(used, rest) : 0))
      const charged = hold.over === 'cap' && used > rest ? rest + Math.min(used - rest, room) : used
      const flags = [
        isLate && 'late',
        (operation['amount'] ?? null) === null && 'estimated',
        charged > rest && 'overflow',
        used > charged && 'uncollected',
      ].filter((flag) => flag !== false)
      const released = Math.max(0, rest - charged)
      purse.out += charged
      purse.held -= isLate ? 0 : rest
      count(windows, isLate ? 0 : -rest, charged)
      hold.captured += charged
      if (!isLate) hold.released = released
      hold.status = isLate ? 'settled_late' : 'settled'
      post(account, windows, charged)
      const facts = { hold: hold.id, status: hold.status, charged, released, uncollected: used - charged, flags }
      return accept(operation, account.project, purse, windows, facts)
    }),

    void: onHold((hold, operation) => {
      const { account, windows, amount } = hold
      if (hold.status !== 'open' || hold.captured > 0) {
        return denyHold('hold_closed', hold, { status: hold.status, captured: hold.captured })
      }
      hold.status = 'voided'
      hold.released = amount
      account.purse.held -= amount
      count(windows, -amount, 0)
      const facts = { hold: hold.id, status: 'voided', released: amount }
      return accept(operation, account.project, account.purse, windows, facts)
    }),

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
      gate(from, to)
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
      gate(account)
      const replayed = replay(account.project, operation)
      if (replayed) return replayed
      const amount = Number(operation['amount'] ?? charge.left)
      if (amount > charge.left || charge.left === 0) throw new Refusal('over_refund')
      charge.left -= amount
      account.purse.out -= amount
      count(windows, 0, -amount)
      const facts = { account: account.code, refunded: amount, left: charge.left }
      return accept(operation, account.project, account.purse, windows, facts)
    },

    budget_set: onAccount(true, (account, operation) => {
      const {
        name,
        period,
        limit,
        tz: zone = 'UTC',
        carry_cap: carryCap = 0,
        alert_bp: bp = [8_000, 10_000],
      } = operation
      const known = budgets.find((budget) => budget.account === account && budget.name === name && !budget.removed)
      if (known && limit !== null && (known.period !== period || known.zone !== zone)) {
        throw new Refusal('budget_period_fixed')
      }
      const terms = { carryCap: Number(carryCap), alerts: Array.isArray(bp) ? bp : [] }
      if (limit === null) {
        if (known) known.removed = true
      } else if (known) Object.assign(known, { limit: Number(limit), ...terms })
      else {
        const fixed = { account, name: String(name), period: String(period), zone: String(zone) }
        budgets.push({ ...fixed, limit: Number(limit), ...terms, createdAt: now, removed: false, windows: new Map() })
      }
      const windows = windowsOf(account)
      for (const window of windows) raise(window, () => true)
      return accept(operation, account.project, account.purse, windows, { account: account.code, budget: name, limit })
    }),
  }

  return {
    apply,
    expireHold,
    balance(code, at) {
      now = at
      touched = []
      const account = accounts.get(code)
      if (!account) return deny('account_not_found', code)
      gate(account)
      const { purse } = account
      const budgetsNow = viewWindows(windowsOf(account))
      for (const { budget, start } of touched) budget.windows.delete(start) // reading makes nothing
      const sums = { granted: purse.in, spent: purse.out, ...balanceOf(purse), overdraft: purse.overdraft }
      return { ok: true, ...viewAccount(account), ...sums, budgets: budgetsNow }
    },
    accounts: () =>
      [...accounts.values()].map(({ code, in: total_in, out: total_out, held, status }) => ({
        code,
        total_in,
        total_out,
        held,
        status,
      })),
    windows: () =>
      budgets
        .flatMap(({ windows }) => [...windows.values()])
        .filter(({ spent, held }) => spent > 0 || held > 0)
        .map(({ budget, start, spent, held }) => ({
          account: budget.account.code,
          budget: budget.name,
          start,
          spent,
          held,
        })),
    holds: () =>
      [...holds.values()].map(({ id, amount, captured, released, status }) => ({
        id,
        amount,
        captured,
        released,
        status,
      })),
    transactions: () => ({ charges: [...charges.keys()], others: [...others] }),
    alerts: () => [...alerts.values()],
    fork: () => createModel({ lazyExpiry, state: structuredClone(state) }),
  }
}
