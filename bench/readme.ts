import { readFile, writeFile } from 'node:fs/promises'
import { formatFigure } from './report.ts'
import type { Row } from './row.ts'
import type { RunHeader } from './run-header.ts'

/** Puts the last run of a noun between its two marks in the README; a README without them is left alone. */
export async function updateReadme(file: string, noun: string, rows: readonly Row[], header: RunHeader): Promise<void> {
  const [begin, end] = [`<!-- ${noun}: last run -->`, `<!-- ${noun}: end -->`]
  const text = await readFile(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) return
  await writeFile(file, `${text.slice(0, from + begin.length)}\n\n${toMarkdown(rows, header)}\n\n${text.slice(to)}`)
}

export function toMarkdown(rows: readonly Row[], header: RunHeader): string {
  const { machine } = header
  const missed = rows.filter(({ met }) => met === false).length
  const withGoal = rows.filter(({ met }) => met !== null).length
  const lines = [
    `${header.date.slice(0, 10)}, \`${header.command}\`, commit ${header.commit?.slice(0, 12) ?? 'unknown'}, Node ${header.node}. ` +
      `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}; a synced write of 8 KB takes ` +
      `${machine.syncMs} ms; load ${machine.loadBefore} before the run, ${machine.loadAfter} at its end.`,
    '',
    ...(withGoal > 0 ? [`${withGoal - missed} of ${withGoal} goals met.`, ''] : []),
    ...table(['what', 'figure', 'unit', 'goal', 'met'], rows.map(toCells)),
  ]
  for (const [subject, facts] of Object.entries(header.subjects)) {
    lines.push('', `${subject}:`, '', ...table(['', ''], Object.entries(facts).map(toPair)))
  }
  return lines.join('\n')
}

function toCells({ name, figure, unit, goal, met }: Row): string[] {
  return [name, formatFigure(figure), unit, goal ?? '', met === null ? '' : met ? 'yes' : '**no**']
}

function toPair([name, value]: [string, unknown]): string[] {
  return [`\`${name}\``, String(value)]
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)]
}
