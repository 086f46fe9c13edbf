import { createServer } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { openRouterUnderTest } from './router-under-test.ts'

/** A provider that answers in either dialect with a text, a thought, a call of a tool and tokens from its cache. */
async function startScripted() {
  const bodies: Record<string, unknown>[] = []
  const event = (data: object, type?: string) => `${type ? `event: ${type}\n` : ''}data: ${JSON.stringify(data)}\n\n`
  const input = '{"city":"Bern"}'
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString())
    bodies.push(body)
    const isAnthropic = request.url?.endsWith('/messages')
    response.setHeader('content-type', body.stream ? 'text/event-stream' : 'application/json')
    response.end(
      isAnthropic
        ? body.stream
          ? messageEvents(event, input).join('')
          : JSON.stringify(body.model === 'writes' ? { ...message, usage: { ...message.usage, ...written } } : message)
        : body.stream
          ? chatEvents(event, input).join('')
          : JSON.stringify(chat),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no address')
  return { bodies, url: `http://127.0.0.1:${address.port}/v1`, close: () => server.close() }
}

const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [
    { type: 'text', text: 'Let me look.' },
    { type: 'tool_use', id: 'tool_1', name: 'weather', input: { city: 'Bern' } },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 20 },
}
const written = { cache_creation_input_tokens: 40 }
const chat = {
  id: 'chat_1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    {
      index: 0,
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: 'Let me look.',
        tool_calls: [{ id: 'tool_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } }],
      },
    },
  ],
  usage: {
    prompt_tokens: 100,
    completion_tokens: 20,
    total_tokens: 120,
    prompt_tokens_details: { cached_tokens: 90 },
  },
}

type ToEvent = (data: object, type?: string) => string

function messageEvents(event: ToEvent, input: string): string[] {
  const typed = (type: string, data: object = {}) => event({ type, ...data }, type)
  const { content: _, usage, ...begun } = message
  return [
    typed('message_start', {
      message: { ...begun, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    }),
    typed('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    typed('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Let me ' } }),
    typed('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'look.' } }),
    typed('content_block_stop', { index: 0 }),
    typed('content_block_start', {
      index: 1,
      content_block: { type: 'tool_use', id: 'tool_1', name: 'weather', input: {} },
    }),
    typed('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: input.slice(0, 5) } }),
    typed('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: input.slice(5) } }),
    typed('content_block_stop', { index: 1 }),
    typed('message_delta', { delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 20 } }),
    typed('message_stop'),
  ]
}

function chatEvents(event: ToEvent, input: string): string[] {
  const chunk = (delta: object, finish_reason: string | null = null) =>
    event({
      id: 'chat_1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason }],
    })
  const call = (more: object) => chunk({ tool_calls: [{ index: 0, ...more }] })
  return [
    chunk({ role: 'assistant', content: 'Let me ' }),
    chunk({ content: 'look.' }),
    call({ id: 'tool_1', type: 'function', function: { name: 'weather', arguments: '' } }),
    call({ function: { arguments: input.slice(0, 5) } }),
    call({ function: { arguments: input.slice(5) } }),
    chunk({}, 'tool_calls'),
    event({ id: 'chat_1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: chat.usage }),
    'data: [DONE]\n\n',
  ]
}

const scripted = await startScripted()
const routers = await openRouterUnderTest()
afterAll(async () => {
  await routers[Symbol.asyncDispose]()
  scripted.close()
})

const providers = [
  { name: 'sc-claude', kind: 'anthropic', project: null, baseUrl: scripted.url },
  { name: 'sc-gpt', kind: 'openai', project: null, baseUrl: scripted.url },
]
const image = 'iVBORw0KGgo='
/** 10 of input, 90 from the cache at a tenth, 20 of output at twice the price. */
const cost = 10 + 9 + 40

const eventsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)))

test('an OpenAI client on a target of Anthropic: texts, images, tools and their results there, cached tokens back', async () => {
  const opened = await routers.open([], { providers })
  const body = {
    model: 'sc-claude/m',
    temperature: 0.5,
    stop: 'END',
    tool_choice: { type: 'function', function: { name: 'weather' } },
    tools: [
      { type: 'function', function: { name: 'weather', description: 'Of a city', parameters: { type: 'object' } } },
    ],
    messages: [
      { role: 'system', content: 'Be short.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'And here?' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'tool_0', type: 'function', function: { name: 'weather', arguments: '{"city":"Ulm"}' } }],
      },
      { role: 'tool', tool_call_id: 'tool_0', content: 'rain' },
    ],
  }
  const plain = await routers.ask(opened, body)
  expect(plain).toMatchObject({ status: 200, headers: { 'core-cost-micro-credits': String(cost) } })
  expect(JSON.parse(plain.text)).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: chat.choices[0]?.message, finish_reason: 'tool_calls' }],
    usage: { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 90 } },
  })
  expect(scripted.bodies.at(-1)).toMatchObject({
    model: 'm',
    max_tokens: 500,
    temperature: 0.5,
    stop_sequences: ['END'],
    system: [{ type: 'text', text: 'Be short.' }],
    tools: [{ name: 'weather', description: 'Of a city', input_schema: { type: 'object' } }],
    tool_choice: { type: 'tool', name: 'weather' },
    messages: [
      {
        role: 'user',
        content: [{ type: 'text' }, { type: 'image', source: { data: image, media_type: 'image/png' } }],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'tool_0', name: 'weather', input: { city: 'Ulm' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'tool_0' }] },
    ],
  })
  const streamed = await routers.ask(opened, { ...body, stream: true, stream_options: { include_usage: true } })
  const deltas = eventsOf(streamed.text).flatMap(({ choices }) =>
    choices.map((choice: { delta: object }) => choice.delta),
  )
  expect(deltas.map(({ content }) => content ?? '').join('')).toBe('Let me look.')
  expect(deltas.flatMap(({ tool_calls }) => tool_calls ?? [])).toEqual([
    { index: 0, ...chat.choices[0]?.message.tool_calls[0] },
  ])
  expect(eventsOf(streamed.text).at(-1)).toMatchObject({ usage: { prompt_tokens: 100, completion_tokens: 20 } })
  expect(streamed.text).toContain(`: core cost=${cost} target=sc-claude/m\n\ndata: [DONE]`)
  expect(opened.records.map(({ charged, flags }) => ({ charged, flags }))).toEqual([
    { charged: cost, flags: [] },
    { charged: cost, flags: [] },
  ])
})

