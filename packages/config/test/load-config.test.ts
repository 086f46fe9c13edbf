import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { CoreError } from '@core/foundation'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ConfigFault, type LoadConfigOptions, loadConfig, settings } from '../src/index.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'core-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

const load = (options: LoadConfigOptions = {}) => loadConfig({ env: {}, cwd, ...options })
const writeFile = (content: unknown, name = 'core.config.json') =>
  writeFileSync(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content))

function failure(options: LoadConfigOptions): { message: string; faults: readonly ConfigFault[] } {
  try {
    load(options)
  } catch (error) {
    if (!(error instanceof CoreError) || error.code !== 'E_CONFIG_INVALID') throw error
    return { message: error.message, faults: error.details['faults'] as readonly ConfigFault[] }
  }
  throw new Error('the configuration was accepted')
}
const faultsOf = (options: LoadConfigOptions) => failure(options).faults

describe('sources', () => {
  test('defaults need no file and no environment', () => {
    expect(load()).toEqual({
      http: {
        host: '127.0.0.1',
        port: 4400,
        bodyLimitBytes: 262_144,
        headersTimeoutMs: 5_000,
        requestTimeoutMs: 30_000,
        maxConnections: 10_000,
        trustedProxies: [],
        allowedOrigins: [],
      },
      rest: { rpc: 'on' },
      router: { privateHosts: [], callDays: 30, crash: 'floor', recoverAfterSeconds: 900 },
      secretsKey: [],
      metrics: { host: '127.0.0.1' },
      tracing: { serviceName: 'core', samplePercent: 100 },
      dataDir: join(cwd, '.core'),
      database: { driver: 'embedded', dataDir: join(cwd, '.core'), timeoutMs: 10_000 },
      limits: {
        credential: { requests: 30_000, windowSeconds: 60 },
        anonymous: { requests: 600, windowSeconds: 60 },
        failedAuthentication: { requests: 60, windowSeconds: 60 },
      },
      overload: { maxLoopDelayMs: 1_000, maxDatabaseCalls: 250 },
      background: { sealEverySeconds: 60, rebalanceEverySeconds: 0 },
      auth: { provider: 'local', redirectOrigins: [] },
      webhook: { privateHosts: [] },
      ownerKey: undefined,
      jwt: undefined,
      llm: { provider: 'local', fallbacks: [], keys: {}, urls: {} },
      log: { level: 'info' },
      price: { unknown: 'refuse' },
      shutdown: { graceMs: 8_000 },
      storage: { provider: 'disk', readAlso: [], keys: {} },
      notes: [],
      warnings: [],
    })
  })

  test('each beats the one before it', () => {
    writeFile({ http: { host: 'file.example', port: 1, bodyLimitBytes: 2048 }, log: { level: 'warn' } })
    const env = { CORE_HTTP_HOST: 'env.example', CORE_HTTP_PORT: '2' }
    expect(load({ env, overrides: { http: { port: 3 } } }).http).toMatchObject({
      host: 'env.example',
      port: 3,
      bodyLimitBytes: 2048,
      headersTimeoutMs: 5_000,
    })
    expect(load({ env }).log.level).toBe('warn')
  })

  test('an empty variable and an undefined override leave the setting alone', () => {
    const env = { CORE_HTTP_PORT: '', CORE_DATABASE_URL: '', SUPABASE_URL: '' }
    const config = load({ env, overrides: { http: { port: undefined }, log: undefined } })
    expect(config.http.port).toBe(4400)
    expect(config.database.driver).toBe('embedded')
  })

  test.each(settings.map((setting) => [setting.variable, setting] as const))('%s is read', (_, setting) => {
    const [name, value] = valid[setting.variable] ?? []
    if (name === undefined || value === undefined) throw new Error(`no example for ${setting.variable}`)
    const companions = setting.variable.startsWith('SUPABASE_')
      ? supabase
      : setting.path.startsWith('database.')
        ? postgres
        : setting.path.startsWith('jwt.') && tokens
    const config = load({ env: { ...companions, [setting.variable]: value } })
    const read = name.split('.').reduce<unknown>((node, key) => Reflect.get(Object(node), key), config)
    expect(String(reveal(read))).toBe(value)
  })

  test('lists are lists: in the file and overrides as such, in the environment with commas between the entries', () => {
    writeFile({ http: { trustedProxies: ['10.0.0.0/8', '::1'] } })
    expect(load().http.trustedProxies).toEqual(['10.0.0.0/8', '::1'])
    expect(load({ env: { CORE_HTTP_TRUSTED_PROXIES: ' 192.0.2.7, ,::1 ' } }).http.trustedProxies).toEqual([
      '192.0.2.7',
      '::1',
    ])
    expect(load({ overrides: { http: { trustedProxies: [] } } }).http.trustedProxies).toEqual([])
    const overrides = { jwt: { issuer: 'https://i.example', audience: ['core', 'https://api.example'] } }
    expect(load({ overrides }).jwt?.audience).toEqual(['core', 'https://api.example'])
  })

  test.each([
    ['a text', '10.0.0.0/8,::1'],
    ['two wrong entries', ['10.0.0.0/8', 'proxy.example', 'other.example']],
    ['an entry that is no text', [10]],
  ])('%s in place of a list in the file is one fault', (_, trustedProxies) => {
    writeFile({ http: { trustedProxies } })
    expect(faultsOf({})).toMatchObject([{ path: 'http.trustedProxies', source: 'file' }])
  })

  test('paths are absolute and start at the working directory', () => {
    expect(load({ env: { CORE_DATA_DIR: 'there' } }).dataDir).toBe(join(cwd, 'there'))
    expect(load({ env: { CORE_DATA_DIR: '/srv/core' } }).database).toMatchObject({ dataDir: '/srv/core' })
  })

  test('a file may begin with a byte order mark', () => {
    writeFile('\uFEFF{"http":{"port":9}}')
    expect(load().http.port).toBe(9)
  })

  test('another file can be named, and must then exist', () => {
    writeFile({ http: { port: 9 } }, 'other.json')
    expect(load({ file: 'other.json' }).http.port).toBe(9)
    expect(faultsOf({ file: 'none.json' })).toMatchObject([{ path: '', source: 'file', found: 'no file' }])
  })
})

