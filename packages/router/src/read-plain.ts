import { isObject } from '@core/foundation'
import type { AttemptResult } from './attempt.ts'
import { readAnswer, type Seen } from './read-answer.ts'
import type { Operation } from './read-request.ts'
import { CutBody, type UpstreamResponse } from './transport.ts'

const maxAnswerBytes = 64 * 1024 * 1024

/** A body that ended too early: what came of it was made. */
export class CutAnswer extends Error {
  readonly seen: Seen
  constructor(seen: Seen) {
    super('the answer was cut')
    this.seen = seen
  }
}

/** @throws CutAnswer where half of it came. */
export async function readPlain(operation: Operation, response: UpstreamResponse): Promise<AttemptResult> {
  const contentType = response.headers['content-type'] ?? ''
  const whole = await readWhole(response)
  if (whole === undefined) return { kind: 'failed', fault: 'malformed' }
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
  // The other forms of a transcription say nothing of their usage.
  if (operation === 'transcription' && !contentType.includes('json')) {
    if (contentType.includes('html')) return { kind: 'failed', fault: 'malformed' }
    return { kind: 'answered', body: bytes, contentType, seen: readAnswer(operation, { text: bytes.toString() }) }
  }
  const json = parseObject(bytes.toString())
  if (json === undefined) {
    if (contentType.includes('json') && bytes.length > 0) throw cut(bytes.length)
    return { kind: 'failed', fault: 'malformed' }
  }
  return { kind: 'answered', body: bytes, contentType, seen: readAnswer(operation, json) }
}

async function readWhole(response: UpstreamResponse): Promise<Uint8Array | undefined> {
  try {
    return await (response.readAll?.(maxAnswerBytes) ?? readChunks(response.body, maxAnswerBytes))
  } catch (error) {
    throw cut(error instanceof CutBody ? error.bytes : 0)
  }
}

async function readChunks(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxBytes) return undefined
    }
  } catch {
    throw new CutBody(size)
  }
  return Buffer.concat(chunks)
}

function cut(size: number): Error {
  // Half of a JSON text: about what its letters are, with the punctuation around them.
  return size === 0
    ? new Error('no answer came')
    : new CutAnswer({ usage: undefined, outputTokens: Math.ceil(size / 4) })
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return isObject(json) ? json : undefined
  } catch {
    return undefined
  }
}
