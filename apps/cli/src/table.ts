export interface Column<Row> {
  title: string
  /** Numbers are aligned right, so that their digits line up. */
  align?: 'right'
  cell(row: Row): string
  /** Colours a cell that is as wide as its column by now. */
  paint?(row: Row, text: string): string
}

/** Rows as aligned columns under their titles; the widest cell decides. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => cell(row)))]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  const format = (line: readonly string[], row?: Row) =>
    columns
      .map(({ align, paint }, index) => {
        const cell = line[index] ?? ''
        const padded = align === 'right' ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)
        const isLast = index === columns.length - 1
        const text = isLast ? padded.trimEnd() : padded
        return row === undefined || paint === undefined ? text : paint(row, text)
      })
      .join('  ')
      .trimEnd()
  return lines.map((line, index) => format(line, rows[index - 1])).join('\n')
}

/** One thing as lines of name and value. */
export function formatFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length))
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}