describe('tokens', () => {
  const faultsWith = (env: Record<string, string>) =>
    faultsOf({ env: { ...tokens, ...env } }).map(({ variable, found }) => [variable, found])

  test('without an issuer none are accepted, and what only an issuer needs is a fault', () => {
    expect(load().jwt).toBeUndefined()
    expect(faultsOf({ env: { CORE_JWT_AUDIENCE: 'core' } })).toMatchObject([
      { variable: 'CORE_JWT_ISSUER', found: 'nothing', expected: 'a value, because CORE_JWT_AUDIENCE is set' },
    ])
  })

  test('an issuer needs an audience, and keys that come over an authenticated channel', () => {
    expect(faultsOf({ env: { CORE_JWT_ISSUER: 'http://i.example' } })).toMatchObject([
      { variable: 'CORE_JWT_AUDIENCE', found: 'nothing' },
      { variable: 'CORE_JWT_JWKS_URL', found: 'nothing', expected: expect.stringContaining('without TLS') },
    ])
    const env = { ...tokens, CORE_JWT_ISSUER: 'http://i.example', CORE_JWT_JWKS_URL: 'http://auth:9999/keys' }
    expect(load({ env }).jwt).toMatchObject({ issuer: 'http://i.example', audience: ['core'] })
  })

  test('a list without an entry is no audience', () => {
    expect(faultsWith({ CORE_JWT_AUDIENCE: ', ,' })).toEqual([['CORE_JWT_AUDIENCE', '[]']])
  })

  test.each([
    ['CORE_JWT_ISSUER', 'i.example'],
    ['CORE_JWT_AUDIENCE', 'core api'],
    ['CORE_JWT_JWKS_URL', 'http://i.example/keys'],
    ['CORE_JWT_JWKS_URL', 'file:///keys'],
    ['CORE_JWT_ROLE_CLAIM', 'user_metadata.role'],
    ['CORE_JWT_ROLE_CLAIM', 'raw_user_meta_data.role'],
  ])('%s = %j is a fault', (variable, value) => {
    expect(faultsWith({ [variable]: value })).toEqual([[variable, expect.stringContaining(value)]])
  })

  test('a short secret is a fault, and is not shown; a good one is not printed', () => {
    expect(faultsWith({ CORE_JWT_SECRET: 'hunter2' })).toEqual([['CORE_JWT_SECRET', 'a hidden text']])
    const { jwt } = load({ env: { ...tokens, CORE_JWT_SECRET: 'hunter2'.repeat(5) } })
    expect(`${inspect(jwt)} ${JSON.stringify(jwt)}`).not.toContain('hunter2')
    expect(jwt?.secret?.reveal()).toBe('hunter2'.repeat(5))
  })
})

