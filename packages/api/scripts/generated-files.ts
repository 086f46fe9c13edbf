import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { BodyShape, WireOperation } from '../src/contract/wire-operation.ts'
import { hasFields, problems, type RouteContract, routes } from '../src/index.ts'

export interface GeneratedFile {
  /** Absolute path. */
  path: string
  content: string
}

type JsonSchema = z.core.JSONSchema.JSONSchema | boolean

/** What the client knows of the API. The contracts alone, with their descriptions and zod, are ten times as large. */
export function generatedFiles(): GeneratedFile[] {
  const shapes: Record<string, BodyShape> = {}
  const operations = Object.fromEntries(routes.map((route) => [route.operation, toWireOperation(route, shapes)]))
  const problemErrors = Object.fromEntries(
    Object.entries(problems).map(([code, { error, remedy }]) => [code, [error, remedy]]),
  )
  const content = `// Made by packages/api/scripts/generate.ts from the contracts of routes. Do not edit.
import type { ErrorCode } from '@core/foundation'
import type { BodyShape, WireOperation } from '../contract/wire-operation.ts'

/** Every operation as the client needs it: where to send it, and what its successes look like. */
export const operations: Readonly<Record<string, WireOperation>> = ${lines(operations)}

/** Shapes that answers share. */
export const shapes: Readonly<Record<string, BodyShape>> = ${lines(shapes)}

/** The error that each problem becomes, and what its reader can do about it. */
export const problemErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = ${lines(problemErrors)}
`
  return [{ path: fileURLToPath(new URL('../src/generated/operations.ts', import.meta.url)), content }]
}

function toWireOperation(route: RouteContract, shapes: Record<string, BodyShape>): WireOperation {
  const answers = Object.entries(route.outputs).map(([status, schema]) => [
    status,
    toAnswerShape(route, schema, shapes),
  ])
  return {
    method: route.method,
    path: route.path,
    ...(route.idempotencyKey === 'none' ? {} : { isKeyed: true }),
    ...(hasFields(route.input.body) ? { hasBody: true } : {}),
    ...(route.produces === 'text/html' ? { isText: true } : {}),
    answers: Object.fromEntries(answers),
  }
}

function toAnswerShape({ produces }: RouteContract, schema: z.ZodType, shapes: Record<string, BodyShape>): BodyShape {
  if (produces !== undefined) return 'string'
  const { $defs = {}, ...whole } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' })
  for (const [name, definition] of Object.entries($defs)) shapes[name] ??= toShape(definition)
  return toShape(whole)
}

/** Enumerations become texts: a client of today accepts the values of a later server. */
function toShape(schema: JsonSchema): BodyShape {
  if (typeof schema === 'boolean') return 'any'
  if (schema.$ref !== undefined) return { ref: schema.$ref.replace('#/$defs/', '') }
  const options = schema.anyOf ?? schema.oneOf
  if (options !== undefined) return { anyOf: options.map(toShape) }
  const kind = schema.type ?? (schema.const === undefined ? undefined : typeof schema.const)
  switch (kind) {
    case 'string':
    case 'boolean':
    case 'null':
      return kind
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return { items: Array.isArray(schema.items) || schema.items === undefined ? 'any' : toShape(schema.items) }
    case 'object':
      return toObjectShape(schema)
    default:
      return 'any'
  }
}

function toObjectShape({ properties, required = [], additionalProperties }: z.core.JSONSchema.JSONSchema): BodyShape {
  if (properties === undefined) return 'any'
  const members = Object.entries(properties).map(([name, member]) => [
    required.includes(name) ? name : `${name}?`,
    toShape(member),
  ])
  const isOpen = typeof additionalProperties === 'object' && Object.keys(additionalProperties).length === 0
  return { members: Object.fromEntries(members), ...(isOpen ? { isOpen: true } : {}) }
}

/** One entry a line, so that a change of a route is a change of one line. */
function lines(entries: Readonly<Record<string, unknown>>): string {
  return `{\n${Object.entries(entries)
    .map(([name, value]) => `  ${name}: ${JSON.stringify(value)},\n`)
    .join('')}}`
}
