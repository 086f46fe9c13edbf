import { z } from 'zod'
import { settingRegistry } from '../setting-registry.ts'
import { webUrl } from './value.ts'

export const tracingSection = z
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
  .prefault({})
