import { z } from 'zod/mini'
import { configSchema } from './schema.ts'
import { type SettingMeta, settingRegistry } from './setting-registry.ts'

/** One leaf of the schema, with everything that loading it, faulting it and documenting it need. */
export interface Setting {
  /** Its place in `core.config.json`, as `http.port`. */
  path: string
  variable: string
  description: string
  /** What a right value is, in words: `a whole number from 0 to 65535`. */
  expected: string
  kind: 'integer' | 'text' | 'list'
  /** As the environment spells it. */
  defaultValue: string | number | undefined
  example: string | undefined
  secret: boolean
}

const leafShape = z.object({
  type: z.optional(z.enum(['integer', 'string', 'array'])),
  minimum: z.optional(z.number()),
  maximum: z.optional(z.number()),
  enum: z.optional(z.array(z.string())),
  default: z.optional(z.union([z.string(), z.number(), z.array(z.string())])),
})

/** The leaves of `configSchema`, in its order. */
export const settings: readonly Setting[] = collect(configSchema, [])

function collect(section: z.ZodMiniObject, path: readonly string[]): Setting[] {
  return Object.entries(section.shape).flatMap(([key, schema]) => {
    const here = [...path, key]
    const inner = schema instanceof z.ZodMiniPrefault ? schema.def.innerType : schema
    if (inner instanceof z.ZodMiniObject) return collect(inner, here)
    const meta = settingRegistry.get(schema)
    if (!meta) throw new Error(`the setting ${here.join('.')} is not registered`)
    return [toSetting(here.join('.'), schema, meta)]
  })
}

function toSetting(path: string, schema: z.core.$ZodType, meta: SettingMeta): Setting {
  const leaf = leafShape.parse(z.toJSONSchema(schema, { io: 'input' }))
  const expected = meta.expected ?? describe(leaf)
  if (!expected) throw new Error(`the setting ${path} does not say what a right value is`)
  return {
    path,
    variable: meta.variable,
    description: meta.description,
    expected: leaf.type === 'array' ? `${expected}; with commas between them in the environment` : expected,
    kind: leaf.type === 'integer' ? 'integer' : leaf.type === 'array' ? 'list' : 'text',
    defaultValue: Array.isArray(leaf.default) ? leaf.default.join(',') : leaf.default,
    example: meta.example,
    secret: meta.secret ?? false,
  }
}

function describe(leaf: z.infer<typeof leafShape>): string | undefined {
  if (leaf.enum) return `one of ${leaf.enum.join(', ')}`
  if (leaf.type === 'integer') return `a whole number from ${leaf.minimum} to ${leaf.maximum}`
  return undefined
}
