import type { CommandIo } from './io.ts'

export type Paint = 'green' | 'yellow' | 'red'

const codes: Readonly<Record<Paint, number>> = { green: 32, yellow: 33, red: 31 }

/** Colours a text where stdout is a terminal, unless NO_COLOR is set (no-color.org). */
export function paintFor({ stdout, env }: Pick<CommandIo, 'stdout' | 'env'>): (paint: Paint, text: string) => string {
  const isColoured = stdout.isTTY === true && !env['NO_COLOR']
  return (paint, text) => (isColoured ? `\u001b[${codes[paint]}m${text}\u001b[0m` : text)
}