test('an Anthropic client on a target of OpenAI: the same the other way', async () => {
  const opened = await routers.open([], { providers })
  const body = {
    model: 'sc-gpt/m',
    system: 'Be short.',
    stop_sequences: ['END'],
    tool_choice: { type: 'any' },
    tools: [{ name: 'weather', description: 'Of a city', input_schema: { type: 'object', properties: {} } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'And here?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'secret', signature: 'x' },
          { type: 'tool_use', id: 'tool_0', name: 'weather', input: { city: 'Ulm' } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'tool_0', content: [{ type: 'text', text: 'rain' }] }],
      },
    ],
  }
  const plain = await routers.ask(opened, body, { operation: 'messages' })
  expect(plain).toMatchObject({ status: 200, headers: { 'core-cost-micro-credits': String(cost) } })
  expect(JSON.parse(plain.text)).toMatchObject({
    type: 'message',
    content: message.content,
    stop_reason: 'tool_use',
    usage: message.usage,
  })
  const sent = scripted.bodies.at(-1)
  expect(sent).toMatchObject({
    model: 'm',
    max_tokens: 500,
    stop: ['END'],
    tool_choice: 'required',
    tools: [{ type: 'function', function: { name: 'weather' } }],
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: [{ type: 'text' }, { type: 'image_url' }] },
      { role: 'assistant', tool_calls: [{ id: 'tool_0', function: { name: 'weather', arguments: '{"city":"Ulm"}' } }] },
      { role: 'tool', tool_call_id: 'tool_0', content: 'rain' },
    ],
  })
  expect(JSON.stringify(sent)).not.toContain('secret')
  const streamed = await routers.ask(opened, { ...body, stream: true }, { operation: 'messages' })
  const events = eventsOf(streamed.text)
  expect(events.map(({ type, delta }) => delta?.text ?? delta?.partial_json ?? type)).toEqual([
    'message_start',
    'content_block_start',
    'Let me ',
    'look.',
    'content_block_stop',
    'content_block_start',
    '{"city":"Bern"}',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
  expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: message.usage })
  expect(opened.records.map(({ charged, flags }) => ({ charged, flags }))).toEqual([
    { charged: cost, flags: [] },
    { charged: cost, flags: [] },
  ])
})

test('what the other dialect has no word for is charged at its own price', async () => {
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1e9 },
    { unit: 'cacheRead', nanoUsdPerMillion: 1e8 },
    { unit: 'cacheWrite', nanoUsdPerMillion: 3e9 },
    { unit: 'output', nanoUsdPerMillion: 2e9 },
  ] as const
  const credit = { nanoUsdPerCredit: 1e9, markupBasisPoints: 0 }
  const opened = await routers.open([], {
    providers,
    dependencies: { prices: () => ({ find: () => ({ rates, credit }) }) },
  })
  const { headers } = await routers.ask(opened, { model: 'sc-claude/writes' })
  expect(headers['core-cost-micro-credits']).toBe(String(cost + 40 * 3))
})

test('what has no counterpart is refused before anything is sent: fields with 400, other operations with 501', async () => {
  const opened = await routers.open([], { providers })
  const before = scripted.bodies.length
  const url = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } }
  for (const body of [
    { messages: [{ role: 'user', content: [url] }] },
    { n: 2 },
    { tools: [{ type: 'custom', custom: {} }] },
  ]) {
    const refused = await routers.ask(opened, { model: 'sc-claude/m', ...body })
    expect(refused).toMatchObject({ status: 400, headers: { 'x-should-retry': 'false' } })
    expect(JSON.parse(refused.text).error.message).toContain('cannot be translated')
  }
  for (const operation of ['responses', 'embeddings'] as const) {
    const refused = await routers.ask(opened, { model: 'sc-claude/m', input: 'text' }, { operation })
    expect(refused).toMatchObject({ status: 501 })
  }
  expect(scripted.bodies).toHaveLength(before)
  expect(await opened.balance()).toEqual({ spent: 0, held: 0 })
  expect(opened.router.health.read('sc-claude/m')).toMatchObject({ coolingMs: 0, faults: 0 })
})
