import { findUnstorable, isObject } from '@core/foundation'
import { z } from 'zod'

// The fields that several routes share. Descriptions double as the fix in a fault, so they say what is right.

export const amountField = z
  .int()
  .min(1)
  .describe('Whole micro-credits from 1 to 9007199254740991; one credit is 1000000')

/** Zero too: for settle, limits and overdrafts. */
export const amountOrZeroField = z
  .int()
  .min(0)
  .describe('Whole micro-credits from 0 to 9007199254740991; one credit is 1000000')

/** In answers: a debt is negative. */
export const balanceField = z.int().describe('Whole micro-credits; negative for a debt')

export const projectField = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,47}$/)
  .describe("A project's name, or current for the key's own")

/** In the query of routes for things that can be shared. */
export const ownerField = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,47}$/)
  .optional()
  .describe("The project that shares the thing; left out, the path's own")

/** Of what is posted. */
export const replayedField = z.boolean().describe('true: this key was accepted before and this is the first answer')

/**
 * The name of a thing, for a segment of a path: every URL client drops a segment `.` or `..`, however it is written. The
 * patterns look ahead nowhere, because not every reader of JSON Schema can.
 */
export function nameField(most: number) {
  return z
    .string()
    .min(1)
    .max(most)
    .regex(/^([^.]|\.[^.]|\.\.[\s\S])/)
}

export const accountField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]*(\/(\.{0,2}[A-Za-z0-9_:@-]|\.{3})[A-Za-z0-9_.:@-]*){0,3}$/)
  .max(200)
  .describe(
    'The code of an account. Its first segment is the project, and none is . or ..: smart_layer, smart_layer/agent-7',
  )

export const holdField = z.uuid().describe('The id of a hold, as reserve returned it')

export const overField = z
  .enum(['overflow', 'cap', 'reject'])
  .describe(
    'If settled above the hold: cap charges what balance and budgets leave, overflow also goes into debt as far as the owner allows, reject refuses',
  )

export const ttlSecondsField = z
  .int()
  .min(1)
  .max(86_400)
  .default(120)
  .describe('Seconds until the hold expires, 1 to 86400')

/** Of a request that may wait for something; less than the time limits of common clients and proxies. */
export const waitSeconds = z.int().min(0).max(20).default(0).describe('Seconds to wait while there is nothing, 0 to 20')

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/**
 * In answers: an object of the caller's own, by reference. z.record() builds another one by assignment and drops the
 * name `__proto__`.
 */
export const objectField = z
  .custom<Readonly<Record<string, unknown>>>(isObject, 'must be a JSON object')
  .meta({ type: 'object' })

/** An object of the caller's own, of which everything can be stored; what cannot is refused with its place. */
export const jsonObjectField = z
  .custom<{ [key: string]: JsonValue }>(isObject, 'must be a JSON object')
  .superRefine(refuseUnstorable)
  .meta({ type: 'object' })

export const metadataField = jsonObjectField.meta({
  type: 'object',
  description: 'A JSON object of at most 16 KB, kept with the record and returned as it is',
})

/** Any JSON value; what is left out is not a value. */
export const jsonField = z.custom<JsonValue>((value) => value !== undefined, 'missing').superRefine(refuseUnstorable)

export const timestampField = z.iso
  .datetime({ offset: true })
  .describe('RFC 3339, such as 2026-11-20T09:30:00+00:00; answers are in UTC with this offset')

/** In answers: names the state of what can be edited, and nothing else of it. */
export const etagField = z
  .string()
  .describe('Names this state of what can be edited. Sent as If-Match, it lets an edit pass only in this state')

const wholeNumber = /^\d{1,15}$/

/** A whole number in a query, where everything arrives as text. */
export function queryInteger(least: number, most: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && wholeNumber.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  )
}

/** The cursor of a list that is ordered by a number: a text as `page.next` is, so that typed clients can hand it on. */
export function numberCursor(least: 0 | 1) {
  return z
    .string()
    .regex(least === 0 ? /^[0-9]{1,15}$/ : /^[1-9][0-9]{0,14}$/)
    .transform(Number)
}

/** The size and cursor of a page; lists answer `{ data, page: { next } }`. */
export function pageFields<Cursor extends z.ZodType>(cursor: Cursor) {
  return {
    limit: queryInteger(1, 1000).default(100).describe('Rows per page, 1 to 1000'),
    cursor: cursor.optional().describe('page.next of the page before'),
  }
}

export const pageField = z
  .object({ next: z.string().nullable().describe('The cursor of the next page; null on the last one') })
  .meta({ id: 'Page', description: 'Where the next page begins' })

export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({
    data: z.array(row).describe('The rows of this page'),
    page: pageField,
  })
}

function refuseUnstorable(value: unknown, context: z.RefinementCtx): void {
  const found = findUnstorable(value)
  if (found) context.addIssue({ code: 'custom', path: [...found.path], message: found.finding })
}
