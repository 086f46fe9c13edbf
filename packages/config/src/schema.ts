import { z } from 'zod'

/** What a setting's schema cannot say: its variable, its meaning, and how to describe a right value. */
export interface SettingMeta {
  /** The environment variable that sets it. */
  variable: string
  /** One or two sentences for the reference. */
  description: string
  /** What a right value is, in words. Needed for texts; numbers and choices describe themselves. */
  expected?: string
  /** A right value, for settings without a default. */
  example?: string
  /** Never shown in errors, logs or printed configurations. */
  secret?: true
}

/** Every leaf of `configSchema` is registered here; loading, the reference and `.env.example` are derived from both. */
export const settingRegistry = z.registry<SettingMeta>()

const milliseconds = (max: number) => z.int().min(1).max(max)
const webUrl = z.url({ protocol: /^https?$/ })
/** RFC 6750 b64token: what an Authorization header can carry as it is. */
const bearerToken = z.string().regex(/^[A-Za-z0-9._~+/-]{20,200}=*$/)

/**
 * The one description of the configuration: shape, defaults, limits, variables and texts. The JSON file has this shape.
 */
export const configSchema = z.strictObject({
  http: z
    .strictObject({
      host: z
        .union([z.ipv4(), z.ipv6(), z.string().regex(z.regexes.hostname)])
        .default('127.0.0.1')
        .register(settingRegistry, {
          variable: 'CORE_HTTP_HOST',
          description: 'The address the control plane listens on. The default can be reached from this machine only.',
          expected: 'an IP address or a host name',
        }),
      port: z.int().min(0).max(65_535).default(4400).register(settingRegistry, {
        variable: 'CORE_HTTP_PORT',
        description: 'The port the control plane listens on; 0 takes any free one.',
      }),
      bodyLimitBytes: z
        .int()
        .min(1024)
        .max(16 * 1024 * 1024)
        .default(256 * 1024)
        .register(settingRegistry, {
          variable: 'CORE_HTTP_BODY_LIMIT_BYTES',
          description: 'The largest request body that is read; a larger one is answered with 413.',
        }),
      headersTimeoutMs: milliseconds(60_000).default(5_000).register(settingRegistry, {
        variable: 'CORE_HTTP_HEADERS_TIMEOUT_MS',
        description: 'How long a client may take to send its request headers.',
      }),
      requestTimeoutMs: milliseconds(600_000).default(30_000).register(settingRegistry, {
        variable: 'CORE_HTTP_REQUEST_TIMEOUT_MS',
        description: 'How long a client may take to send a whole request.',
      }),
    })
    .prefault({}),
  dataDir: z.string().min(1).default('.core').register(settingRegistry, {
    variable: 'CORE_DATA_DIR',
    description: 'Where Core keeps its files; the embedded database lives in `data` inside it.',
    expected: 'a folder, relative to the working directory or absolute',
  }),
  database: z
    .strictObject({
      driver: z
        .enum(['embedded', 'postgres', 'supabase'])
        .optional()
        .register(settingRegistry, {
          variable: 'CORE_DATABASE_DRIVER',
          description:
            'How the database is reached. Unset, it is `postgres` where CORE_DATABASE_URL is set, else `supabase` ' +
            'where SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are, else `embedded`.',
          example: 'postgres',
        }),
      url: z
        .url()
        .regex(/^postgres(ql)?:\/\/./)
        .optional()
        .register(settingRegistry, {
          variable: 'CORE_DATABASE_URL',
          description: 'The connection string of a Postgres server or of a pooler before it.',
          expected: 'a URL that begins with postgres:// or postgresql://',
          example: 'postgres://user:password@localhost:5432/postgres',
          secret: true,
        }),
      poolSize: z.int().min(1).max(1000).default(10).register(settingRegistry, {
        variable: 'CORE_DATABASE_POOL_SIZE',
        description: 'The most connections one process opens with the driver `postgres`.',
      }),
      timeoutMs: milliseconds(600_000).default(10_000).register(settingRegistry, {
        variable: 'CORE_DATABASE_TIMEOUT_MS',
        description: 'How long a database call may take where the caller sets no limit of its own.',
      }),
      supabase: z
        .strictObject({
          url: webUrl.optional().register(settingRegistry, {
            variable: 'SUPABASE_URL',
            description: 'The URL of a Supabase project.',
            expected: 'a URL that begins with https:// or http://',
            example: 'https://abcdefghijklmnopqrst.supabase.co',
          }),
          serviceRoleKey: bearerToken.optional().register(settingRegistry, {
            variable: 'SUPABASE_SERVICE_ROLE_KEY',
            description: 'The service role key (or a secret key, `sb_secret_…`) of that project.',
            expected: 'a key of 20 or more characters without spaces',
            example: 'sb_secret_…',
            secret: true,
          }),
        })
        .prefault({}),
    })
    .prefault({}),
  ownerKey: bearerToken.optional().register(settingRegistry, {
    variable: 'CORE_OWNER_KEY',
    description:
      'The key that may do everything, for example from `openssl rand -base64 32`. Unset, the first start makes one ' +
      'and prints it once.',
    expected: 'a key of 20 to 200 letters, digits or . _ ~ + / -',
    secret: true,
  }),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .register(settingRegistry, {
          variable: 'CORE_LOG_LEVEL',
          description: 'The least severe log line that is written.',
        }),
    })
    .prefault({}),
  shutdown: z
    .strictObject({
      graceMs: milliseconds(600_000).default(8_000).register(settingRegistry, {
        variable: 'CORE_SHUTDOWN_GRACE_MS',
        description: 'How long requests in flight may finish after SIGTERM or SIGINT before they are cut off.',
      }),
    })
    .prefault({}),
})
