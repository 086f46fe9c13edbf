import { z } from 'zod'
import { settingRegistry } from '../setting-registry.ts'

export const logSection = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .register(settingRegistry, {
        variable: 'CORE_LOG_LEVEL',
        description: 'The least severe log line that is written.',
      }),
  })
  .prefault({})
