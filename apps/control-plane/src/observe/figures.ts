import type { Database } from '@core/database'
import { type Clock, type Logger, systemClock } from '@core/foundation'
import { Gauge, type Registry } from '@platformatic/prom-client'

/** What the figures of every noun are read and shown with. */
export interface FiguresDependencies {
  readonly registry: Registry
  readonly database: Pick<Database, 'rpc'>
  readonly logger: Logger
  readonly clock?: Pick<Clock, 'monotonic'>
}

/** The gauge of a figure; figures of one name differ in their label. */
export interface FigureGauge {
  readonly name: string
  readonly help: string
  readonly label?: Readonly<Record<string, string>>
  /** Shown while the database does not answer. Default NaN: the last known value would look like an idle system. */
  readonly away?: number
}

export interface Figures<Figure extends string> {
  /** Whose figures, for the log: `the cache`. */
  readonly of: string
  readonly gauges: Readonly<Record<Figure, FigureGauge>>
  /** Reads all of them, within `timeoutMs`. */
  read(options: { readonly timeoutMs: number }): Promise<Readonly<Record<NoInfer<Figure>, number>>>
}

/** How long one reading serves every scrape, so that scraping often costs the database nothing. */
const sharedForMs = 5000
const timeoutMs = 2000

/** Registers gauges of what the database counts. One reading fills them all; it never fails a scrape. */
export function registerFigures<Figure extends string>(
  { registry, logger, clock = systemClock }: FiguresDependencies,
  { of, gauges, read }: Figures<Figure>,
): void {
  const figures = Object.keys(gauges) as Figure[]
  const byName = new Map<string, Gauge<string>>()
  let last: { readonly at: number; readonly reading: Promise<void> } | undefined

  function collect(): Promise<void> {
    if (last === undefined || clock.monotonic() - last.at > sharedForMs)
      last = { at: clock.monotonic(), reading: fill() }
    return last.reading
  }

  for (const figure of figures) {
    const { name, help, label = {} } = gauges[figure]
    if (byName.has(name)) continue
    byName.set(name, new Gauge({ name, help, labelNames: Object.keys(label), registers: [registry], collect }))
  }

  function show(figure: Figure, value: number): void {
    const { name, label = {} } = gauges[figure]
    byName.get(name)?.set(label, value)
  }

  async function fill(): Promise<void> {
    try {
      const values = await read({ timeoutMs })
      for (const figure of figures) show(figure, values[figure])
    } catch (error) {
      logger.debug({ component: 'metrics', err: error }, `the figures of ${of} could not be read`)
      for (const figure of figures) show(figure, gauges[figure].away ?? Number.NaN)
    }
  }
}
