import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from './row.ts'
import type { RunHeader } from './run-header.ts'

/** The rows as a table for a terminal. */
export function toTable(rows: readonly Row[]): string {
  const cells = [['name', 'figure', 'unit', 'goal', 'met'], ...rows.map(toCells)]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? []
  const lines = cells.map((line) =>
    line
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '))
  return lines.join('\n')
}

export function formatFigure(figure: number): string {
  return figure.toLocaleString('en', { maximumFractionDigits: 3 })
}

function toCells({ name, figure, unit, goal, met }: Row): string[] {
  return [name, formatFigure(figure), unit, goal ?? '', met === null ? '' : met ? 'yes' : 'NO']
}

/** What a run was measured on and what it reports besides, one block per subject. */
export function toFacts(subjects: RunHeader['subjects']): string {
  return Object.entries(subjects)
    .map(([subject, facts]) =>
      [subject, ...Object.entries(facts).map(([name, fact]) => `  ${name}: ${fact}`)].join('\n'),
    )
    .join('\n')
}

/** `<folder>/<noun>.json` holds the rows, `<folder>/runs/<noun>.json` what they were measured on. */
export async function writeResults(
  folder: string,
  noun: string,
  rows: readonly Row[],
  header: RunHeader,
): Promise<void> {
  await mkdir(join(folder, 'runs'), { recursive: true })
  await writeFile(join(folder, `${noun}.json`), `${JSON.stringify(rows, null, 2)}\n`)
  await writeFile(join(folder, 'runs', `${noun}.json`), `${JSON.stringify(header, null, 2)}\n`)
}
