import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { integer, milliseconds } from './value.ts'

export const overloadSection = z.prefault(
  z.strictObject({
    maxLoopDelayMs: z._default(milliseconds(60_000), 1_000).register(settingRegistry, {
      variable: 'CORE_OVERLOAD_MAX_LOOP_DELAY_MS',
      description: 'The median delay of the event loop above which requests are refused with 503.',
    }),
    maxDatabaseCalls: z._default(integer(1, 100_000), 250).register(settingRegistry, {
      variable: 'CORE_OVERLOAD_MAX_DATABASE_CALLS',
      description:
        'How many database calls one process has under way or queued at most; then it refuses with 503. More calls wait longer, and what waits past its deadline was accepted for nothing.',
    }),
  }),
  {},
)
