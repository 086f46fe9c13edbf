import { CoreError } from '@core/foundation'
import type { Driver } from './driver.ts'

/** A provider, and the models that it is asked for. */
export interface Target {
  readonly driver: Driver
  readonly model: string
  readonly embeddingModel?: string
  readonly transcriptionModel?: string
}

/** The targets in the order in which they are tried: the chosen provider first, then the others as configured. */
export function orderTargets(targets: readonly Target[], chosen: string | undefined): readonly Target[] {
  const first = targets.find(({ driver }) => driver.name === chosen)
  return first === undefined ? targets : [first, ...targets.filter((target) => target !== first)]
}

/** @throws CoreError E_INVALID unless there is one, and each provider once. */
export function requireTargets(targets: readonly Target[]): void {
  const names = targets.map(({ driver }) => driver.name)
  if (names.length > 0 && new Set(names).size === names.length) return
  throw new CoreError(
    'E_INVALID',
    names.length === 0
      ? 'no model provider is configured'
      : `the provider ${names.find((name, index) => names.indexOf(name) !== index)} is configured twice`,
    {
      fix: 'Name each provider once: CORE_LLM_PROVIDER=openai, CORE_LLM_FALLBACKS=anthropic/claude-sonnet-5.',
    },
  )
}
