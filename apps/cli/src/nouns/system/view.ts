import type { Client } from '@core/api/client'
import { type Column, formatFields, formatTable } from '../../table.ts'

type SystemInfo = Awaited<ReturnType<Client['getSystemInfo']>>
type Bottlenecks = Awaited<ReturnType<Client['getBottlenecks']>>
type Figures = Bottlenecks['loopDelay']

export function systemInfoText({ schema, features, ...info }: SystemInfo): string {
  const named = (on: boolean) =>
    Object.entries(features)
      .filter(([, isOn]) => isOn === on)
      .map(([name]) => name)
      .join(', ')
  return formatFields([
    ['core', `${info.version} on Node ${info.node}`],
    ['database', `${info.driver}, Postgres ${info.serverVersion}`],
    ['migrations', `${schema.applied} applied, the newest is ${schema.version ?? 'none'}`],
    ['pending', schema.pending.length === 0 ? 'none' : schema.pending.join(', ')],
    ['started', `${info.startedAt}, ${duration(info.uptimeSeconds)} ago`],
    ['on', named(true)],
    ['off', named(false)],
  ])
}

/** What is too slow with what fixes it, then the figures it was read from. */
export function bottlenecksText({
  windowSeconds,
  bottlenecks,
  routes,
  functions,
  pool,
  loopDelay,
}: Bottlenecks): string {
  const tables = [
    figuresTable('ROUTE', routes, ({ method, route }) => `${method} ${route}`),
    figuresTable('FUNCTION', functions, ({ name }) => name),
    figuresTable(
      'WAITED FOR',
      [
        { name: `a connection (${connections(pool)})`, ...pool.waits },
        { name: 'the event loop', ...loopDelay },
      ],
      ({ name }) => name,
    ),
  ]
  return [findingsText(bottlenecks, windowSeconds), ...tables].filter((part) => part !== '').join('\n\n')
}

function findingsText(bottlenecks: Bottlenecks['bottlenecks'], windowSeconds: number): string {
  const window = `in the last ${duration(windowSeconds)}`
  if (bottlenecks.length === 0) return `nothing was too slow ${window}`
  const findings = bottlenecks.map(
    ({ severity, subject, finding, remedy }) => `${severity.toFixed(1)}x  ${subject}\n  ${finding}\n  fix: ${remedy}`,
  )
  return `too slow ${window}, by how much:\n\n${findings.join('\n')}`
}

function figuresTable<Row extends Figures & { failures?: number }>(
  title: string,
  rows: readonly Row[],
  cell: (row: Row) => string,
): string {
  if (rows.length === 0) return ''
  const number = (name: string, value: (row: Row) => string): Column<Row> => ({
    title: name,
    align: 'right',
    cell: value,
  })
  return formatTable(rows, [
    { title, cell },
    number('COUNT', ({ count }) => String(count)),
    ...(rows.some(({ failures }) => failures !== undefined)
      ? [number('FAILED', ({ failures = 0 }) => String(failures))]
      : []),
    number('TOTAL MS', ({ totalMs }) => milliseconds(totalMs)),
    number('P50', ({ p50Ms }) => milliseconds(p50Ms)),
    number('P95', ({ p95Ms }) => milliseconds(p95Ms)),
    number('P99', ({ p99Ms }) => milliseconds(p99Ms)),
    number('MAX', ({ maxMs }) => milliseconds(maxMs)),
  ])
}

function connections({ running, waiting, capacity }: Bottlenecks['pool']): string {
  return `${running}${capacity === null ? '' : ` of ${capacity}`} in use, ${waiting} wait`
}

const milliseconds = (value: number) => value.toFixed(value < 100 ? 1 : 0)

/** 93784 → 1 d 2 h: the two largest units are enough. */
function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  if (first < 0) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ')
}
