import { z } from 'zod'
import { amountOrZeroField, balanceField } from '../contract/field.ts'
import type { TopicKind } from '../contract/topic-kind.ts'
import type { scopes } from './scopes.ts'

export const topics = {
  'ledger.alert': {
    scope: 'ledger:read',
    kind: 'log',
    summary: 'A budget has crossed a threshold, once per threshold and period; a hold was not charged in full, once',
    types: {
      threshold_crossed: z.looseObject({
        alert: z.int().describe('As in GET {p}/alerts'),
        account: z.string().describe('Whose budget it is'),
        budget: z.string(),
        period: z.string(),
        limit: amountOrZeroField,
        spent: amountOrZeroField,
        thresholdBasisPoints: z.int().describe('The threshold in basis points: 8000 is 80 %'),
        tx: z.int(),
      }),
      uncollected: z.looseObject({
        alert: z.int().describe('As in GET {p}/alerts'),
        account: z.string().describe('Whose hold it is'),
        hold: z.string(),
        uncollected: amountOrZeroField.describe('Used, but not charged'),
        tx: z.int(),
      }),
    },
  },
  'ledger.balance': {
    scope: 'ledger:read',
    kind: 'state',
    summary: 'An account that the project owns or draws on has another balance; many changes become one event',
    types: {
      changed: z.looseObject({
        account: z.string().describe('The account whose credits moved: the purse, where others draw on it'),
        status: z.enum(['active', 'frozen', 'closed']),
        settled: balanceField,
        held: amountOrZeroField,
        available: balanceField,
        overdraft: amountOrZeroField,
        version: z.int().describe('Grows with every change of this account'),
      }),
    },
  },
  'ledger.rebalance': {
    scope: 'ledger:read',
    kind: 'log',
    summary: 'Unused cap has moved to or from an account of the project',
    types: {
      moved: z.looseObject({
        account: z.string().describe('Whose cap it is'),
        parent: z.string().describe('The account whose children were balanced'),
        budget: z.string(),
        from: amountOrZeroField.describe('The cap before'),
        to: amountOrZeroField.describe('The cap since'),
        tx: z.int(),
      }),
    },
  },
  'ledger.seal': {
    scope: 'ledger:operate',
    kind: 'log',
    summary: 'A block of the journal was sealed; for the owner',
    types: { sealed: z.looseObject({ hash: z.string(), lastTx: z.int(), count: z.int() }) },
  },
} as const satisfies Record<string, TopicKind<keyof typeof scopes>>
