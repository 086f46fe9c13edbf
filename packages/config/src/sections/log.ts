import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'

export const logSection = z.prefault(
  z.strictObject({
    level: z
      ._default(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info')
      .register(settingRegistry, {
        variable: 'CORE_LOG_LEVEL',
        description: 'The least severe log line that is written.',
      }),
  }),
  {},
)
