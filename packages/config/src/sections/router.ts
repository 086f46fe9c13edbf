import { z } from 'zod/mini'
import { isAuthority } from '../list-setting.ts'
import { settingRegistry } from '../setting-registry.ts'
import { integer, listOf, seconds, textThat } from './value.ts'

export const routerSection = z.prefault(
  z.strictObject({
    privateHosts: z._default(listOf(textThat(isAuthority)), []).register(settingRegistry, {
      variable: 'CORE_ROUTER_PRIVATE_HOSTS',
      description:
        'Providers of models inside your own network, which are otherwise refused: the only ones that may have a ' +
        'private address, another port than 443, or no TLS.',
      expected: 'a list of host:port',
      example: '127.0.0.1:11434,models.internal:8000',
    }),
    spoolFile: z.optional(z.string().check(z.minLength(1))).register(settingRegistry, {
      variable: 'CORE_ROUTER_SPOOL_FILE',
      description:
        'Where charges of model calls wait that the database did not answer. Unset: `model-settles` in CORE_DATA_DIR. ' +
        'Each process needs a file of its own.',
      expected: 'a file, relative to the working directory or absolute',
      example: '/var/lib/core/model-settles',
    }),
    callDays: z._default(integer(1, 3_650), 30).register(settingRegistry, {
      variable: 'CORE_ROUTER_CALL_DAYS',
      description:
        'How long the rows of model calls are kept. What was charged is in the ledger, which keeps it without end.',
    }),
    crash: z._default(z.enum(['floor', 'nothing']), 'floor').register(settingRegistry, {
      variable: 'CORE_ROUTER_CRASH',
      description:
        'What a model call costs whose control plane was killed before its end: `floor` charges the price of its input, ' +
        'which the provider bills at least; `nothing` charges nothing. Either way it is flagged `crashed`.',
    }),
    recoverAfterSeconds: z._default(seconds(86_400), 900).register(settingRegistry, {
      variable: 'CORE_ROUTER_RECOVER_AFTER_SECONDS',
      description:
        'How long after its hold has lapsed such a call is charged. Charges that wait in spool files come first, so ' +
        'that this is longer than a control plane stays away.',
    }),
  }),
  {},
)
