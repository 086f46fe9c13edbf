import { type CallRecord, type Cooled, coolingReasons } from '@core/router'
import { Counter, Gauge, type Registry } from '@platformatic/prom-client'

export interface RouterMetrics {
  count(record: CallRecord): void
  cooled(reason: Cooled['reason']): void
  register(registry: Registry, figures: { underWay(): number; unsettled(): number; dropped(): number }): void
}

/** Calls by outcome and operation; models and projects are in no label, because their number has no bound. */
export function createRouterMetrics(): RouterMetrics {
  const calls = new Counter({
    name: 'core_model_calls_total',
    help: 'Model calls that were served, by outcome.',
    labelNames: ['outcome'],
    registers: [],
  })
  const callsOf = (outcome: string) => {
    const counted = calls.labels(outcome)
    counted.inc(0)
    return counted
  }
  const outcomes = {
    answered: callsOf('answered'),
    refused: callsOf('refused'),
    failed: callsOf('failed'),
    broken: callsOf('broken'),
  }
  const charged = new Counter({
    name: 'core_model_charged_microcredits_total',
    help: 'What model calls were charged, in millionths of a credit.',
    registers: [],
  })
  charged.inc(0)
  const coolings = new Counter({
    name: 'core_model_coolings_total',
    help: 'Times that a model target was left alone for a while, by reason; auth is a key that its provider refuses.',
    labelNames: ['reason'],
    registers: [],
  })
  for (const reason of coolingReasons) coolings.inc({ reason }, 0)

  return {
    count({ status, flags, charged: amount }) {
      const outcome = flags.includes('broken')
        ? 'broken'
        : status < 400
          ? 'answered'
          : status < 500
            ? 'refused'
            : 'failed'
      outcomes[outcome].inc()
      charged.inc(amount)
    },
    cooled: (reason) => coolings.inc({ reason }),
    register(registry, { underWay, unsettled, dropped }) {
      registry.registerMetric(calls)
      registry.registerMetric(charged)
      registry.registerMetric(coolings)
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          name,
          help,
          registers: [registry],
          collect() {
            this.set(read())
          },
        })
      gauge('core_model_calls_under_way', 'Model calls that this process is serving now.', underWay)
      gauge(
        'core_model_settles_unsent',
        'Settles of model calls that are on disk until the database answers.',
        unsettled,
      )
      gauge('core_model_rows_dropped', 'Rows of model calls that could not be written in time.', dropped)
    },
  }
}
