import type { Session } from '../session.ts'
import { formatFields, formatTable } from '../table.ts'
import type { DemoProgress, DemoResult } from './demo.ts'

type Show = Pick<Session, 'show'>

/** The whole picture, for a terminal. */
export function demoTable({ pool, figures, siblings, secondsLeft }: DemoProgress, { show }: Show): string {
  const rows = formatTable(siblings, [
    { title: 'PROJECT', cell: ({ project }) => project },
    { title: 'SETTLED', align: 'right', cell: ({ books }) => String(books.settled) },
    { title: 'VOIDED', align: 'right', cell: ({ books }) => String(books.voided) },
    { title: 'CRASHED', align: 'right', cell: ({ books }) => String(books.crashed) },
    { title: 'NO CREDITS', align: 'right', cell: ({ books }) => String(books.deniedCredits) },
    { title: 'OVER BUDGET', align: 'right', cell: ({ books }) => String(books.deniedBudget) },
    { title: 'CHARGED', align: 'right', cell: ({ books }) => show(books.charged) },
  ])
  return `${rows}\n\n${bar(figures)}\n${pool}: ${poolLine(figures, show)}; ${secondsLeft} s left`
}

/** The same in one line, for a log. */
export function demoLine({ figures, siblings, secondsLeft }: DemoProgress, { show }: Show): string {
  const counts = siblings.map(({ project, books }) => `${project} ${books.settled} settled`).join(', ')
  return `${counts}; ${poolLine(figures, show)}; ${secondsLeft} s left`
}

function poolLine({ granted, spent, held, available }: DemoProgress['figures'], show: Show['show']): string {
  return `${show(spent)} spent + ${show(held)} held + ${show(available)} available = ${show(granted)} granted`
}

const barWidth = 60

function bar({ granted, spent, held }: DemoProgress['figures']): string {
  const spentWidth = Math.round((barWidth * spent) / Math.max(1, granted))
  const heldWidth = Math.min(barWidth - spentWidth, Math.round((barWidth * held) / Math.max(1, granted)))
  return `[${'#'.repeat(spentWidth)}${'='.repeat(heldWidth)}${'.'.repeat(Math.max(0, barWidth - spentWidth - heldWidth))}]`
}

export function demoResultText(result: DemoResult, { show }: Show): string {
  const { books, faults } = result
  return formatFields([
    ['pool', result.pool],
    [
      'jobs',
      `${books.settled} settled, ${books.voided} voided, ${books.crashed} crashed, ${books.expired} expired, by ${result.workers} workers`,
    ],
    ['denied', `${books.deniedCredits} for insufficient credits, ${books.deniedBudget} by a budget`],
    ['retried', `${books.retried} calls, with the same key`],
    ['spent', show(result.spent)],
    ['+ held', show(result.held)],
    ['+ available', show(result.available)],
    ['= granted', show(result.granted)],
    ['workers were charged', show(result.charged)],
    ['lowest available', show(result.lowestAvailable)],
    ['audit', result.violations.length === 0 ? 'clean' : JSON.stringify(result.violations)],
    [
      'proof',
      faults.length === 0
        ? 'every credit is accounted for; the pool was never overspent'
        : `FAILED: ${faults.join('; ')}`,
    ],
  ])
}
