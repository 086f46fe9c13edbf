import fc from 'fast-check'

export interface JsonSchema {
  readonly [key: string]: unknown
}

/** Values that mean something to the server, by the name of the field they fit: invented ones rarely find anything. */
export type Known = Readonly<Record<string, readonly unknown[]>>

/** Values that fit a JSON Schema as the document writes it; throws for a keyword it does not know. */
export function arbitraryOf(schema: JsonSchema, known: Known, name = ''): fc.Arbitrary<unknown> {
  const invented = isNested(schema) ? invent(schema, known, name) : drawn(schema, known, name)
  const meant = known[name]
  return meant === undefined ? invented : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...meant) }, invented)
}

function isNested({ type, anyOf, oneOf }: JsonSchema): boolean {
  return type === 'object' || type === 'array' || anyOf !== undefined || oneOf !== undefined
}

const drawings = new Map<string, readonly unknown[]>()
const drawnAtOnce = 100

/**
 * One of a hundred drawn beforehand. Deep inside a structure fast-check leans so far towards the extremes that a text of
 * a pattern may never come to an end.
 */
function drawn(schema: JsonSchema, known: Known, name: string): fc.Arbitrary<unknown> {
  const kind = JSON.stringify(schema)
  const values = drawings.get(kind) ?? fc.sample(invent(schema, known, name), drawnAtOnce)
  drawings.set(kind, values)
  return fc.constantFrom(...values)
}

function invent(schema: JsonSchema, known: Known, name: string): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum'])
  const options = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(options)) return fc.oneof(...options.map((option) => arbitraryOf(toSchema(option), known, name)))
  if (schema['free'] === true)
    return fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
  const { type } = schema
  switch (type) {
    case 'string':
      return text(schema)
    case 'integer':
      return integer(schema)
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 5 } = schema
      const bounds = {
        minLength: Number(minItems),
        maxLength: Math.max(Number(minItems), Math.min(Number(maxItems), 5)),
      }
      return fc.array(arbitraryOf(toSchema(items), known, name), bounds)
    }
    case 'object':
      return object(schema, known)
    case undefined:
      return fc.jsonValue({ maxDepth: 3 })
    default:
      throw new Error(`a schema of type ${JSON.stringify(type)} is not known here`)
  }
}

function text({ format, pattern, minLength = 0, maxLength = 100 }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid()
  if (format === 'date-time')
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }).map((at) => at.toISOString())
  const most = Math.min(Number(maxLength), 300)
  const texts =
    typeof pattern === 'string'
      ? fc.stringMatching(new RegExp(pattern))
      : fc.string({ minLength: Number(minLength), maxLength: most, unit: 'grapheme' })
  // Cut, not filtered: a generator that leans towards its longest texts would never finish.
  return texts.map((value) => value.slice(0, most))
}

function integer({ minimum, maximum }: JsonSchema): fc.Arbitrary<number> {
  const [min, max] = [Number(minimum ?? Number.MIN_SAFE_INTEGER), Number(maximum ?? Number.MAX_SAFE_INTEGER)]
  const small = fc.integer({ min: Math.max(min, -1000), max: Math.min(max, 1000) })
  return fc.oneof(
    small,
    fc.constantFrom(min, max),
    fc.maxSafeInteger().filter((value) => value >= min && value <= max),
  )
}

function object({ properties = {}, required, additionalProperties }: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const fields = Object.entries(Object(properties)).map(([name, schema]) => [
    name,
    arbitraryOf(toSchema(schema), known, name),
  ])
  const always = Array.isArray(required) ? required.map(String) : []
  const shaped = fc.record<Record<string, unknown>>(Object.fromEntries(fields), { requiredKeys: always })
  if (additionalProperties === false || fields.length > 0) return shaped
  return drawn({ free: true }, known, '')
}

function toSchema(value: unknown): JsonSchema {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Error(`not a schema: ${JSON.stringify(value)}`)
}

/** Bends a value out of shape: something left out, added, of another type or beyond every bound. */
export function bent(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const wrong = fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    '\u0000',
    '\ud800',
    '../..',
    "'; select 1 --",
    '%00',
    -1,
    0,
    0.5,
    1e308,
    2 ** 53,
    'NaN',
    true,
    [],
    {},
    [[]],
    { $ne: 1 },
    { __proto__: 1 },
    'x'.repeat(5000),
    '💥'.repeat(200),
    '1970-01-01',
    '+275760-09-13T00:00:00Z',
    '0001-01-01T00:00:00Z',
  )
  return fc
    .tuple(arbitrary, fc.nat(), wrong, fc.constantFrom('drop', 'add', 'change', 'replace'))
    .map(([value, seed, other, way]) => {
      if (way === 'replace' || typeof value !== 'object' || value === null || Array.isArray(value)) return other
      const entries = Object.entries(value)
      const at = seed % Math.max(1, entries.length)
      if (way === 'add') return Object.fromEntries([...entries, ['unknown_field', other]])
      if (way === 'drop') return Object.fromEntries(entries.filter((_, index) => index !== at))
      return Object.fromEntries(entries.map(([key, content], index) => [key, index === at ? other : content]))
    })
}
