import { z } from 'zod'
import type { Fault } from './problem.ts'
import { suggest } from './suggestion.ts'

/** Turns what zod found into faults: where (`body.amount`), what is wrong, and what would be right. */
export function toFaults(part: 'path' | 'query' | 'body', schema: z.ZodObject, error: z.core.$ZodError): Fault[] {
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknownField(part, schema, issue.path, key))
      : [wrongField(part, schema, issue)],
  )
}

function unknownField(part: string, schema: z.ZodObject, path: readonly PropertyKey[], key: string): Fault {
  const holder = schemaAt(schema, path)
  const known = fieldsOf(unwrap(holder))
  const meant = suggest(key, known)
  const fix = meant ? `Did you mean ${meant}?` : `Known are: ${known.join(', ') || 'none'}.`
  // Cut, because the name comes from the caller and is repeated in answers and logs.
  return { location: [part, ...path.map(String), key.slice(0, 100)].join('.'), message: 'unknown field', fix }
}

function wrongField(part: string, schema: z.ZodObject, issue: z.core.$ZodIssue): Fault {
  const field = schemaAt(schema, issue.path)
  const isMissing = issue.code === 'invalid_type' && issue.path.length > 0 && /received undefined$/.test(issue.message)
  const fault: Fault = {
    location: [part, ...issue.path.map(String)].join('.'),
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