describe('faults', () => {
  test('of every source are listed at once, with variable, path, what was found and what would be right', () => {
    writeFile({ htpp: { port: 1 }, http: { port: 70_000, prot: 1 }, log: 'loud', shutdown: { graceMs: null } })
    const { faults, message } = failure({
      env: { CORE_HTTP_HOST: 'a b', CORE_DATABASE_DRIVER: 'mysql', CORE_HTTP_BODY_LIMIT_BYTES: '1.5' },
      overrides: { database: { poolSize: 0 } },
    })
    expect(faults).toEqual(
      expect.arrayContaining<ConfigFault>([
        {
          variable: undefined,
          path: 'htpp',
          source: 'file',
          found: 'an unknown key',
          expected: 'a known key; did you mean "http"?',
        },
        {
          variable: undefined,
          path: 'http.prot',
          source: 'file',
          found: 'an unknown key',
          expected: 'a known key; did you mean "http.port"?',
        },
        { variable: undefined, path: 'log', source: 'file', found: 'a string', expected: 'an object of settings' },
        {
          variable: 'CORE_HTTP_PORT',
          path: 'http.port',
          source: 'file',
          found: '70000',
          expected: 'a whole number from 0 to 65535',
        },
        {
          variable: 'CORE_SHUTDOWN_GRACE_MS',
          path: 'shutdown.graceMs',
          source: 'file',
          found: 'null',
          expected: 'a whole number from 1 to 600000',
        },
        {
          variable: 'CORE_HTTP_HOST',
          path: 'http.host',
          source: 'environment',
          found: '"a b"',
          expected: 'an IP address or a host name',
        },
        {
          variable: 'CORE_HTTP_BODY_LIMIT_BYTES',
          path: 'http.bodyLimitBytes',
          source: 'environment',
          found: '"1.5"',
          expected: 'a whole number from 1024 to 16777216',
        },
        {
          variable: 'CORE_DATABASE_DRIVER',
          path: 'database.driver',
          source: 'environment',
          found: '"mysql"',
          expected: 'one of embedded, postgres, supabase',
        },
        {
          variable: 'CORE_DATABASE_POOL_SIZE',
          path: 'database.poolSize',
          source: 'overrides',
          found: '0',
          expected: 'a whole number from 1 to 1000',
        },
      ]),
    )
    expect(faults).toHaveLength(9)
    expect(message).toContain('the configuration has 9 faults:')
    expect(message).toContain('- CORE_HTTP_HOST (http.host): found "a b" in the environment; expected an IP address')
  })

  test.each([
    ['a key at the wrong level', { port: 1 }, 'did you mean "http.port"?'],
    ['a variable in the file', { CORE_HTTP_PORT: 1 }, 'did you mean "http.port"?'],
    ['a key with a dot', { 'http.port': 1 }, 'one object inside the other'],
    ['an unknown key', { colour: 1 }, 'a known key'],
    ['a polluting key', '{"__proto__":{"http":{"port":1}}}', 'a known key'],
  ])('%s is one', (_, content, expected) => {
    writeFile(content)
    const faults = faultsOf({})
    expect(faults).toHaveLength(1)
    expect(faults[0]?.expected).toContain(expected)
  })

  test.each([
    ['an empty file', ''],
    ['a list', '[]'],
    ['a number', '4'],
    ['null', 'null'],
    ['a broken object', '{"http": '],
  ])('%s is one, beside those of the environment', (_, content) => {
    writeFile(content)
    const faults = faultsOf({ env: { CORE_HTTP_PORT: 'x' } })
    expect(faults).toMatchObject([{ source: 'file', path: '' }, { variable: 'CORE_HTTP_PORT' }])
  })

  test.each(['4400.5', '0x10', '1e3', 'NaN', '-1', '70000', '-99999999999999999999', '99999999999999999999', 'forty'])(
    '%j is no port',
    (text) => {
      expect(faultsOf({ env: { CORE_HTTP_PORT: text } })).toMatchObject([{ variable: 'CORE_HTTP_PORT' }])
    },
  )

  test.each([
    'mysql://h/d',
    'h:5432/d',
    'postgres:',
    'postgres://',
    'postgres://core:12/b@h/d',
    'postgres://core:a?b@h/d',
  ])('%j is no database URL', (text) => {
    expect(faultsOf({ env: { CORE_DATABASE_URL: text } })).toMatchObject([{ variable: 'CORE_DATABASE_URL' }])
  })

  test.each(['project.supabase.co', 'ftp://h', 'https:', 'https://'])('%j is no Supabase URL', (text) => {
    const env = { SUPABASE_URL: text, SUPABASE_SERVICE_ROLE_KEY: 'k'.repeat(30) }
    expect(faultsOf({ env })).toMatchObject([{ variable: 'SUPABASE_URL' }])
  })

  test('a driver without what it needs is one', () => {
    expect(faultsOf({ env: { CORE_DATABASE_DRIVER: 'supabase' } }).map(({ variable }) => variable)).toEqual([
      'SUPABASE_URL',
      'SUPABASE_SERVICE_ROLE_KEY',
    ])
  })
})

