import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { milliseconds } from './value.ts'

export const shutdownSection = z.prefault(
  z.strictObject({
    graceMs: z._default(milliseconds(600_000), 8_000).register(settingRegistry, {
      variable: 'CORE_SHUTDOWN_GRACE_MS',
      description: 'How long a shutdown may take in all before requests in flight are cut off.',
    }),
  }),
  {},
)
