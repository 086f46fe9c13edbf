import { z } from 'zod'
import { isAudienceList, isClaimPath, isKeyAddress } from './jwt-settings.ts'
import { isAddressList, isOriginList } from './list-setting.ts'

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

const seconds = (max: number) => z.int().min(1).max(max)
const secondsOrNever = z.int().min(0).max(86_400)
const milliseconds = (max: number) => z.int().min(1).max(max)
const webUrl = z.url({ protocol: /^https?$/ })
/** RFC 6750 b64token: what an Authorization header can carry as it is. */
const bearerToken = z.string().regex(/^[A-Za-z0-9._~+/-]{20,200}=*$/)

/** How many requests of a class pass in any window, however it lies. */
function rateSetting(name: string, whose: string, requests: number) {
  return z
    .strictObject({
      requests: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(requests)
        .register(settingRegistry, {
          variable: `CORE_LIMITS_${name}_REQUESTS`,
          description: `How many requests ${whose} pass in any window; further ones are answered with 429.`,
        }),
      windowSeconds: seconds(3600)
        .default(60)
        .register(settingRegistry, {
          variable: `CORE_LIMITS_${name}_WINDOW_SECONDS`,
          description: `The length of the window for requests ${whose}.`,
        }),
    })
    .prefault({})
}

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
      maxConnections: z.int().min(1).max(1_000_000).default(10_000).register(settingRegistry, {
        variable: 'CORE_HTTP_MAX_CONNECTIONS',
        description: 'How many connections are open at once at most; a further one is closed at once.',
      }),
      trustedProxies: z
        .string()
        .refine(isAddressList)
        .default('')
        .register(settingRegistry, {
          variable: 'CORE_HTTP_TRUSTED_PROXIES',
          description:
            'The proxies before the control plane. X-Forwarded-For is believed from them alone; without any, a ' +
            'request comes from where its connection does.',
          expected: 'IP addresses or CIDR ranges with commas between them',
          example: '10.0.0.0/8,fd00::/8',
        }),
      allowedOrigins: z.string().refine(isOriginList).default('').register(settingRegistry, {
        variable: 'CORE_HTTP_ALLOWED_ORIGINS',
        description: 'The origins whose pages may call the API from a browser (CORS). None unless listed.',
        expected: 'origins with commas between them, without a path or a wildcard',
        example: 'https://dashboard.example,http://localhost:5173',
      }),
    })
    .prefault({}),
  rest: z
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
    .prefault({}),
  metrics: z
    .strictObject({
      host: z
        .union([z.ipv4(), z.ipv6(), z.string().regex(z.regexes.hostname)])
        .default('127.0.0.1')
        .register(settingRegistry, {
          variable: 'CORE_METRICS_HOST',
          description: 'The address the metrics are served on. They need no credential: keep it off public networks.',
          expected: 'an IP address or a host name',
        }),
      port: z.int().min(0).max(65_535).optional().register(settingRegistry, {
        variable: 'CORE_METRICS_PORT',
        description: 'The port of GET /metrics for Prometheus; 0 takes any free one. Unset, there are no metrics.',
        example: '9464',
      }),
    })
    .prefault({}),
  tracing: z
    .strictObject({
      endpoint: webUrl.optional().register(settingRegistry, {
        variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
        description: 'The OpenTelemetry collector that traces go to, over HTTP as JSON. Unset, nothing is traced.',
        expected: 'a URL that begins with https:// or http://',
        example: 'http://127.0.0.1:4318',
      }),
      headers: z
        .string()
        .regex(/^[^=,\s]+=[^,]*(,[^=,\s]+=[^,]*)*$/)
        .optional()
        .register(settingRegistry, {
          variable: 'OTEL_EXPORTER_OTLP_HEADERS',
          description: 'Header fields for the collector, such as its key.',
          expected: 'name=value pairs with commas between them, values URL-encoded',
          example: 'x-api-key=…',
          secret: true,
        }),
      serviceName: z.string().min(1).max(100).default('core').register(settingRegistry, {
        variable: 'OTEL_SERVICE_NAME',
        description: 'What traces call this process.',
        expected: 'a text of 1 to 100 characters',
      }),
      samplePercent: z.int().min(0).max(100).default(100).register(settingRegistry, {
        variable: 'CORE_OTEL_SAMPLE_PERCENT',
        description: 'The share of requests that are traced where their caller has not decided that (traceparent).',
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
  limits: z
    .strictObject({
      credential: rateSetting('CREDENTIAL', 'of one credential (a key, the owner, the subject of a token)', 30_000),
      anonymous: rateSetting('ANONYMOUS', 'of one address without a credential', 600),
      failedAuthentication: rateSetting('FAILED_AUTHENTICATION', 'of one address with a wrong credential', 60),
    })
    .prefault({}),
  overload: z
    .strictObject({
      maxLoopDelayMs: milliseconds(60_000).default(1_000).register(settingRegistry, {
        variable: 'CORE_OVERLOAD_MAX_LOOP_DELAY_MS',
        description: 'The mean delay of the event loop from which on requests are refused with 503.',
      }),
      maxDatabaseCalls: z.int().min(1).max(100_000).default(250).register(settingRegistry, {
        variable: 'CORE_OVERLOAD_MAX_DATABASE_CALLS',
        description:
          'How many database calls one process has under way or queued at most; then it refuses with 503. More calls wait longer, and what waits past its deadline was accepted for nothing.',
      }),
    })
    .prefault({}),
  background: z
    .strictObject({
      sealEverySeconds: secondsOrNever.default(60).register(settingRegistry, {
        variable: 'CORE_BACKGROUND_SEAL_EVERY_SECONDS',
        description:
          'About how often the journal is sealed against later changes; 0 never does. Rows newer than the last seal ' +
          'are not covered by it.',
      }),
      balanceEverySeconds: secondsOrNever.default(0).register(settingRegistry, {
        variable: 'CORE_BACKGROUND_BALANCE_EVERY_SECONDS',
        description:
          'About how often unused cap moves between the children of a pool, once one of them has used 80 % of its own; ' +
          '0 never moves any, so that a budget is a hard cap. The sum of their caps stays, and floors are respected.',
      }),
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
  jwt: z
    .strictObject({
      issuer: webUrl.optional().register(settingRegistry, {
        variable: 'CORE_JWT_ISSUER',
        description:
          'The issuer whose tokens (JWT) are accepted beside API keys, exactly as their claim `iss` says it: Supabase ' +
          'Auth or any OIDC provider. Unset, no token is accepted. The subjects of another issuer are other people: ' +
          'before changing it, remove the members.',
        expected: 'a URL that begins with https:// or http://',
        example: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
      }),
      audience: z.string().refine(isAudienceList).optional().register(settingRegistry, {
        variable: 'CORE_JWT_AUDIENCE',
        description:
          'The claim `aud` that a token must have; one of these where there are commas. Needed with an issuer.',
        expected: 'a text without spaces',
        example: 'authenticated',
      }),
      jwksUrl: webUrl
        .refine(isKeyAddress)
        .optional()
        .register(settingRegistry, {
          variable: 'CORE_JWT_JWKS_URL',
          description:
            'Where the issuer publishes its keys. Unset, its OIDC discovery says so, else it is ' +
            '`/.well-known/jwks.json` below the issuer.',
          expected: 'a URL that begins with https://, or with http:// for this machine or a host without a domain',
          example: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1/.well-known/jwks.json',
        }),
      secret: z
        .string()
        .min(32)
        .max(1024)
        .optional()
        .register(settingRegistry, {
          variable: 'CORE_JWT_SECRET',
          description:
            'The secret shared with an issuer that signs with HS256, such as a Supabase project before asymmetric keys. ' +
            'Unset, HS256 is refused: whoever knows this secret can be anybody.',
          expected: 'a text of 32 to 1024 characters',
          secret: true,
        }),
      roleClaim: z
        .string()
        .refine(isClaimPath)
        .optional()
        .register(settingRegistry, {
          variable: 'CORE_JWT_ROLE_CLAIM',
          description:
            'The claim whose value (viewer, operator, admin or owner) is a role in every project; a dot leads into an ' +
            'object. Unset, roles come from the members of projects alone. It must be one that users cannot set ' +
            'themselves; `user_metadata` is refused.',
          expected: 'the name of a claim, not below user_metadata',
          example: 'app_metadata.core_role',
        }),
    })
    .prefault({}),
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
