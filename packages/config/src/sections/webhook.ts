import { z } from 'zod/mini'
import { isAuthority } from '../list-setting.ts'
import { settingRegistry } from '../setting-registry.ts'
import { listOf, textThat } from './value.ts'

export const webhookSection = z.prefault(
  z.strictObject({
    privateHosts: z._default(listOf(textThat(isAuthority)), []).register(settingRegistry, {
      variable: 'CORE_WEBHOOK_PRIVATE_HOSTS',
      description:
        'Receivers of webhooks inside your own network, which are otherwise refused: the only ones that may have a ' +
        'private address, another port than 443, or no TLS.',
      expected: 'a list of host:port',
      example: 'billing.internal:8443,127.0.0.1:3000',
    }),
  }),
  {},
)
