import { expect, test } from 'vitest'
import { toContent } from './to-content.ts'

const requestOf = (body: string, contentType = 'application/json') => ({
  id: 'one',
  body: Buffer.from(body),
  contentType,
  caller: { project: 'mine' },
})
const at = new Date(0)
const answerOf = (text: string, isStream = false) => ({ isStream, contentType: 'text/plain', text, isCut: false })

test.each([
  ['sk-proj-abcdefghijklmnopqrstuvwx', '[redacted]'],
  ['ghp_abcdefghijklmnopqrstuvwxyz0123', '[redacted]'],
  ['AKIAABCDEFGHIJKLMNOP', '[redacted]'],
  ['AIzaSyA1234567890abcdefghijklmnopqrstuv', '[redacted]'],
  ['postgres://core:hunter2@db/main', 'postgres://[redacted]@db/main'],
  ['-----BEGIN RSA PRIVATE KEY-----\nabc', '[redacted]'],
  ['A'.repeat(5_000), '[5000 characters of data]'],
])('%s is not kept, wherever it is', (secret, shown) => {
  const { request, answer } = toContent(requestOf(`say ${secret}`), { at }, answerOf(`it is ${secret}`))
  expect({ request, answer }).toEqual({ request: `say ${shown}`, answer: `it is ${shown}` })
})

test('of a stream the output is kept in one piece, in which a secret is found, too', () => {
  const events = [
    { choices: [{ delta: { role: 'assistant', content: 'use sk-proj-abcd' } }] },
    { choices: [{ delta: { content: 'efghijklmnopqrstuvwx now' } }] },
    { choices: [{ delta: { tool_calls: [{ id: 'x', function: { name: 'add', arguments: '{"a":' } }] } }] },
    { choices: [{ delta: { tool_calls: [{ function: { arguments: '1}' } }] }, finish_reason: 'stop' }] },
    { type: 'content_block_delta', delta: { type: 'text_delta', text: ' (claude)' } },
    { type: 'response.output_text.delta', delta: ' (responses)' },
  ]
  const text = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`
  expect(toContent(requestOf('{}'), { at }, answerOf(text, true)).answer).toBe(
    'use [redacted] now\nadd {"a":1} (claude) (responses)',
  )
})

test('what is long is cut and says so, and a recording is not kept', () => {
  const long = 'word '.repeat(20_000)
  expect(toContent(requestOf(long), { at }, undefined)).toMatchObject({ isCut: true, answer: '' })
  expect(toContent(requestOf(long), { at }, undefined).request).toHaveLength(32 * 1024)
  expect(toContent(requestOf('{}'), { at }, answerOf(long))).toMatchObject({ isCut: true, request: '{}' })
  expect(toContent(requestOf('a recording', 'multipart/form-data; boundary=x'), { at }, undefined)).toMatchObject({
    isCut: false,
    request: '',
  })
})