describe('secrets', () => {
  const env = { CORE_OWNER_KEY: 'hunter2-hunter2-hunter2', CORE_DATABASE_URL: 'postgres://core:hunter2@h/d' }

  test('do not show where the configuration is printed, and are read by name', () => {
    const config = load({ env })
    expect(inspect(config, { depth: 9, showHidden: true })).not.toContain('hunter2')
    expect(JSON.stringify(config)).not.toContain('hunter2')
    expect(`${config.ownerKey} ${config}`).not.toContain('hunter2')
    expect(config.ownerKey?.reveal()).toBe('hunter2-hunter2-hunter2')
    expect(config.database).toMatchObject({ url: 'postgres://core:hunter2@h/d' })
  })

  test.each([
    ['a short key', { env: { CORE_OWNER_KEY: 'hunter2' } }],
    ['a key that no header can carry', { env: { CORE_OWNER_KEY: 'hunter2 hunter2 hunter2' } }],
    ['a bad URL', { env: { CORE_DATABASE_URL: 'mysql://u:hunter2@h/d' } }],
    ['a contradiction', { env: { ...env, CORE_DATABASE_DRIVER: 'embedded' } }],
    ['a section in place of an object', { overrides: { database: 'postgres://u:hunter2@h/d' } }],
  ])('do not show in the fault of %s', (_, options) => {
    const { message, faults } = failure(options as LoadConfigOptions)
    expect(message + inspect(faults)).not.toContain('hunter2')
  })

  test('do not show where the file is not JSON', () => {
    writeFile('{"ownerKey":hunter2}')
    expect(failure({}).message).not.toContain('hunt')
  })

  test('in the file are warned of', () => {
    writeFile({ ownerKey: 'hunter2-hunter2-hunter2' })
    const { warnings } = load()
    expect(warnings).toEqual([expect.stringContaining('holds the secret ownerKey; CORE_OWNER_KEY keeps it out')])
    expect(warnings.join()).not.toContain('hunter2')
  })
})

