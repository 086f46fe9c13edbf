import { z } from 'zod'
import { jsonField, projectField, timestampField } from '../contract/field.ts'

export const params = z.strictObject({ project: projectField })
export const one = z.strictObject({ project: projectField, id: z.uuid().describe('The id of a message') })

export const typeField = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:/@-]{0,199}$/)
  .describe('1 to 200 letters, digits and _ . : / @ -, beginning with a letter or digit')
export const priorityField = z
  .enum(['critical', 'high', 'normal', 'low'])
  .describe('Higher ones come first; each minute of waiting raises a message by one')
export const topicField = z
  .string()
  .regex(/^topic:([a-z][a-z0-9_]{0,47}\/)?[A-Za-z0-9][A-Za-z0-9_.:@-]{0,99}$/)
  .describe('topic:<name>, or topic:<project>/<name> of a project that shares it')
export const addresseeField = z
  .string()
  .regex(/^(\*|[a-z][a-z0-9_]{0,47}|topic:([a-z][a-z0-9_]{0,47}\/)?[A-Za-z0-9][A-Za-z0-9_.:@-]{0,99})$/)
  .describe('A project, topic:<name>, topic:<project>/<name>, or * for every other project')
export const payloadField = jsonField.describe('Any JSON of at most 64 KB')
export const visibleSeconds = z
  .int()
  .min(1)
  .max(43_200)
  .default(30)
  .describe('Seconds until another process receives it, unless it is extended or acknowledged, 1 to 43200')
export const fenceField = z.int().min(1).describe('Of the delivery, as it was received')
export const deliveryField = z.uuid().describe('The id of the delivery, as it was received')
export const heldField = z
  .array(z.strictObject({ delivery: deliveryField, fence: fenceField }))
  .min(1)
  .max(1000)
  .describe('The deliveries, 1 to 1000')
export const lostField = z.array(z.uuid()).describe('Deliveries whose time was over: another process has them, or will')

export const message = {
  message: z.uuid().describe('The id of the message'),
  from: z.string().describe('The project that sent it'),
  to: z.string().describe('A project, topic:<name>, or * for every other project'),
  type: z.string().describe('What it is about, in the words of its sender'),
  payload: z.unknown().describe('What was sent'),
  priority: priorityField,
  ordered: z.boolean().describe('true: it comes after the sender’s earlier ordered ones have ended'),
  awaitsReply: z.boolean().describe('true: its sender waits for a reply until expiresAt'),
  replyTo: z.uuid().nullable().describe('The message that it answers; null: none'),
  sentAt: timestampField,
  expiresAt: timestampField.describe('What is not received by then is a dead letter'),
}
export const messageSchema = z.object(message).meta({ id: 'Message' })

export const delivery = {
  recipient: z.string().nullable().describe('Whose inbox it is in; null: a message that was sent'),
  status: z
    .enum(['ready', 'delayed', 'waiting', 'leased', 'acked', 'dead', 'sent'])
    .describe('waiting: an earlier ordered one is open; leased: a process has it; dead: a dead letter'),
  reason: z
    .enum(['attempts', 'expired', 'rejected'])
    .nullable()
    .describe('Why it is dead. attempts: none is left; rejected: its receiver said so; null: it is not'),
  attempt: z.int().describe('How often it was received'),
  maxAttempts: z.int().describe('After so many it is dead'),
  error: z.string().nullable().describe('What its receiver last said; null: nothing'),
  holder: z.string().nullable().describe('The process that has it, or had it last; null: none'),
  leasedUntil: timestampField.nullable().describe('When another process receives it; null: no process has it'),
  endedAt: timestampField.nullable().describe('null: it is open'),
}

export const exampleId = '019ab2c4-0000-7000-8000-000000000030'
export const exampleDelivery = '019ab2c4-0000-7000-8000-000000000031'
export const exampleMessage = {
  message: exampleId,
  from: 'smart_layer',
  to: 'manus_origin',
  type: 'credits.low',
  payload: { left: 3 },
  priority: 'high',
  ordered: false,
  awaitsReply: false,
  replyTo: null,
  sentAt: '2026-11-20T09:30:00+00:00',
  expiresAt: '2026-11-27T09:30:00+00:00',
} as const
