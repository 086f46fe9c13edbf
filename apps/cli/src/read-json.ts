import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CoreError } from '@core/foundation'
import type { z } from 'zod'
import type { CommandIo } from './io.ts'

export async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

/**
 * JSON of a file, or of standard input for `-`, in a shape.
 * @throws CoreError E_INVALID naming the first place that does not fit
 */
export async function readJson<Shape extends z.ZodType>(
  { stdin, cwd }: Pick<CommandIo, 'stdin' | 'cwd'>,
  source: string,
  shape: Shape,
): Promise<z.output<Shape>> {
  const name = source === '-' ? 'standard input' : source
  const parsed = shape.safeParse(parseJson(name, await readSource(source, stdin, cwd)))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new CoreError('E_INVALID', `${name}: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`, {
    fix: 'The fields stand in core openapi.',
  })
}

async function readSource(source: string, stdin: CommandIo['stdin'], cwd: string): Promise<string> {
  if (source === '-') return await readAll(stdin)
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
    throw new CoreError('E_INVALID', `${name} is not JSON: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}
