import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { copyAnswer } from './copy-answer.ts'
import type { Operation } from './read-request.ts'
import { mostCopiedLength, toContent } from './to-content.ts'

const requestOf = (body: string, operation: Operation = 'chat') => ({
  id: 'one',
  body: Buffer.from(body),
  operation,
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
  ['DB_PASSWORD=hunter2-prod', 'DB_PASSWORD=[redacted]'],
  ['{\\"password\\": \\"hunter2-prod\\"}', '{\\"password\\": \\"[redacted]\\"}'],
  ['AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
  ['access_token: 0123456789', 'access_token: [redacted]'],
  ['"max_tokens":1000000 and a password that is forgotten', '"max_tokens":1000000 and a password that is forgotten'],
])('%s is not kept, wherever it is', (secret, shown) => {
  const { request, answer } = toContent(requestOf(`say ${secret}`), { at }, answerOf(`it is ${secret}`))
  expect({ request, answer }).toEqual({ request: `say ${shown}`, answer: `it is ${shown}` })
})

test('images and recordings are not kept, also where each of their slashes has a backslash', () => {
  const image = (slash: string) => `image${slash}png;base64,${`iVBORw0KGg${slash}`.repeat(1_000)}==" and`
  for (const slash of ['/', '\\/'])
    expect(toContent(requestOf(image(slash)), { at }, undefined).request).toBe(
      `image${slash}png;base64,[${10_002 + slash.length * 1_000} characters of data]" and`,
    )
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
  expect(toContent(requestOf('a recording', 'transcription'), { at }, undefined)).toMatchObject({
    isCut: false,
    request: '',
  })
  const recording = toContent(requestOf('x'.repeat(2 * mostCopiedLength), 'transcription'), { at }, answerOf('said'))
  expect(recording).toMatchObject({ isCut: false, request: '', answer: 'said' })
  const keys = toContent(requestOf(`${'sk-proj-abcdefghijklmnopqrstuvwx '.repeat(10_000)}end`), { at }, undefined)
  expect(keys).toMatchObject({ isCut: true })
})

test.each([
  'A',
  '\\/',
  'a\\/ ',
  'sk-',
  'AKIA',
  'AIza',
  '-----BEGIN ',
  '-----BEGIN PRIVATE KEY-----',
  'secret=',
  'password ',
  ': ',
])('a megabyte of %j stops no process', (piece) => {
  const text = piece.repeat(mostCopiedLength).slice(0, mostCopiedLength)
  const { request, answer } = toContent(requestOf(text), { at }, answerOf(text))
  expect(request).toBe(answer)
})

test('what is kept of long texts is all that stays in memory', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const used = () => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const sink = {
    gone: new AbortController().signal,
    hasBegun: false,
    begin() {},
    write: () => undefined,
    end() {},
    send() {},
  }
  const long = 'a word '.repeat(2 ** 18)
  const before = used()
  const kept = Array.from({ length: 20 }, () => {
    const copy = copyAnswer(sink, mostCopiedLength)
    copy.sink.send(200, {}, Buffer.from(long))
    return toContent(requestOf(long), { at }, copy.taken())
  })
  // Buffers that nothing holds are given back a little later.
  await expect.poll(() => (used() - before) / kept.length, { timeout: 30_000 }).toBeLessThan(512 * 1024)
  expect(kept[19]).toMatchObject({ isCut: true, answer: long.slice(0, 32 * 1024) })
})

test('of an answer no more is read than is kept, and what is cut says so', () => {
  const sink = {
    gone: new AbortController().signal,
    hasBegun: false,
    begin() {},
    write: () => undefined,
    end() {},
    send() {},
  }
  for (const [text, kept, isCut] of [
    ['äöü€', 'äöü€', false],
    ['äöü€!', 'äöü€', true],
    ['€€€€', '€€€€', false],
    ['€€€€€', '€€€€', true],
    ['aaaaaaaaaaaaa', 'aaaa', true],
  ] as const) {
    const copy = copyAnswer(sink, 4)
    copy.sink.send(200, {}, Buffer.from(text))
    expect(copy.taken()).toMatchObject({ text: kept, isCut })
  }
})
