export type FilterValue = string | number | boolean | null

/** A condition on metadata. It travels as data and is never part of an SQL text. */
export type Filter =
  | { readonly op: 'and' | 'or'; readonly args: readonly Filter[] }
  | { readonly op: 'not'; readonly arg: Filter }
  | { readonly op: Comparison; readonly key: string; readonly value: FilterValue }
  | { readonly op: 'in'; readonly key: string; readonly values: readonly FilterValue[] }
  | { readonly op: 'exists'; readonly key: string }

type Comparison = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'

export const and = (...args: readonly Filter[]): Filter => ({ op: 'and', args })
export const or = (...args: readonly Filter[]): Filter => ({ op: 'or', args })
export const not = (arg: Filter): Filter => ({ op: 'not', arg })
export const eq = (key: string, value: FilterValue): Filter => ({ op: 'eq', key, value })
/** Also where the key is missing. */
export const ne = (key: string, value: FilterValue): Filter => ({ op: 'ne', key, value })
export const gt = (key: string, value: string | number): Filter => ({ op: 'gt', key, value })
export const gte = (key: string, value: string | number): Filter => ({ op: 'gte', key, value })
export const lt = (key: string, value: string | number): Filter => ({ op: 'lt', key, value })
export const lte = (key: string, value: string | number): Filter => ({ op: 'lte', key, value })
export const isIn = (key: string, values: readonly FilterValue[]): Filter => ({ op: 'in', key, values })
export const exists = (key: string): Filter => ({ op: 'exists', key })
