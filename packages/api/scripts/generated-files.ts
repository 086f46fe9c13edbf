import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { BodyShape, WireOperation } from '../src/contract/wire-operation.ts'
import { hasFields, problems, type RouteContract, routes } from '../src/index.ts'
import { topics } from '../src/nouns.ts'
import { serverFrameSchema } from '../src/realtime/frame.ts'

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
  const problemErrors = Object.fromEntries(Object.entries(problems).map(([code, { error }]) => [code, error]))
  const content = `// Made by packages/api/scripts/generate.ts from the contracts of routes. Do not edit.
import type { ErrorCode } from '@core/foundation'
import type { BodyShape, WireOperation } from '../contract/wire-operation.ts'

/** Every operation as the client needs it: where to send it, and what its successes look like. */
export const operations: Readonly<Record<string, WireOperation>> = ${lines(operations)}

/** Shapes that answers share. */
export const shapes: Readonly<Record<string, BodyShape>> = ${lines(shapes)}

/** The error that each problem becomes. */
export const problemErrors: Readonly<Record<string, ErrorCode>> = ${lines(problemErrors)}
`
  return [
    { path: fileURLToPath(new URL('../src/generated/operations.ts', import.meta.url)), content },
    { path: fileURLToPath(new URL('../src/generated/events.ts', import.meta.url)), content: renderEvents() },
    { path: fileURLToPath(new URL('../../../docs/reference/problems.md', import.meta.url)), content: renderProblems() },
  ]
}

/** The failures of the REST API as a page that is there without a server. */
function renderProblems(): string {
  const kinds = Object.entries(problems)
    .map(([code, kind]) => ({ code, ...kind }))
    .sort((one, other) => one.status - other.status || (one.code < other.code ? -1 : 1))
  return `<!-- Generated from the problems of packages/api by \`npm run generate\`. Do not edit. -->
# Problems

Every failure of the REST API is an \`application/problem+json\` document (RFC 9457) with \`type\`, \`title\`, \`status\`, \`detail\`,
\`instance\` (the request's id), \`code\`, \`errors\` (places and what is wrong there), \`retryable\` and \`fix\`. Match on \`code\`. Clients in
TypeScript throw a \`CoreError\` with the code of the last column; [errors](errors.md) describes those.

| Status | Code | Meaning | What to do | Retry | \`CoreError\` |
|---|---|---|---|---|---|
${kinds
  .map(
    ({ code, status, title, remedy, retryable, error }) =>
      `| ${status} | \`${code}\` | ${cell(title)} | ${cell(remedy)} | ${retryable ? 'yes' : 'no'} | \`${error}\` |`,
  )
  .join('\n')}
`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** What the realtime client knows of frames and events. */
function renderEvents(): string {
  const parts: Record<string, BodyShape> = {}
  const frames = serverFrameSchema.options.map((option) => [option.shape.op.value, toJsonShape(option, parts)])
  const events = Object.entries(topics).map(([topic, { types }]) => [
    topic,
    Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, toJsonShape(schema, parts)])),
  ])
  return `// Made by packages/api/scripts/generate.ts from the contracts of topics. Do not edit.
import type { BodyShape } from '../contract/wire-operation.ts'

/** Frames of the server, by \`op\`. */
export const frameShapes: Readonly<Record<string, BodyShape>> = ${lines(Object.fromEntries(frames))}

/** The data of events, by topic and type. */
export const eventShapes: Readonly<Record<string, Readonly<Record<string, BodyShape>>>> = ${lines(Object.fromEntries(events))}

/** Shapes that they share. */
export const parts: Readonly<Record<string, BodyShape>> = ${lines(parts)}
`
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
  return produces === undefined ? toJsonShape(schema, shapes) : 'string'
}

function toJsonShape(schema: z.ZodType, shapes: Record<string, BodyShape>): BodyShape {
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
    .map(([name, value]) => `  ${/^\w+$/.test(name) ? name : `'${name}'`}: ${JSON.stringify(value)},\n`)
    .join('')}}`
}
