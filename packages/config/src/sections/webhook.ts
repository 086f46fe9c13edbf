import { z } from 'zod'
import { isAuthorityList } from '../list-setting.ts'
import { settingRegistry } from '../setting-registry.ts'

export const webhookSection = z
  .strictObject({
    privateHosts: z
      .string()
      .refine(isAuthorityList)
      .default('')
      .register(settingRegistry, {
        variable: 'CORE_WEBHOOK_PRIVATE_HOSTS',
        description:
          'Receivers of webhooks inside your own network, which are otherwise refused: the only ones that may have a ' +
          'private address, another port than 443, or no TLS.',
        expected: 'host:port with commas between them',
        example: 'billing.internal:8443,127.0.0.1:3000',
      }),
  })
  .prefault({})
