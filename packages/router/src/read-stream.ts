import { createParser } from 'eventsource-parser'
import type { Attempt, AttemptResult } from './attempt.ts'
import { lengthFinish } from './length-finish.ts'
import type { Seen, StreamReader } from './read-answer.ts'
import { type Block, readBlocks } from './sse-blocks.ts'
import type { UpstreamResponse } from './transport.ts'

export interface StreamState {
  hasBegun: boolean
  /** All that the provider has to say has come. */
  isWhole: boolean
  idle?: NodeJS.Timeout
}

/** What comes before the first output waits for it, and is little. */
const maxWaitingBytes = 1024 * 1024

/** @throws where it ends early. */
export async function readStream(
  { operation, forward, onOutput, wantsUsage }: Attempt,
  { headers, body }: UpstreamResponse,
  reader: StreamReader,
  state: StreamState,
  beat: () => void,
): Promise<AttemptResult> {
  if (headers['content-type']?.includes('text/event-stream') !== true) return { kind: 'failed', fault: 'malformed' }
  const contentType = 'text/event-stream'
  const waiting: Block[] = []
  let waitingBytes = 0
  const dataOf = createDataParser()
  const begin = async (block: Block) => {
    if (state.hasBegun) return await forward([block])
    state.hasBegun = true
    await forward([...waiting, block])
  }
  for await (const block of readBlocks(body)) {
    beat()
    const data = dataOf(block.text)
    const kind = data === undefined ? 'other' : reader.read(data)
    switch (kind) {
      case 'broken':
        continue // a line that is no JSON makes official clients throw
      case 'error':
        if (!state.hasBegun)
          return { kind: 'failed', fault: 'unavailable', seen: hasOutput(reader.seen()) ? reader.seen() : undefined }
        await forward([block])
        return { kind: 'broken', fault: 'unavailable', seen: reader.seen(), hasErrorEvent: true }
      case 'end':
        if (!state.hasBegun && waiting.length > 0) await begin(waiting.pop() ?? block)
        state.isWhole = true
        return { kind: 'answered', body: block.bytes, contentType, seen: reader.seen() }
      case 'usage':
        if (!wantsUsage) continue
        break
      case 'output':
        await begin(block)
        if (!(await onOutput(reader.seen().outputTokens)))
          return { kind: 'answered', body: Buffer.from(lengthFinish(operation)), contentType, seen: reader.seen() }
        continue
      case 'other':
        break
      default:
        kind satisfies never
    }
    if (state.hasBegun) {
      await forward([block])
      continue
    }
    waiting.push(block)
    waitingBytes += block.bytes.length
    if (waitingBytes > maxWaitingBytes) return { kind: 'failed', fault: 'malformed' }
  }
  // Some servers leave out the end mark of a chat.
  if (reader.isFinished) {
    const last = waiting.pop()
    if (!state.hasBegun && last !== undefined) await begin(last)
    return { kind: 'answered', body: Buffer.from('data: [DONE]\n\n'), contentType, seen: reader.seen() }
  }
  throw new Error('the stream ended early')
}

export function hasOutput({ usage, outputTokens }: Seen): boolean {
  return outputTokens > 0 || (usage !== undefined && usage !== null)
}

/** The data of an event; undefined for comments. */
function createDataParser(): (block: string) => string | undefined {
  const found: string[] = []
  const parser = createParser({ onEvent: ({ data }) => found.push(data) })
  return (block) => {
    parser.feed(block)
    return found.pop()
  }
}
