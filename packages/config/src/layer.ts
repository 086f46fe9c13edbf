import type { ConfigFault, ConfigSource } from './config-fault.ts'

/** What one source says: values by setting path, and what is wrong with the source itself. */
export interface Layer {
  source: ConfigSource
  values: ReadonlyMap<string, unknown>
  faults: readonly ConfigFault[]
}

/** The value of a setting that wins, and the source it comes from. */
export interface ChosenValue {
  value: unknown
  source: ConfigSource
  /** The index of that source: a higher one beats a lower one. */
  rank: number
}

export type ChosenValues = ReadonlyMap<string, ChosenValue>

/** For each setting the value of the last layer that has one. */
export function chooseValues(layers: readonly Layer[]): ChosenValues {
  const chosen = new Map<string, ChosenValue>()
  for (const [rank, { source, values }] of layers.entries()) {
    for (const [path, value] of values) chosen.set(path, { value, source, rank })
  }
  return chosen
}

/** The chosen values as the nested object the schema describes. */
export function toTree(chosen: ChosenValues): object {
  const root: Record<string, unknown> = {}
  const sections = new Map([['', root]])
  const sectionAt = (path: string): Record<string, unknown> => {
    const known = sections.get(path)
    if (known) return known
    const section: Record<string, unknown> = {}
    const [parent, key] = splitLast(path)
    sectionAt(parent)[key] = section
    sections.set(path, section)
    return section
  }
  for (const [path, { value }] of chosen) {
    const [parent, key] = splitLast(path)
    sectionAt(parent)[key] = value
  }
  return root
}

function splitLast(path: string): [parent: string, key: string] {
  const dot = path.lastIndexOf('.')
  return [path.slice(0, Math.max(0, dot)), path.slice(dot + 1)]
}
