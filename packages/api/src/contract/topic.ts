import { z } from 'zod'
import { amountOrZeroField, balanceField, timestampField } from './field.ts'
import { roles } from './role.ts'
import type { Capability } from './scope.ts'

interface TopicKind {
  /** What a credential needs to hear it, beside `event:read`. */
  readonly scope: Capability
  /**
   * `log`: every event is kept and replayed. `state`: an event replaces the one before it about the same thing, so a
   * replay, or a slow reader, gets the newest of each.
   */
  readonly kind: 'log' | 'state'
  readonly summary: string
  /** What `data` holds for each `type`. Later versions may add fields and types. */
  readonly types: Readonly<Record<string, z.ZodType>>
}

const flag = z.looseObject({
  name: z.string(),
  project: z.string().nullable().describe('null: for all projects'),
  value: z.unknown(),
  cleared: z.boolean(),
  rolloutBp: z.int().describe('The share of units that get the value, 0 to 10000'),
  version: z.int(),
})

const key = z.looseObject({
  id: z.string(),
  project: z.string().nullable().describe('null: a key of the whole system'),
  name: z.string(),
  hint: z.string().describe('The first characters, never the key'),
  status: z.enum(['active', 'expired', 'disabled']),
  expiresAt: timestampField.nullable(),
  replacedBy: z.string().nullable(),
})

const member = z.looseObject({
  project: z.string(),
  subject: z.string().describe('user: and the sub of the person’s token'),
  role: z.enum(roles).describe('Of removed: the role that ended'),
  name: z.string().nullable(),
})

/** Every topic there is. */
export const topics = {
  'ledger.alert': {
    scope: 'ledger:read',
    kind: 'log',
    summary: 'A budget has crossed a threshold, once per threshold and period',
    types: {
      threshold_crossed: z.looseObject({
        alert: z.int().describe('As in GET {p}/alerts'),
        account: z.string().describe('Whose budget it is'),
        budget: z.string(),
        period: z.string(),
        limit: amountOrZeroField,
        spent: amountOrZeroField,
        thresholdBp: z.int().describe('The threshold in basis points: 8000 is 80 %'),
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
  'ledger.seal': {
    scope: 'ledger:operate',
    kind: 'log',
    summary: 'A block of the journal was sealed; for the owner',
    types: { sealed: z.looseObject({ hash: z.string(), lastTx: z.int(), count: z.int() }) },
  },
  flag: {
    scope: 'flag:read',
    kind: 'log',
    summary: 'An override of a flag was set or cleared, for the project or for all',
    types: { set: flag, cleared: flag },
  },
  key: {
    scope: 'key:read',
    kind: 'log',
    summary: 'An API key was made, changed, rerolled or revoked',
    types: { created: key, updated: key, rerolled: key, revoked: key },
  },
  member: {
    scope: 'member:read',
    kind: 'log',
    summary: 'A person was let in, has another role, or was shown out',
    types: { set: member, removed: member },
  },
} as const satisfies Record<string, TopicKind>

export type Topic = keyof typeof topics

export const topicNames = Object.keys(topics) as [Topic, ...Topic[]]

export function isTopic(value: unknown): value is Topic {
  return typeof value === 'string' && Object.hasOwn(topics, value)
}

/** The types of a topic's events. */
export type EventType<Name extends Topic> = keyof (typeof topics)[Name]['types'] & string

/** The data of a topic's events. */
export type EventData<
  Name extends Topic,
  Type extends EventType<Name> = EventType<Name>,
> = (typeof topics)[Name]['types'][Type] extends z.ZodType ? z.output<(typeof topics)[Name]['types'][Type]> : never
