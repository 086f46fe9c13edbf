import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createLocalDriver } from '../llm/drivers/local.ts'
import { answerAnthropic, anthropicError } from './answer-anthropic.ts'
import { answerOpenAI } from './answer-openai.ts'
import {
  createPause,
  type Fault,
  faultOfModel,
  type KeptResponse,
  openAIError,
  parseBody,
  readBody,
  sendJson,
} from './fake-call.ts'

/** A request that the fake was sent. */
export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly model: string
  readonly fault: Fault | undefined
  readonly key: string | undefined
  readonly body: Readonly<Record<string, unknown>>
  /** Resolves when the response has ended: whether the client left before it was whole. */
  readonly ended: Promise<'whole' | 'left'>
}

export interface FakeProvider extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/v1`: the base URL for both dialects. */
  readonly url: string
  readonly requests: readonly FakeRequest[]
}

export interface FakeProviderOptions {
  /** Requests with another key are refused with 401. Default: any key, or none. */
  readonly apiKey?: string
  /** Whether responses are kept for those that continue them. Default true. */
  readonly keepsResponses?: boolean
  /** Between two words of the fault `slow`. Default 20 ms. */
  readonly pauseMs?: number
}

/**
 * A provider over HTTP on a free port of 127.0.0.1, in the dialects of OpenAI and of Anthropic. Its answers are those of
 * `local`; a model whose name is a fault, or ends with one (`500`, `gpt-cut`, `cut-once`), fails so.
 */
export async function startFakeProvider({
  apiKey,
  keepsResponses = true,
  pauseMs = 20,
}: FakeProviderOptions = {}): Promise<FakeProvider> {
  const responses = new Map<string, KeptResponse>()
  const local = createLocalDriver()
  const requests: FakeRequest[] = []
  const pause = createPause(pauseMs)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname.replace(/^\/v1/, '')
    const body = await parseBody(request, await readBody(request))
    const model = String(body['model'] ?? '')
    const fault = faultOfModel(model, requests.filter((other) => other.model === model).length)
    const key = keyOf(request)
    const ended = new Promise<'whole' | 'left'>((resolve) => {
      response.on('close', () => resolve(response.writableFinished ? 'whole' : 'left'))
    })
    requests.push({ method: request.method ?? 'GET', path, model, fault, key, body, ended })
    const call = { path, model, fault, body, request, response, local, pause, key, responses, keepsResponses }
    const isAnthropic = path === '/messages'
    if (apiKey !== undefined && key !== apiKey) {
      return sendJson(call, 401, isAnthropic ? anthropicError('authentication_error') : openAIError('invalid_api_key'))
    }
    return isAnthropic ? await answerAnthropic(call) : await answerOpenAI(call)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function keyOf({ headers }: IncomingMessage): string | undefined {
  const key = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '')
  return typeof key === 'string' ? key : undefined
}
