import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CoreError } from '@core/foundation'
import type { z } from 'zod'
import type { Session } from './session.ts'

/**
 * JSON of a file, or of standard input for `-`, in a shape.
 * @throws CoreError E_INVALID naming the first place that does not fit
 */
export async function readJson<Shape extends z.ZodType>(
  { input, io }: Pick<Session, 'input' | 'io'>,
  source: string,
  /** What it is, such as `the operations`. */
  use: string,
  shape: Shape,
): Promise<z.output<Shape>> {
  const name = source === '-' ? 'standard input' : source
  const parsed = shape.safeParse(
    parseJson(name, source === '-' ? await input.readAll(use) : await readText(source, io.cwd)),
  )
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new CoreError('E_INVALID', `${name}: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`, {
    fix: 'core openapi describes the fields.',
  })
}

async function readText(source: string, cwd: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, source), 'utf8')
  } catch (cause) {
    throw new CoreError('E_INVALID', `${source} cannot be read`, {
      cause,
      fix: 'Name a file, or - for standard input.',
    })
  }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The message of JSON.parse may quote the text, and with it a secret: only the position is taken from it.
    const position = /position \d+( \(line \d+ column \d+\))?/.exec(cause instanceof Error ? cause.message : '')
    throw new CoreError('E_INVALID', `${name} is not JSON${position ? ` at ${position[0]}` : ''}`)
  }
}
