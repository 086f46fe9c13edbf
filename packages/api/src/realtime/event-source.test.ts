import { expect, test } from 'vitest'
import { readServerSentEvents } from './event-source.ts'

async function read(...chunks: readonly (string | Uint8Array)[]) {
  async function* body() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
  }
  const messages = []
  for await (const message of readServerSentEvents(body())) messages.push(message)
  return messages
}

test('messages are cut wherever the network cuts', async () => {
  const text = 'retry: 5\n\n: comment\nid: a:1\nevent: resync\ndata: {"é":1}\ndata: more\n\ndata:x\r\n\r\n'
  const expected = [
    { event: 'resync', data: '{"é":1}\nmore', id: 'a:1' },
    { event: 'message', data: 'x', id: undefined },
  ]
  expect(await read(text)).toEqual(expected)
  const bytes = new TextEncoder().encode(text)
  expect(await read(...Array.from(bytes, (_, index) => bytes.slice(index, index + 1)))).toEqual(expected)
})

test('a message without its blank line, and one without data, are none', async () => {
  expect(await read('event: bye\n\ndata: half')).toEqual([])
})
