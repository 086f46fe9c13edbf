import { expect, test } from 'vitest'
import { readBlocks } from './sse-blocks.ts'

const stream = 'data: {"a":"é"}\n\nevent: x\r\ndata: 1\r\n\r\n: comment\n\ndata: 2\rdata: 3\r\rdata: last\n\n'
const blocks = [
  'data: {"a":"é"}\n\n',
  'event: x\r\ndata: 1\r\n\r\n',
  ': comment\n\n',
  'data: 2\rdata: 3\r\r',
  'data: last\n\n',
]

async function* inParts(parts: readonly Uint8Array[]) {
  yield* parts
}

async function read(parts: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = []
  for await (const { text } of readBlocks(inParts(parts))) found.push(text)
  return found
}

test('events are the same, wherever the stream was cut', async () => {
  const bytes = Buffer.from(stream)
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second += 3) {
      const parts = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
      expect(await read(parts)).toEqual(blocks)
    }
  }
  expect(await read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(blocks)
})

test('what follows the last empty line is no event', async () => {
  expect(await read([Buffer.from('data: 1\n\ndata: {"choi')])).toEqual(['data: 1\n\n'])
})
