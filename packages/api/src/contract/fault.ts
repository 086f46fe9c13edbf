import { suggestName } from '@core/foundation'
import { z } from 'zod'
import type { Fault } from './problem.ts'

/** The most faults of one answer: enough to fix a request by, and a bound on what an answer costs. */
export const maxFaults = 20
/** Locations and names come from the caller and are repeated in answers and logs. */
const maxNameLength = 100
const maxLocationLength = 300
/** A longer message is written once: twenty lists of the scopes there are would be most of an answer. */
const longMessage = 200

/**
 * Turns what zod found into faults: where (`body.amount`), what is wrong, and what would be right. At most `maxFaults`
 * of them, the first ones.
 */
export function toFaults(
  part: 'path' | 'query' | 'body',
  schema: z.ZodObject,
  error: Pick<z.core.$ZodError, 'issues'>,
): Fault[] {
  const faults: Fault[] = []
  for (const issue of error.issues) {
    const room = maxFaults - faults.length
    if (room === 0) break
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys.slice(0, room)) faults.push(unknownField(part, schema, issue.path, key))
    else faults.push(wrongField(part, schema, issue))
  }
  return withoutRepeats(faults)
}

function withoutRepeats(faults: readonly Fault[]): Fault[] {
  const first = new Map<string, string>()
  return faults.map((fault) => {
    const { location, message } = fault
    const earlier = message.length > longMessage ? first.get(message) : undefined
    if (earlier !== undefined) return { ...fault, message: `the same as ${earlier}` }
    first.set(message, location)
    return fault
  })
}

/** Input that fits its schema, or the first faults and how many there are in all. */
export type ParsedInput<Schema extends z.ZodObject> =
  | { readonly status: 'valid'; readonly data: z.output<Schema> }
  | { readonly status: 'invalid'; readonly faults: readonly Fault[]; readonly total: number }

/** Parses a part of a request. zod makes its messages for the faults that are shown only: most of what a fault costs. */
export function parseInput<Schema extends z.ZodObject>(
  part: 'path' | 'query' | 'body',
  schema: Schema,
  value: unknown,
): ParsedInput<Schema> {
  const parsed = schema._zod.run({ value, issues: [] }, { async: false })
  if (parsed instanceof Promise) throw new TypeError('schemas of requests are synchronous')
  const { issues } = parsed
  if (issues.length === 0) return { status: 'valid', data: parsed.value as z.output<Schema> } // which `run` does not type
  const first = issues.slice(0, maxFaults).map((issue) => z.core.util.finalizeIssue(issue, undefined, z.core.config()))
  const total = issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
  return { status: 'invalid', faults: toFaults(part, schema, { issues: first }), total }
}

/** `body.metadata.note`, each name and the whole cut. */
export function toLocation(part: string, path: readonly PropertyKey[]): string {
  const names = path.map((step) => String(step).slice(0, maxNameLength).toWellFormed())
  return [part, ...names].join('.').slice(0, maxLocationLength)
}

function unknownField(part: string, schema: z.ZodObject, path: readonly PropertyKey[], key: string): Fault {
  const holder = schemaAt(schema, path)
  const known = fieldsOf(unwrap(holder))
  const meant = suggestName(key, known)
  const fix = meant ? `Did you mean ${meant}?` : `Known are: ${known.join(', ') || 'none'}.`
  return { location: toLocation(part, [...path, key]), message: 'unknown field', fix }
}

function wrongField(part: string, schema: z.ZodObject, issue: z.core.$ZodIssue): Fault {
  const field = schemaAt(schema, issue.path)
  const isMissing = issue.code === 'invalid_type' && issue.path.length > 0 && /received undefined$/.test(issue.message)
  const fault: Fault = {
    location: toLocation(part, issue.path),
    message: isMissing ? 'missing' : issue.message.charAt(0).toLowerCase() + issue.message.slice(1),
  }
  return field?.description === undefined ? fault : { ...fault, fix: `${field.description}.` }
}

/** The schema of a nested field, looking through optional, default and the like. */
function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let current: z.core.$ZodType | undefined = schema
  for (const step of path) {
    current = unwrap(current)
    if (current instanceof z.ZodObject) current = ownField(current.shape, String(step))
    else if (current instanceof z.ZodArray) current = current.element
    else if (current instanceof z.ZodDiscriminatedUnion) current = optionField(current, String(step))
    else return undefined
  }
  return current instanceof z.ZodType ? current : undefined
}

/** Of a choice between objects, those of all of them. */
function fieldsOf(schema: z.core.$ZodType | undefined): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  return schema instanceof z.ZodDiscriminatedUnion ? [...new Set(schema.options.flatMap(fieldsOf))] : []
}

/** A field of that name, whichever of the options has it: those of one name mean the same. */
function optionField(union: z.ZodDiscriminatedUnion, name: string): z.core.$ZodType | undefined {
  const options = union.options.filter((option) => option instanceof z.ZodObject)
  return options.map((option) => ownField(option.shape, name)).find((field) => field !== undefined)
}

/** Not one that every object has from its prototype, such as `constructor`. */
function ownField(shape: Readonly<Record<string, z.core.$ZodType>>, name: string): z.core.$ZodType | undefined {
  return Object.hasOwn(shape, name) ? shape[name] : undefined
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable
    ? unwrap(schema.unwrap())
    : schema
}
