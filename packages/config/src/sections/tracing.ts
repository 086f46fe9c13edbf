import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { integer, text, webUrl } from './value.ts'

export const tracingSection = z.prefault(
  z.strictObject({
    endpoint: z.optional(webUrl).register(settingRegistry, {
      variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      description: 'The OpenTelemetry collector that traces go to, over HTTP as JSON. Unset, nothing is traced.',
      expected: 'a URL that begins with https:// or http://',
      example: 'http://127.0.0.1:4318',
    }),
    headers: z.optional(text(/^[^=,\s]+=[^,]*(,[^=,\s]+=[^,]*)*$/)).register(settingRegistry, {
      variable: 'OTEL_EXPORTER_OTLP_HEADERS',
      description: 'Header fields for the collector, such as its key.',
      expected: 'name=value pairs with commas between them, values URL-encoded',
      example: 'x-api-key=…',
      secret: true,
    }),
    serviceName: z._default(z.string().check(z.minLength(1), z.maxLength(100)), 'core').register(settingRegistry, {
      variable: 'OTEL_SERVICE_NAME',
      description: 'What traces call this process.',
      expected: 'a text of 1 to 100 characters',
    }),
    samplePercent: z._default(integer(0, 100), 100).register(settingRegistry, {
      variable: 'CORE_OTEL_SAMPLE_PERCENT',
      description: 'The share of requests that are traced where their caller has not decided that (traceparent).',
    }),
  }),
  {},
)
