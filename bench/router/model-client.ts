import { Agent, type IncomingMessage, request as send } from 'node:http'

export interface ModelAnswer {
  readonly status: number
  readonly text: string
  /** Until the first bytes of the body, and until its end. */
  readonly firstMs: number
  readonly totalMs: number
}

export interface ModelClient extends Disposable {
  chat(body?: object): Promise<ModelAnswer>
  /** A stream whose first output is there; `ended` resolves with its whole text. */
  open(body: object): Promise<{ readonly ended: Promise<string> }>
}

const defaultBody = { model: 'bench/plain', max_tokens: 64, messages: [{ role: 'user', content: 'What is a hold?' }] }

/** Asks for chats over connections that are kept. */
export function createModelClient(url: string, headers: Readonly<Record<string, string>>): ModelClient {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 2_000 })

  function start(body: object): Promise<IncomingMessage> {
    const text = JSON.stringify({ ...defaultBody, ...body })
    return new Promise((resolve, reject) => {
      const sent = send(url, {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
        timeout: 60_000,
      })
      sent.once('response', resolve)
      // A server may close a connection while it is taken for the next call.
      sent.once('error', (error) => (sent.reusedSocket ? start(body).then(resolve, reject) : reject(error)))
      sent.once('timeout', () => sent.destroy(new Error('a call took too long')))
      sent.end(text)
    })
  }

  return {
    async chat(body = {}) {
      const startedAt = performance.now()
      const response = await start(body)
      let text = ''
      let firstMs: number | undefined
      for await (const chunk of response.setEncoding('utf8')) {
        firstMs ??= performance.now() - startedAt
        text += chunk
      }
      const totalMs = performance.now() - startedAt
      return { status: response.statusCode ?? 0, text, firstMs: firstMs ?? totalMs, totalMs }
    },
    async open(body) {
      const response = await start({ ...body, stream: true })
      if (response.statusCode !== 200) throw new Error(`a stream was answered with ${response.statusCode}`)
      let text = ''
      const ended = new Promise<string>((resolve, reject) => {
        response.on('end', () => resolve(text))
        response.on('error', reject)
      })
      await new Promise<void>((resolve) => {
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          if (text.includes('"content":"A ')) resolve()
        })
      })
      return { ended }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}
