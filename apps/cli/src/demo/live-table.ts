import type { Output } from '../output.ts'

export interface LiveTable {
  /** Replaces what the last call showed on a terminal; writes `line` now and then elsewhere. */
  show(table: string, line: string): void
}

const cursorUp = (lines: number) => `\u001b[${lines}A`
const clearBelow = '\u001b[0J'

/** Between two lines of a log, milliseconds. */
const lineIntervalMs = 2_000

export function createLiveTable(output: Output, now: () => number): LiveTable {
  let shownLines = 0
  let lastLineAt = Number.NEGATIVE_INFINITY
  return {
    show(table, line) {
      if (output.isLive) {
        output.info(`${shownLines > 0 ? cursorUp(shownLines) + clearBelow : ''}${table}`)
        shownLines = table.split('\n').length
      } else if (now() - lastLineAt >= lineIntervalMs) {
        output.info(line)
        lastLineAt = now()
      }
    },
  }
}
