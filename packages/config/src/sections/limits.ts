import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { integer, seconds } from './value.ts'

/** How many requests of a class pass in any window, however it lies. */
function rateSetting(name: string, whose: string, requests: number) {
  return z.prefault(
    z.strictObject({
      requests: z._default(integer(1, 1_000_000), requests).register(settingRegistry, {
        variable: `CORE_LIMITS_${name}_REQUESTS`,
        description: `How many requests ${whose} pass in any window; further ones are answered with 429.`,
      }),
      windowSeconds: z._default(seconds(3600), 60).register(settingRegistry, {
        variable: `CORE_LIMITS_${name}_WINDOW_SECONDS`,
        description: `The length of the window for requests ${whose}.`,
      }),
    }),
    {},
  )
}

export const limitsSection = z.prefault(
  z.strictObject({
    credential: rateSetting('CREDENTIAL', 'of one credential (a key, the owner, the subject of a token)', 30_000),
    anonymous: rateSetting('ANONYMOUS', 'of one address without a credential', 600),
    failedAuthentication: rateSetting('FAILED_AUTHENTICATION', 'of one address with a wrong credential', 60),
  }),
  {},
)
