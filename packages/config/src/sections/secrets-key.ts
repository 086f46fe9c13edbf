import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { listOf, text } from './value.ts'

export const secretsKeySection = z._default(listOf(text(/^[A-Za-z0-9+/_-]{43}=?$/)), []).register(settingRegistry, {
  variable: 'CORE_SECRETS_KEY',
  description:
    'The keys that seal secrets, each for example from `openssl rand -base64 32`: the first seals, all of them open. To ' +
    'rotate, put a new one first on every control plane, run `core secrets rewrap`, then drop the old one. Unset, an ' +
    'embedded database gets a key of its own beside it; on a server no secret can be set. Keep it apart from backups of ' +
    'the database: without it no secret can be read again.',
  expected: 'a list of one or more keys, each 32 bytes in base64',
  secret: true,
})