describe('unknown CORE_ variables', () => {
  test('are warned of with what was meant', () => {
    const env = { CORE_HTP_PORT: '1', CORE_COLOUR: 'red', CORE_URL: 'x', PATH: '/bin', SUPABASE_JWT: 'x' }
    expect(load({ env, knownVariables: ['CORE_URL'] }).warnings).toEqual([
      'the environment variable CORE_COLOUR is unknown and has no effect',
      'the environment variable CORE_HTP_PORT is unknown and has no effect; did you mean CORE_HTTP_PORT?',
    ])
  })
})

test('the configuration is frozen to its leaves', () => {
  const config = load({ env: supabase })
  const visit = (node: object) => {
    expect(Object.isFrozen(node)).toBe(true)
    for (const child of Object.values(node)) if (typeof child === 'object' && child !== null) visit(child)
  }
  visit(config)
})

const postgres = { CORE_DATABASE_URL: 'postgres://h/d' }
const supabase = { SUPABASE_URL: 'https://p.example', SUPABASE_SERVICE_ROLE_KEY: 'k'.repeat(30) }

const tokens = { CORE_JWT_ISSUER: 'https://i.example', CORE_JWT_AUDIENCE: 'core' }

/** Where each variable ends up, and a value other than its default. */
const valid: Record<string, [path: string, value: string]> = {
  CORE_HTTP_HOST: ['http.host', '::1'],
  CORE_HTTP_PORT: ['http.port', '0'],
  CORE_HTTP_BODY_LIMIT_BYTES: ['http.bodyLimitBytes', '1024'],
  CORE_HTTP_HEADERS_TIMEOUT_MS: ['http.headersTimeoutMs', '1000'],
  CORE_HTTP_REQUEST_TIMEOUT_MS: ['http.requestTimeoutMs', '1000'],
  CORE_HTTP_MAX_CONNECTIONS: ['http.maxConnections', '50'],
  CORE_HTTP_TRUSTED_PROXIES: ['http.trustedProxies', '10.0.0.0/8,::1,192.0.2.7'],
  CORE_HTTP_PUBLIC_URL: ['http.publicUrl', 'https://example.com/core'],
  CORE_LLM_PROVIDER: ['llm.provider', 'anthropic'],
  CORE_LLM_MODEL: ['llm.model', 'gpt-5'],
  CORE_LLM_EMBEDDING_MODEL: ['llm.embeddingModel', 'text-embedding-3-large'],
  CORE_LLM_TRANSCRIPTION_MODEL: ['llm.transcriptionModel', 'gpt-4o-transcribe'],
  CORE_LLM_FALLBACKS: ['llm.fallbacks', 'anthropic/claude-sonnet-5,ollama/library/llama4'],
  CORE_LLM_BASE_URL: ['llm.baseUrl', 'http://127.0.0.1:8000/v1'],
  OPENAI_API_KEY: ['llm.keys.openai', 'sk-openai'],
  ANTHROPIC_API_KEY: ['llm.keys.anthropic', 'sk-anthropic'],
  MANUS_API_KEY: ['llm.keys.manus', 'sk-manus'],
  CORE_LLM_API_KEY: ['llm.keys.compatible', 'sk-compatible'],
  OPENAI_BASE_URL: ['llm.urls.openai', 'https://gateway.example/v1'],
  ANTHROPIC_BASE_URL: ['llm.urls.anthropic', 'https://gateway.example/v1'],
  MANUS_BASE_URL: ['llm.urls.manus', 'https://manus.example/v1'],
  OLLAMA_BASE_URL: ['llm.urls.ollama', 'http://ollama.internal:11434/v1'],
  CORE_PRICE_UNKNOWN: ['price.unknown', 'dearest'],
  CORE_ROUTER_PRIVATE_HOSTS: ['router.privateHosts', '127.0.0.1:11434'],
  CORE_STORAGE_PROVIDER: ['storage.provider', 'memory'],
  CORE_STORAGE_URL: ['storage.url', 'https://s3.example/files'],
  CORE_STORAGE_READ_ALSO: ['storage.readAlso', 'disk=/var/lib/core/files'],
  AWS_ACCESS_KEY_ID: ['storage.keys.accessKeyId', 'AKIA-TEST'],
  AWS_SECRET_ACCESS_KEY: ['storage.keys.secretAccessKey', 'secret-of-s3'],
  AWS_REGION: ['storage.keys.region', 'eu-central-1'],
  BLOB_READ_WRITE_TOKEN: ['storage.keys.vercelBlob', 'vercel_blob_rw_x'],
  CORE_ROUTER_SPOOL_FILE: ['router.spoolFile', '/var/lib/core/model-settles'],
  CORE_ROUTER_CALL_DAYS: ['router.callDays', '7'],
  CORE_ROUTER_CRASH: ['router.crash', 'nothing'],
  CORE_ROUTER_RECOVER_AFTER_SECONDS: ['router.recoverAfterSeconds', '60'],
  CORE_SECRETS_KEY: ['secretsKey.0', `${'A'.repeat(43)}=`],
  CORE_WEBHOOK_PRIVATE_HOSTS: ['webhook.privateHosts', 'billing.internal:8443,127.0.0.1:3000'],
  CORE_HTTP_ALLOWED_ORIGINS: ['http.allowedOrigins', 'https://a.example,http://localhost:5173'],
  CORE_REST_RPC: ['rest.rpc', 'off'],
  CORE_METRICS_HOST: ['metrics.host', '::1'],
  CORE_METRICS_PORT: ['metrics.port', '9464'],
  OTEL_EXPORTER_OTLP_ENDPOINT: ['tracing.endpoint', 'http://127.0.0.1:4318'],
  OTEL_EXPORTER_OTLP_HEADERS: ['tracing.headers', 'x-key=a%20b,other=c'],
  OTEL_SERVICE_NAME: ['tracing.serviceName', 'core-eu'],
  CORE_OTEL_SAMPLE_PERCENT: ['tracing.samplePercent', '5'],
  CORE_LIMITS_CREDENTIAL_REQUESTS: ['limits.credential.requests', '7'],
  CORE_LIMITS_CREDENTIAL_WINDOW_SECONDS: ['limits.credential.windowSeconds', '7'],
  CORE_LIMITS_ANONYMOUS_REQUESTS: ['limits.anonymous.requests', '7'],
  CORE_LIMITS_ANONYMOUS_WINDOW_SECONDS: ['limits.anonymous.windowSeconds', '7'],
  CORE_LIMITS_FAILED_AUTHENTICATION_REQUESTS: ['limits.failedAuthentication.requests', '7'],
  CORE_LIMITS_FAILED_AUTHENTICATION_WINDOW_SECONDS: ['limits.failedAuthentication.windowSeconds', '7'],
  CORE_AUTH_PROVIDER: ['auth.provider', 'local'],
  CORE_AUTH_ISSUER: ['auth.issuer', 'https://issuer.example/'],
  CORE_AUTH_CLIENT_ID: ['auth.clientId', 'core'],
  CORE_AUTH_CLIENT_SECRET: ['auth.clientSecret', 'secret-of-a-client'],
  CORE_AUTH_REDIRECT_ORIGINS: ['auth.redirectOrigins', 'https://a.example,http://localhost:5173'],
  CORE_OVERLOAD_MAX_LOOP_DELAY_MS: ['overload.maxLoopDelayMs', '70'],
  CORE_OVERLOAD_MAX_DATABASE_CALLS: ['overload.maxDatabaseCalls', '70'],
  CORE_BACKGROUND_SEAL_EVERY_SECONDS: ['background.sealEverySeconds', '0'],
  CORE_BACKGROUND_REBALANCE_EVERY_SECONDS: ['background.rebalanceEverySeconds', '7'],
  CORE_DATA_DIR: ['dataDir', '/srv/core'],
  CORE_DATABASE_DRIVER: ['database.driver', 'postgres'],
  CORE_DATABASE_URL: ['database.url', 'postgresql://u:p@[::1]:5432/d?sslmode=require'],
  CORE_DATABASE_POOL_SIZE: ['database.poolSize', '3'],
  CORE_DATABASE_TIMEOUT_MS: ['database.timeoutMs', '1500'],
  SUPABASE_URL: ['database.url', 'http://[::1]:54321'],
  SUPABASE_SERVICE_ROLE_KEY: ['database.key', 'eyJhbGciOi.eyJyb2xlIjoi.c2lnbmF0dXJl_-='],
  CORE_OWNER_KEY: ['ownerKey', 'a'.repeat(20)],
  CORE_JWT_ISSUER: ['jwt.issuer', 'http://localhost:54321/auth/v1'],
  CORE_JWT_AUDIENCE: ['jwt.audience', 'core,https://api.example'],
  CORE_JWT_JWKS_URL: ['jwt.jwksUrl', 'https://i.example/keys'],
  CORE_JWT_SECRET: ['jwt.secret', 's'.repeat(32)],
  CORE_JWT_ROLE_CLAIM: ['jwt.roleClaim', 'https://core.example/role'],
  CORE_LOG_LEVEL: ['log.level', 'silent'],
  CORE_SHUTDOWN_GRACE_MS: ['shutdown.graceMs', '100'],
}

