import { z } from 'zod'
import { settingRegistry } from '../setting-registry.ts'
import { hostName } from './value.ts'

export const metricsSection = z
  .strictObject({
    host: hostName.default('127.0.0.1').register(settingRegistry, {
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
  .prefault({})
