import { z } from 'zod/mini'
import { deepFreeze } from '../deep-freeze.ts'
import { type FlagDeclarations, flagSchema } from './declare-flags.ts'
import type { FlagPage } from './flag-database.ts'
import { isInRollout } from './rollout.ts'

/** An override in the database that its declaration refuses; it has no effect. */
export interface FlagFault {
  name: string
  project: string | null
  problem: string
}

type Override = { value: unknown; rolloutBasisPoints: number } | { fault: FlagFault }

/** What the database says of the declared flags: by name, for this project and for all. */
export interface Overrides {
  readonly own: ReadonlyMap<string, Override>
  readonly everyones: ReadonlyMap<string, Override>
}

export const noOverrides: Overrides = { own: new Map(), everyones: new Map() }

/** The overrides after the changes of a page. Undeclared flags and those of other projects are left out. */
export function applyPage(
  overrides: Overrides,
  page: FlagPage,
  { declarations, project }: { declarations: FlagDeclarations; project: string | undefined },
): Overrides {
  const own = new Map(overrides.own)
  const everyones = new Map(overrides.everyones)
  for (const flag of page.flags) {
    const declaration = Object.hasOwn(declarations, flag.name) ? declarations[flag.name] : undefined
    const scope = flag.project === null ? everyones : flag.project === project ? own : undefined
    if (!declaration || !scope) continue
    if (flag.cleared) {
      scope.delete(flag.name)
      continue
    }
    const parsed = z.safeParse(flagSchema(declaration), flag.value)
    scope.set(
      flag.name,
      parsed.success
        ? { value: deepFreeze(parsed.data), rolloutBasisPoints: flag.rollout_bp }
        : {
            fault: {
              name: flag.name,
              project: flag.project,
              problem: parsed.error.issues.map(({ message }) => message).join('; '),
            },
          },
    )
  }
  return { own, everyones }
}

/** The value for a unit: the project's override where its roll-out reaches the unit, else everyone's, else the default. */
export function resolveFlag(
  overrides: Overrides,
  name: string,
  unit: string | undefined,
  defaultValue: unknown,
): unknown {
  for (const override of [overrides.own.get(name), overrides.everyones.get(name)]) {
    if (override && 'value' in override && isInRollout(name, unit, override.rolloutBasisPoints)) return override.value
  }
  return defaultValue
}

export function listFaults({ own, everyones }: Overrides): FlagFault[] {
  return [...own.values(), ...everyones.values()].flatMap((override) => ('fault' in override ? [override.fault] : []))
}
