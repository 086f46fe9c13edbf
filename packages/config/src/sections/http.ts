import { z } from 'zod'
import { isAddressRange, isOrigin } from '../list-setting.ts'
import { settingRegistry } from '../setting-registry.ts'
import { hostName, listOf, milliseconds, webUrl } from './value.ts'

export const httpSection = z
  .strictObject({
    host: hostName.default('127.0.0.1').register(settingRegistry, {
      variable: 'CORE_HTTP_HOST',
      description: 'The address the control plane listens on. The default can be reached from this machine only.',
      expected: 'an IP address or a host name',
    }),
    port: z.int().min(0).max(65_535).default(4400).register(settingRegistry, {
      variable: 'CORE_HTTP_PORT',
      description: 'The port the control plane listens on; 0 takes any free one.',
    }),
    publicUrl: webUrl.optional().register(settingRegistry, {
      variable: 'CORE_HTTP_PUBLIC_URL',
      description:
        'The address that clients use where it is another one, such as behind a proxy or below a prefix. It is shown at ' +
        'the start and is the server of the OpenAPI document.',
      expected: 'a URL that begins with https:// or http://, without user and password',
      example: 'https://example.com/core',
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
      description:
        'How many connections are open at once at most. Beyond it the address with the most loses its longest idle one.',
    }),
    trustedProxies: listOf(z.string().refine(isAddressRange))
      .default([])
      .register(settingRegistry, {
        variable: 'CORE_HTTP_TRUSTED_PROXIES',
        description:
          'The proxies before the control plane. X-Forwarded-For is believed from them alone; without any, a ' +
          'request comes from where its connection does.',
        expected: 'a list of IP addresses or CIDR ranges',
        example: '10.0.0.0/8,fd00::/8',
      }),
    allowedOrigins: listOf(z.string().refine(isOrigin)).default([]).register(settingRegistry, {
      variable: 'CORE_HTTP_ALLOWED_ORIGINS',
      description: 'The origins whose pages may call the API from a browser (CORS). None unless listed.',
      expected: 'a list of origins, each without a path or a wildcard',
      example: 'https://dashboard.example,http://localhost:5173',
    }),
  })
  .prefault({})
