import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { bearerToken } from './value.ts'

export const ownerKeySection = z.optional(bearerToken).register(settingRegistry, {
  variable: 'CORE_OWNER_KEY',
  description:
    'The key that may do everything, for example from `openssl rand -base64 32`. Unset, the first start makes one ' +
    'and prints it once.',
  expected: 'a key of 20 to 200 letters, digits or . _ ~ + / -',
  secret: true,
})
