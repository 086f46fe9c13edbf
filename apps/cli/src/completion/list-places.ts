import type { DescribedVerb, Value } from './describe-verbs.ts'

/** Where a value is: after an option, `core credits reserve --over`, or as an operand, `core errors mark #2`. */
export interface Place {
  verb: string
  /** The option, or # and the number of the operand from 1 on; * is any number. */
  slot: string
  /** Also of each verb below, as options of a group are. */
  isInherited: boolean
  value: Value
}

export function listPlaces(verbs: readonly DescribedVerb[]): Place[] {
  return verbs.flatMap(({ path, verbs: children, options, operands }) => [
    ...options.flatMap(({ word, value }) =>
      value ? [{ verb: path, slot: word, isInherited: children.length > 0, value }] : [],
    ),
    ...operands.map(({ value, isVariadic }, index) => ({
      verb: path,
      slot: isVariadic ? '#*' : `#${index + 1}`,
      isInherited: false,
      value,
    })),
  ])
}
