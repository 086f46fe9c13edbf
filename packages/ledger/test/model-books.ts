import { capOf, openWindow, restOf, viewWindows, type Window } from './model-budget.ts'
import {
  type Account,
  type Answer,
  type Charge,
  type Hold,
  type Operation,
  type Part,
  Refusal,
  type State,
} from './model-state.ts'

/** Fields that count as given when they are not: a replay may spell them out. */
const defaults: Readonly<Record<string, Partial<Operation>>> = {
  account_open: { kind: 'project', parent: null, overdraft: 0, funding: 'own', debt_limit: 0, over_bp: 10_000 },
  account_update: { status: null, overdraft: null, debt_limit: null, over_bp: null },
  reserve: { hold: null, min: null, ttl_s: 120, over: 'cap' },
  settle: { amount: null },
  extend: { add: 0, min: null, ttl_s: 120 },
  transfer: { mode: 'exact' },
  refund: { amount: null },
  budget_set: { tz: 'UTC', carry_cap: 0, floor: 0, alert_bp: [8_000, 10_000] },
  rebalance: { policy: 'fair' },
}

/** What the database has named: the transaction, and a hold or lease without an id of the caller's. */
export interface Ids {
  tx?: number | undefined
  hold?: string | undefined
  /** Whose hold is meant, where several projects chose its id. */
  project?: string | undefined
}
export type Books = ReturnType<typeof createBooks>
/** One kind of call in the model. */
export type Run = (operation: Operation) => Answer

