import { needsPercentEncoding } from '@core/foundation'
import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { bearerToken, integer, milliseconds, webUrl } from './value.ts'

export const databaseSection = z.prefault(
  z.strictObject({
    driver: z.optional(z.enum(['embedded', 'postgres', 'supabase'])).register(settingRegistry, {
      variable: 'CORE_DATABASE_DRIVER',
      description:
        'How the database is reached. Unset, it is `postgres` where CORE_DATABASE_URL is set, else `supabase` ' +
        'where SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are, else `embedded`.',
      example: 'postgres',
    }),
    url: z
      .optional(
        z.url().check(
          z.regex(/^postgres(ql)?:\/\/./),
          z.refine((url) => !needsPercentEncoding(url)),
        ),
      )
      .register(settingRegistry, {
        variable: 'CORE_DATABASE_URL',
        description: 'The connection string of a Postgres server or of a pooler before it.',
        expected:
          'a URL with one host that begins with postgres:// or postgresql:// (percent-encode the password: / as %2F, ? as %3F, # as %23, % as %25)',
        example: 'postgres://user:password@localhost:5432/postgres',
        secret: true,
      }),
    poolSize: z._default(integer(1, 1000), 10).register(settingRegistry, {
      variable: 'CORE_DATABASE_POOL_SIZE',
      description:
        'The most connections one process opens with the driver `postgres`. With fewer than 3 a control plane builds no index of embeddings, which takes 2.',
    }),
    timeoutMs: z._default(milliseconds(600_000), 10_000).register(settingRegistry, {
      variable: 'CORE_DATABASE_TIMEOUT_MS',
      description: 'How long a database call may take where the caller sets no limit of its own.',
    }),
    supabase: z.prefault(
      z.strictObject({
        url: z.optional(webUrl).register(settingRegistry, {
          variable: 'SUPABASE_URL',
          description: 'The URL of a Supabase project.',
          expected: 'a URL that begins with https:// or http://',
          example: 'https://abcdefghijklmnopqrst.supabase.co',
        }),
        serviceRoleKey: z.optional(bearerToken).register(settingRegistry, {
          variable: 'SUPABASE_SERVICE_ROLE_KEY',
          description: 'The service role key (or a secret key, `sb_secret_…`) of that project.',
          expected: 'a key of 20 or more characters without spaces',
          example: 'sb_secret_…',
          secret: true,
        }),
      }),
      {},
    ),
  }),
  {},
)
