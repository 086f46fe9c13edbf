import { isObject } from '@core/foundation'
import { z } from 'zod'

/** One field of a request or an answer, nested ones by their path: `page.next`, `data[].hold`. */
export interface FieldRow {
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  /** As JSON. Left out: none. */
  readonly default?: string
  /** Values and ranges, such as `1 to 1000`. */
  readonly allowed: readonly string[]
  readonly description: string
  /** The member of a union to which the field belongs: `op = "settle"`. */
  readonly variant?: string
}

type JsonObject = Readonly<Record<string, unknown>>

interface Walk {
  readonly definitions: JsonObject
  readonly prefix: string
  readonly variant?: string
  /** Names of the definitions around, so that a recursive one ends. */
  readonly open: readonly string[]
}

/** Every field of a schema, in order. Descriptions, defaults and types are found behind optional, nullable and default. */
export function toFieldRows(schema: z.ZodType, io: 'input' | 'output'): FieldRow[] {
  const root: JsonObject = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  const rows = toRows(root, { definitions: toObject(root['$defs']), prefix: '', open: [] })
  return schema instanceof z.ZodObject && io === 'input' ? rows.map((row) => withParsedDefault(schema, row)) : rows
}

/** JSON Schema omits the default of a field that is converted before it is checked. */
function withParsedDefault(schema: z.ZodObject, row: FieldRow): FieldRow {
  const field = Object.hasOwn(schema.shape, row.name) ? schema.shape[row.name] : undefined
  if (field === undefined || row.default !== undefined) return row
  const parsed = z.safeParse(field, undefined)
  return parsed.success && parsed.data !== undefined ? { ...row, default: JSON.stringify(parsed.data) } : row
}

function toRows(schema: JsonObject, walk: Walk): FieldRow[] {
  const { body, name } = resolve(schema, walk.definitions)
  if (name !== undefined && walk.open.includes(name)) return []
  const inner = { ...walk, open: name === undefined ? walk.open : [...walk.open, name] }
  const items = toObject(body['items'])
  const required = Array.isArray(body['required']) ? body['required'] : []
  return [
    ...Object.entries(toObject(body['properties'])).flatMap(([key, value]) => {
      const field = toObject(value)
      const path = inner.prefix + key
      return [toRow(path, field, required.includes(key), inner), ...toRows(field, { ...inner, prefix: `${path}.` })]
    }),
    ...('items' in body ? toRows(items, { ...inner, prefix: `${inner.prefix.replace(/\.$/, '')}[].` }) : []),
    ...alternatives(body).flatMap((member, index, members) =>
      toRows(member, members.length === 1 ? inner : { ...inner, ...variantOf(member, index, inner) }),
    ),
  ]
}

function toRow(name: string, schema: JsonObject, isRequired: boolean, { definitions, variant }: Walk): FieldRow {
  const { body } = resolve(schema, definitions)
  const described = [body, ...alternatives(body).map((member) => resolve(member, definitions).body)]
  return {
    name,
    type: toType(schema, definitions),
    isRequired: isRequired && !('default' in body),
    ...('default' in body ? { default: JSON.stringify(body['default']) } : {}),
    allowed: [...new Set(described.flatMap((member) => toAllowed(member, definitions)))],
    description: described.map(({ description }) => description).find((text) => typeof text === 'string') ?? '',
    ...(variant === undefined ? {} : { variant }),
  }
}

function toType(schema: JsonObject, definitions: JsonObject): string {
  const { body } = resolve(schema, definitions)
  const { type, format } = body
  const members = alternatives(body)
  if (members.length > 0) return [...new Set(members.map((member) => toType(member, definitions)))].join(' or ')
  if (type === 'array') return `array of ${toType(toObject(body['items']), definitions)}`
  if (Array.isArray(type)) return type.join(' or ')
  if (typeof type === 'string') return typeof format === 'string' ? `${type} (${format})` : type
  return 'any JSON value'
}

function toAllowed(schema: JsonObject, definitions: JsonObject): string[] {
  const { const: only, enum: values, format, pattern, minimum, maximum, items } = schema
  if (only !== undefined) return [JSON.stringify(only)]
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value))
  return [
    ...(minimum === undefined && maximum === undefined ? [] : [toRange(minimum, maximum)]),
    ...toLength(schema, 'minLength', 'maxLength', 'characters'),
    ...toLength(schema, 'minItems', 'maxItems', 'items'),
    ...(typeof pattern === 'string' && format === undefined ? [pattern] : []),
    ...(isObject(items) ? toAllowed(resolve(items, definitions).body, definitions) : []),
  ]
}

function toLength(schema: JsonObject, least: string, most: string, unit: string): string[] {
  if (!(least in schema || most in schema) || 'format' in schema) return []
  return [`${toRange(schema[least], schema[most])} ${unit}`]
}

function toRange(least: unknown, most: unknown): string {
  if (most === undefined) return `at least ${least}`
  return least === undefined ? `at most ${most}` : `${least} to ${most}`
}

/** A member of a union is known by its constant fields. */
function variantOf(member: JsonObject, index: number, { definitions, variant }: Walk): { readonly variant: string } {
  const properties = Object.entries(toObject(resolve(member, definitions).body['properties']))
  const constant = properties.find(([, value]) => toObject(value)['const'] !== undefined)
  const own = constant ? `${constant[0]} = ${JSON.stringify(toObject(constant[1])['const'])}` : `form ${index + 1}`
  return { variant: variant === undefined ? own : `${variant}, ${own}` }
}

/** The members of a union; `null` adds no fields. */
function alternatives({ anyOf, oneOf }: JsonObject): JsonObject[] {
  return [anyOf, oneOf].flatMap((members) => (Array.isArray(members) ? members.map(toObject) : []))
}

function resolve(schema: JsonObject, definitions: JsonObject): { readonly body: JsonObject; readonly name?: string } {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return { body: schema }
  const name = reference.slice(reference.lastIndexOf('/') + 1)
  return { body: { ...toObject(definitions[name]), ...schema }, name }
}

function toObject(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}
