import { z } from 'zod/mini'
import { isAddressRange, isOrigin } from '../list-setting.ts'
import { settingRegistry } from '../setting-registry.ts'
import { hostName, integer, listOf, milliseconds, textThat, webUrl } from './value.ts'

export const httpSection = z.prefault(
  z.strictObject({
    host: z._default(hostName, '127.0.0.1').register(settingRegistry, {
      variable: 'CORE_HTTP_HOST',
      description: 'The address the control plane listens on. The default can be reached from this machine only.',
      expected: 'an IP address or a host name',
    }),
    port: z._default(integer(0, 65_535), 4400).register(settingRegistry, {
      variable: 'CORE_HTTP_PORT',
      description: 'The port the control plane listens on; 0 takes any free one.',
    }),
    publicUrl: z.optional(webUrl).register(settingRegistry, {
      variable: 'CORE_HTTP_PUBLIC_URL',
      description:
        'The address that clients use where it is another one, such as behind a proxy or below a prefix. It is shown at ' +
        'the start and is the server of the OpenAPI document.',
      expected: 'a URL that begins with https:// or http://, without user and password',
      example: 'https://example.com/core',
    }),
    bodyLimitBytes: z._default(integer(1024, 16 * 1024 * 1024), 256 * 1024).register(settingRegistry, {
      variable: 'CORE_HTTP_BODY_LIMIT_BYTES',
      description: 'The largest request body that is read; a larger one is answered with 413.',
    }),
    headersTimeoutMs: z._default(milliseconds(60_000), 5_000).register(settingRegistry, {
      variable: 'CORE_HTTP_HEADERS_TIMEOUT_MS',
      description: 'How long a client may take to send its request headers.',
    }),
    requestTimeoutMs: z._default(milliseconds(600_000), 30_000).register(settingRegistry, {
      variable: 'CORE_HTTP_REQUEST_TIMEOUT_MS',
      description: 'How long a client may take to send a whole request.',
    }),
    maxConnections: z._default(integer(1, 1_000_000), 10_000).register(settingRegistry, {
      variable: 'CORE_HTTP_MAX_CONNECTIONS',
      description:
        'How many connections are open at once at most. Beyond it the address with the most loses its longest idle one.',
    }),
    trustedProxies: z._default(listOf(textThat(isAddressRange)), []).register(settingRegistry, {
      variable: 'CORE_HTTP_TRUSTED_PROXIES',
      description:
        'The proxies before the control plane. X-Forwarded-For is believed from them alone; without any, a ' +
        'request comes from where its connection does.',
      expected: 'a list of IP addresses or CIDR ranges',
      example: '10.0.0.0/8,fd00::/8',
    }),
    allowedOrigins: z._default(listOf(textThat(isOrigin)), []).register(settingRegistry, {
      variable: 'CORE_HTTP_ALLOWED_ORIGINS',
      description: 'The origins whose pages may call the API from a browser (CORS). None unless listed.',
      expected: 'a list of origins, each without a path or a wildcard',
      example: 'https://dashboard.example,http://localhost:5173',
    }),
  }),
  {},
)
