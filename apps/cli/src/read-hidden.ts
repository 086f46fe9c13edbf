import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { CommandIo } from './io.ts'

/** Asks on a terminal for a line that is not shown while it is typed. */
export async function readHidden(
  io: Pick<CommandIo, 'stdin' | 'stderr' | 'signal'>,
  question: string,
): Promise<string> {
  io.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: io.stdin, output: silent, terminal: true })
  try {
    const [answer = ''] = await once(lines, 'line', { signal: io.signal })
    return String(answer)
  } finally {
    lines.close()
    io.stderr.write('\n')
  }
}
