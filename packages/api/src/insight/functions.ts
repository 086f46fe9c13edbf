import { z } from 'zod/mini'
import { accepted, denial, instant, object, whole } from '../contract/answer-field.ts'
import { flag, integer, interval, json, named, oneOf, optional, text, uuid } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const project = optional(text)
const decision = z.literal(['adopted', 'rejected', 'reverted'])

const summary = {
  insight: z.string(),
  project: z.string(),
  category: z.string(),
  title: z.string(),
  expected_bp: whole,
  confidence_bp: whole,
  adopted: whole,
  rejected: whole,
  reverted: whole,
  measured: whole,
  effect_bp: z.nullable(whole),
  rank: z.number(),
  created_at: instant,
  created_by: z.string(),
}
const insight = { ...summary, body: z.string(), evidence: object }

export const insightShare = describeFunction({
  name: 'insight_share',
  args: {
    key: text,
    category: text,
    title: text,
    body: optional(text),
    evidence: optional(json),
    expectedBasisPoints: optional(named('p_expected_bp', integer)),
    confidenceBasisPoints: optional(named('p_confidence_bp', integer)),
    project,
  },
  answer: z.object({ ...accepted, replayed: z.boolean(), ...insight }),
  denials: [denial('bound_reached', { bound: z.string(), limit: whole })],
})

export const insightDecide = describeFunction({
  name: 'insight_decide',
  args: {
    insight: uuid,
    decision: oneOf('adopted', 'rejected', 'reverted'),
    effectBasisPoints: optional(named('p_effect_bp', integer)),
    note: optional(text),
    project,
  },
  answer: z.object({ ...accepted, decision, ...insight }),
  denials: [denial('insight_own', { insight: z.string() }), denial('insight_not_adopted', { insight: z.string() })],
})

export const insightRemove = describeFunction({
  name: 'insight_remove',
  args: { insight: uuid, project },
  answer: z.object({ ...accepted, ...insight }),
})

export const insightList = describeFunction({
  name: 'insight_list',
  args: {
    category: optional(text),
    author: optional(text),
    open: optional(flag),
    after: optional(uuid),
    limit: optional(integer),
    project,
  },
  answer: z.object({
    ...accepted,
    insights: z.array(z.object({ ...summary, decision: z.nullable(decision) })),
    next: z.nullable(z.string()),
  }),
})

export const insightGet = describeFunction({
  name: 'insight_get',
  args: { insight: uuid, project },
  answer: z.object({
    ...accepted,
    ...insight,
    decision: z.nullable(decision),
    decisions: z.array(
      z.object({
        project: z.string(),
        decision,
        effect_bp: z.nullable(whole),
        note: z.nullable(z.string()),
        decided_at: instant,
      }),
    ),
  }),
})

export const insightSweep = describeFunction({
  name: 'insight_sweep',
  args: { keep: optional(interval), limit: optional(integer) },
  answer: z.object({ ...accepted, swept: whole }),
})

export const insightStats = describeFunction({
  name: 'insight_stats',
  args: {},
  answer: z.object({ ...accepted, insights: whole, decisions: whole, best_rank: z.number() }),
})
