import type { z } from 'zod/mini'
import type { configSchema } from './schema.ts'
import { createSecret, type Secret } from './secret.ts'

type Parsed = z.output<typeof configSchema>['tracing']

/** Where traces go, and how many; nowhere without an endpoint. */
export interface TracingSettings extends Readonly<Omit<Parsed, 'headers'>> {
  /** For the collector; often its key, so they are not printed. */
  readonly headers?: Secret
}

export function toTracingSettings({ headers, ...rest }: Parsed): TracingSettings {
  return headers === undefined ? rest : { ...rest, headers: createSecret(headers) }
}