function reveal(value: unknown): unknown {
  const secret = Object(value) as { reveal?: unknown }
  return typeof secret.reveal === 'function' ? secret.reveal() : value
}

describe('variables that a host sets for every program', () => {
  const load = (env: Record<string, string>) => loadConfig({ env, cwd: import.meta.dirname })
  const url = 'postgres://app:secret@db.example:5432/app'

  test('are used where ours are unset, with a line that says so', () => {
    const { database, http, notes } = load({ DATABASE_URL: url, PORT: '8080' })
    expect(database).toMatchObject({ driver: 'postgres' })
    expect(http.port).toBe(8080)
    expect(notes).toEqual([
      'DATABASE_URL is used, because CORE_DATABASE_URL is not set',
      'PORT is used, because CORE_HTTP_PORT is not set',
    ])
    expect(notes.join()).not.toContain('secret')
  })

  test('give way to ours, and to a driver that somebody named', () => {
    const ours = load({ DATABASE_URL: url, PORT: '8080', CORE_HTTP_PORT: '4401', CORE_DATABASE_DRIVER: 'embedded' })
    expect(ours).toMatchObject({ http: { port: 4401 }, database: { driver: 'embedded' }, notes: [] })
    expect(load({ DATABASE_URL: 'mysql://db/app' })).toMatchObject({
      database: { driver: 'embedded' },
      notes: ['DATABASE_URL is not used: it is not the address of a Postgres'],
    })
  })

  test('win over the API of Supabase, which no control plane runs on', () => {
    const supabase = { SUPABASE_URL: 'https://x.supabase.co', SUPABASE_SERVICE_ROLE_KEY: 'service-role-key-of-tests' }
    expect(load({ ...supabase, DATABASE_URL: url }).database).toMatchObject({ driver: 'postgres' })
  })
})