/** What all operations do alike: balances, windows, expiry, replays, answers and denials. */
export function createBooks(state: State, lazyExpiry: boolean) {
  const { accounts, holds, budgets, charges, others, keys, alerts } = state
  let now = 0
  let named: Ids = {}
  let touched: Window[] = []

  /** A call begins, at an instant. */
  function begin(at: number, ids: Ids = {}): void {
    now = at
    named = ids
    touched = []
  }

  /** Takes back the windows that this call was the first to touch. */
  function untouch(): void {
    for (const { budget, start, ended } of touched) {
      budget.windows.delete(start)
      for (const window of ended) window.limit = null
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

  /** The present windows of the budgets on some accounts; those without a row yet are created here. */
  const windowsOn = (owners: readonly Account[]) =>
    budgets
      .filter((budget) => !budget.removed && owners.some(({ code }) => code === budget.account.code))
      .map((budget) => openWindow(budget, now, (window) => touched.push(window)))
  /** Those that bind an account. */
  const windowsOf = (account: Account) => windowsOn(account.path)

  function expire(hold: Hold): void {
    const rest = hold.amount - hold.captured
    hold.status = 'expired'
    hold.released = rest
    hold.account.purse.held -= rest
    countHold(hold, hold.captured, -rest, 0)
  }

  function lock(...trees: Account[]): void {
    if (!lazyExpiry) return
    for (const hold of holds.values()) {
      const isDue = hold.status === 'open' && hold.expiresAt <= now
      if (isDue && trees.some(({ root }) => root === hold.account.root)) expire(hold)
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

  /**
   * Counts what is no longer held (less than 0) and what is charged of a hold, from a micro-credit of its grant on, and
   * what is charged above it in further windows: one change per window.
   */
  function countHold(hold: Hold, from: number, held: number, spent: number, above = 0, present: Window[] = []): void {
    const shared = ({ from: start, to }: Part, amount: number) =>
      Math.sign(amount) * Math.max(0, Math.min(to, from + Math.abs(amount)) - Math.max(start, from))
    for (const window of windowsOfHold(hold, present)) {
      const sums = { held: 0, spent: present.includes(window) ? above : 0 }
      for (const part of hold.parts.filter((each) => each.window === window)) {
        sums.held += shared(part, held)
        sums.spent += shared(part, spent)
      }
      count([window], sums.held, sums.spent)
    }
  }

  /** Counts in a window what was charged since an instant and is held below its account, unless its budget has it already. */
  function recount(window: Window, owner: Account, since: number): void {
    const { budget } = window
    const isOurs = (each: Window) => each.budget === budget
    for (const charge of charges.values()) {
      if (charge.at < since || !charge.account.path.includes(owner)) continue
      const { hold, from, left, above, aboveWindows } = charge
      const within = left - above
      const counted = (hold?.parts ?? []).filter((part) => isOurs(part.window))
      for (const part of counted) {
        window.spent -= Math.max(0, Math.min(part.to, from + within) - Math.max(part.from, from))
      }
      if (hold) window.spent += within + (aboveWindows.some(isOurs) ? 0 : above)
      else if (!charge.windows.some(isOurs)) window.spent += left
    }
    for (const hold of holds.values()) {
      if (hold.status !== 'open' || !hold.account.path.includes(owner)) continue
      const ends = hold.parts.filter((part) => isOurs(part.window)).map(({ to }) => to)
      const from = Math.max(hold.captured, ...ends)
      if (from >= hold.amount) continue
      hold.parts.push({ window, from, to: hold.amount })
      window.held += hold.amount - from
    }
  }

  /** The windows that a hold counts in, each once. */
  const windowsOfHold = (hold: Hold, more: readonly Window[] = []) => [
    ...new Set([...hold.parts.map(({ window }) => window), ...more]),
  ]
  const partsOf = (windows: readonly Window[], from: number, to: number) =>
    windows.map((window) => ({ window, from, to }))

  function raise(window: Window, isNew: (bp: number) => boolean): void {
    const { budget, spent, start } = window
    const cap = capOf(window)
    for (const bp of budget.alerts) {
      const id = JSON.stringify([budgets.indexOf(budget), start, cap, bp])
      if (cap <= 0 || spent * 10_000 < cap * bp || !isNew(bp) || alerts.has(id)) continue
      const { account, name, period } = budget
      const place = { kind: 'threshold', account: account.code, budget: name, period, period_start: start }
      alerts.set(id, { ...place, limit: cap, threshold_bp: bp, spent, hold: null, uncollected: null })
    }
  }

  /** What may be granted of `wanted`, or the denial that says who said no. */
  function grantable(
    account: Account,
    wanted: number,
    least: number,
    windows: Window[],
    shown: Window[] = windows,
  ): number | Answer {
    const { purse } = account
    const tightest = windows.toSorted((one, other) => restOf(one) - restOf(other))[0]
    const rest = tightest ? restOf(tightest) : wanted
    const granted = Math.max(0, Math.min(wanted, available(purse), rest))
    if (granted >= least) return granted
    if (available(purse) < least) return deny('insufficient_credits', account.code, purse, shown, { requested: least })
    return deny('budget_exhausted', account.code, purse, shown, { requested: least, budget: tightest?.budget.name })
  }

  /** A hold; the functions of holds refuse that of a lease. */
  function demand(id: unknown, orLeased = false): Hold {
    const [hold, ...others] = [...holds.values()].filter(
      (each) => each.id === id && (named.project ?? each.account.project) === each.account.project,
    )
    if (!hold) throw new Refusal('hold_not_found')
    if (others.length > 0) throw new Refusal('hold_ambiguous')
    if (hold.leased && !orLeased) throw new Refusal('hold_leased')
    return hold
  }

  const viewAccount = (account: Account) => ({
    account: account.code,
    project: account.project,
    kind: account.kind,
    status: account.status,
    overdraft: account.overdraft,
    debt_limit: account.debtLimit,
    over_bp: account.overBasisPoints,
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
      lock(account)
      const windows = touches ? windowsOf(account) : []
      return replay(account.project, operation) ?? body(account, operation, windows)
    }

  const onHold =
    (body: (hold: Hold, operation: Operation) => Answer) =>
    (operation: Operation): Answer => {
      const hold = demand(operation['hold'])
      lock(hold.account)
      return replay(hold.account.project, operation) ?? body(hold, operation)
    }

  const denyHold = (code: string, hold: Hold, facts: object): Answer =>
    deny(code, hold.account.code, hold.account.purse, windowsOfHold(hold), { hold: hold.id, ...facts })

  /** Remembers what a refund may give back. */
  function post(account: Account, windows: Window[], left: number, within: Partial<Charge> = {}): void {
    const none = { hold: null, from: 0, above: 0, aboveWindows: [] }
    if (named.tx !== undefined) charges.set(named.tx, { account, windows, left, at: now, ...none, ...within })
  }

  /**
   * Charges what was used of a hold: within it in its own windows, the rest in the present ones, as far as its policy,
   * the purse and every present budget allow.
   */
  function chargeHold(hold: Hold, used: number) {
    const { account, over } = hold
    const { purse } = account
    const rest = hold.amount - hold.captured
    const within = hold.status === 'open' ? Math.min(used, rest) : 0
    const present = hold.status === 'expired' || used > within ? windowsOf(account) : []
    const most =
      Math.floor((hold.amount * (over === 'reject' ? 0 : hold.overBasisPoints)) / 10_000) + rest - within - hold.above
    const credit = available(purse) + (over === 'overflow' ? purse.debtLimit : 0)
    const above = Math.max(0, Math.min(used - within, most, credit, ...present.map(restOf)))
    const uncollected = used - within - above
    purse.out += within + above
    hold.captured += within
    hold.above += above
    hold.uncollected += uncollected
    if (uncollected > 0 && !alerts.has(hold.id)) {
      const none = { budget: null, period: null, period_start: null, limit: null, threshold_bp: null, spent: null }
      alerts.set(hold.id, { kind: 'uncollected', account: account.code, ...none, hold: hold.id, uncollected })
    }
    const charge = { hold, from: hold.captured - within, above, aboveWindows: present }
    return {
      within,
      above,
      uncollected,
      charged: within + above,
      present,
      charge,
      windows: windowsOfHold(hold, present),
    }
  }

  return {
    begin,
    untouch,
    now: () => now,
    named: () => named,
    available,
    balanceOf,
    isFrozen,
    projectOf,
    windowsOn,
    windowsOf,
    expireHold: (project: string, id: string) => {
      begin(now, { project })
      expire(demand(id, true))
    },
    lock,
    replay,
    accept,
    deny,
    count,
    countHold,
    recount,
    windowsOfHold,
    partsOf,
    raise,
    grantable,
    viewAccount,
    onAccount,
    onHold,
    denyHold,
    post,
    chargeHold,
  }
}
