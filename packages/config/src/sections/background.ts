import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { secondsOrNever } from './value.ts'

export const backgroundSection = z.prefault(
  z.strictObject({
    sealEverySeconds: z._default(secondsOrNever, 60).register(settingRegistry, {
      variable: 'CORE_BACKGROUND_SEAL_EVERY_SECONDS',
      description:
        'About how often the journal is sealed against later changes; 0 never does. Rows newer than the last seal ' +
        'are not covered by it.',
    }),
    rebalanceEverySeconds: z._default(secondsOrNever, 0).register(settingRegistry, {
      variable: 'CORE_BACKGROUND_REBALANCE_EVERY_SECONDS',
      description:
        'About how often unused cap moves between the children of a pool, once one of them has used 80 % of its own; ' +
        '0 never moves any, so that a budget is a hard cap. The sum of their caps stays, and floors are respected.',
    }),
  }),
  {},
)
