import { z } from 'zod/mini'
import { accepted, instant, object, whole } from '../../contract/answer-field.ts'
import {
  instant as at,
  bigint,
  flag,
  integer,
  integers,
  json,
  named,
  nullable,
  oneOf,
  optional,
  text,
  texts,
  uuid,
} from '../../contract/function-argument.ts'
import { describeFunction } from '../../contract/function-description.ts'
import { accountFrozen, accountNotFound, amount, balance, budgetWindow, posted, purse } from './answer.ts'
import { accountFacts, accountNow } from './balance.ts'

const key = text
const account = text
const page = { limit: optional(integer) }

export const ledgerAccountOpen = describeFunction({
  name: 'ledger_account_open',
  args: {
    key,
    account,
    kind: optional(oneOf('pool', 'project', 'user')),
    parent: optional(text),
    funding: optional(oneOf('own', 'parent')),
    overdraft: optional(bigint),
    debtLimit: optional(bigint),
    overBasisPoints: optional(named('p_over_bp', integer)),
    metadata: optional(json),
  },
  answer: z.object({ ...posted, ...accountFacts }),
  denials: [accountNotFound, accountFrozen],
})

export const ledgerAccountUpdate = describeFunction({
  name: 'ledger_account_update',
  args: {
    key,
    account,
    status: optional(oneOf('active', 'frozen', 'closed')),
    overdraft: optional(bigint),
    debtLimit: optional(bigint),
    overBasisPoints: optional(named('p_over_bp', integer)),
    metadata: optional(json),
    ifMatch: optional(texts),
  },
  answer: z.object({ ...posted, ...accountFacts }),
  denials: [accountNotFound],
})

export const ledgerAccounts = describeFunction({
  name: 'ledger_accounts',
  args: { parent: optional(text), after: optional(text), ...page },
  answer: z.object({ ...accepted, accounts: z.array(z.object(accountNow)), next: z.nullable(z.string()) }),
  denials: [accountNotFound],
})

export const ledgerHistory = describeFunction({
  name: 'ledger_history',
  args: { account, before: optional(bigint), ...page, filter: optional(json) },
  answer: z.object({
    ...accepted,
    account: z.string(),
    entries: z.array(
      z.object({
        tx: whole,
        op: z.string(),
        account: z.string(),
        key: z.string(),
        hold: z.nullable(z.string()),
        amount,
        above: amount,
        uncollected: amount,
        flags: z.array(z.string()),
        metadata: z.nullable(object),
        actor: z.string(),
        at: instant,
        ...purse,
      }),
    ),
    next: z.nullable(whole),
  }),
  denials: [accountNotFound],
})

export const ledgerHoldGet = describeFunction({
  name: 'ledger_hold_get',
  args: { hold: uuid },
  answer: z.object({
    ...accepted,
    hold: z.string(),
    account: z.string(),
    status: z.literal(['open', 'settled', 'settled_late', 'voided', 'expired']),
    amount,
    captured: amount,
    released: amount,
    rest: amount,
    above: amount,
    uncollected: amount,
    over: z.literal(['overflow', 'cap', 'reject']),
    over_bp: whole,
    metadata: object,
    opened_at: instant,
    expires_at: instant,
    closed_at: z.nullable(instant),
    budgets: balance.budgets,
  }),
})

/** Sets a budget; `limit` null removes it. */
export const ledgerBudgetSet = describeFunction({
  name: 'ledger_budget_set',
  args: {
    key,
    account,
    budget: named('p_name', text),
    /** Null only where the limit is. */
    period: nullable(oneOf('hour', 'day', 'week', 'month', 'total')),
    limit: nullable(bigint),
    timeZone: optional(named('p_tz', text)),
    carryCap: optional(bigint),
    floor: optional(bigint),
    alertBasisPoints: optional(named('p_alert_bp', integers)),
    ifMatch: optional(texts),
  },
  answer: z.object({
    ...posted,
    account: z.string(),
    budget: z.string(),
    limit: z.nullable(amount),
    etag: z.nullable(z.string()),
  }),
  denials: [accountNotFound],
})

export const ledgerAlerts = describeFunction({
  name: 'ledger_alerts',
  args: { after: optional(bigint), ...page },
  answer: z.object({
    ...accepted,
    alerts: z.array(
      z.object({
        id: whole,
        /** `threshold`: a budget has crossed one. `uncollected`: a hold was not charged in full. */
        kind: z.literal(['threshold', 'uncollected']),
        account: z.string(),
        budget: z.nullable(z.string()),
        period: z.nullable(budgetWindow.period),
        period_start: z.nullable(instant),
        limit: z.nullable(amount),
        threshold_bp: z.nullable(whole),
        spent: z.nullable(amount),
        hold: z.nullable(z.string()),
        uncollected: z.nullable(amount),
        tx: whole,
        at: instant,
      }),
    ),
    next: z.nullable(whole),
  }),
})

const moves = {
  ...accepted,
  parent: z.string(),
  budget: z.string(),
  total: amount,
  dry_run: z.boolean(),
  moves: z.array(z.object({ account: z.string(), from: amount, to: amount, moved: amount })),
}
/** A dry run posts nothing. */
export const ledgerRebalance = describeFunction({
  name: 'ledger_rebalance',
  args: { key, parent: text, budget: text, policy: optional(text), dryRun: optional(flag), until: optional(at) },
  answer: z.union([z.object({ ...posted, ...moves }), z.object({ ...moves, dry_run: z.literal(true) })]),
  denials: [accountNotFound],
})
