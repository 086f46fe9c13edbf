import { isObject } from '@core/foundation'
import { z } from 'zod/mini'

// What answers of functions are made of. Schemas that leave a value as it is: an answer is checked and not copied. Of few
// kinds, for each one more is code in the bundles of siblings: `z.literal([…])` instead of an enum, `whole` instead of a
// number.

/** A whole number that JavaScript holds exactly. */
export const whole = z.custom<number>(Number.isSafeInteger)
/** An instant, as ISO 8601 text. */
export const instant = z.string()
/** An object of the caller's own, with any names. */
export const object = z.custom<Readonly<Record<string, unknown>>>(isObject)
/** Any JSON value. */
export const anything = z.custom<unknown>((value) => value !== undefined)
/** What every success has. */
export const accepted = { ok: z.literal(true) }

/** A denial: an expected refusal that is an answer. */
/* @__NO_SIDE_EFFECTS__ */
export function denial<const Code extends string, Facts extends z.core.$ZodLooseShape>(code: Code, facts: Facts) {
  return z.object({ ok: z.literal(false), code: z.literal(code), ...facts })
}
