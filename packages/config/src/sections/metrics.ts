import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { hostName, integer } from './value.ts'

export const metricsSection = z.prefault(
  z.strictObject({
    host: z._default(hostName, '127.0.0.1').register(settingRegistry, {
      variable: 'CORE_METRICS_HOST',
      description: 'The address the metrics are served on. They need no credential: keep it off public networks.',
      expected: 'an IP address or a host name',
    }),
    port: z.optional(integer(0, 65_535)).register(settingRegistry, {
      variable: 'CORE_METRICS_PORT',
      description: 'The port of GET /metrics for Prometheus; 0 takes any free one. Unset, there are no metrics.',
      example: '9464',
    }),
  }),
  {},
)
