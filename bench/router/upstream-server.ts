// A provider that costs nearly nothing: the same answer at once, or a stream whose end waits.
import { createServer } from 'node:http'
import { answerUsage } from '../http/answer-usage.ts'

const usage = { prompt_tokens: 12, completion_tokens: 16, total_tokens: 28 }
const content = 'A hold sets credits aside before the work begins, and the settle charges what it used.'
const whole = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'bench',
  choices: [
    { index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop', logprobs: null },
  ],
  usage,
})
const chunk = (choices: readonly object[], more: object = {}) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'bench', choices, ...more })}\n\n`
const delta = (value: object, finish: string | null = null) =>
  chunk([{ index: 0, delta: value, finish_reason: finish }])
const first = [delta({ role: 'assistant', content: '' }), delta({ content: 'A ' })].join('')
const rest = [
  ...content.split(' ').map((word) => delta({ content: `${word} ` })),
  delta({}, 'stop'),
  chunk([], { usage }),
  'data: [DONE]\n\n',
].join('')

/** How long the end of a stream of this model waits: `stream-8000` has 8 s. */
const holdMsOf = (model: string) => Number(/-(\d+)$/.exec(model)?.[1] ?? 0)

const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  request.on('end', () => {
    const isStream = text.includes('"stream":true')
    if (!isStream) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length })
      response.end(whole)
      return
    }
    const model = /"model":"([^"]*)"/.exec(text)?.[1] ?? ''
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(first)
    setTimeout(() => response.end(rest), holdMsOf(model))
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) answerUsage(`http://127.0.0.1:${address.port}`)
})
