import { z } from 'zod'
import { settingRegistry } from '../setting-registry.ts'

export const restSection = z
  .strictObject({
    rpc: z
      .enum(['on', 'off'])
      .optional()
      .register(settingRegistry, {
        variable: 'CORE_REST_RPC',
        description:
          'Whether POST /rest/v1/rpc/{function} answers as PostgREST does, for supabase-js. Unset, it is `on` with ' +
          'the driver `embedded` and `off` with the others.',
        example: 'on',
      }),
  })
  .prefault({})
