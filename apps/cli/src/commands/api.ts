import { CoreError, isCoreError, startDeadline, uuidv7 } from '@core/foundation'
import { Argument } from 'commander'
import { exitCodeOfStatus } from '../exit-code.ts'
import type { Target } from '../target.ts'
import type { Verbs } from '../verbs.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

interface ApiOptions {
  body?: string
  idempotencyKey?: string
}

export function addApi({ program, session, exit }: Verbs): void {
  program
    .command('api')
    .description('any request to the control plane, with your key; prints the body of the answer')
    .addArgument(new Argument('<method>', 'in capitals or not').choices(methods).argParser(toMethod))
    .argument('<path>', 'such as /v1/projects/current/accounts')
    .option('--body <json>', 'the body; - reads it from standard input')
    .option('--idempotency-key <key>', 'of a POST; omitted: a new uuid')
    .action(async (method: string, path: string, options: ApiOptions) => {
      const current = session()
      const target = await current.target()
      const url = new URL(path, target.url)
      if (!path.startsWith('/') || url.origin !== new URL(target.url).origin) {
        throw new CoreError('E_INVALID', `${JSON.stringify(path)} is not a path of the control plane`, {
          fix: 'Begin it with a slash: /v1/me.',
        })
      }
      const body = options.body === '-' ? await current.input.readAll('the body') : options.body
      using deadline = startDeadline('core api', { signal: current.io.signal, timeoutMs: current.timeoutMs }, 30_000)
      const response = await request(target, url, deadline.signal, {
        method,
        headers: {
          ...(target.key === undefined ? {} : { authorization: `Bearer ${target.key}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'GET' ? {} : { 'idempotency-key': options.idempotencyKey ?? uuidv7() }),
        },
        ...(body === undefined ? {} : { body }),
      })
      const text = await response.text()
      if (!response.ok) current.output.info(`core: ${method} ${path} was answered with ${response.status}`)
      current.output.text(text.trimEnd())
      exit(exitCodeOfStatus(response.status))
    })
}

function toMethod(text: string): string {
  const method = text.toUpperCase()
  if (methods.includes(method)) return method
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not a method`, {
    fix: `Methods are ${methods.join(', ')}.`,
  })
}

async function request(target: Target, url: URL, signal: AbortSignal, init: RequestInit): Promise<Response> {
  try {
    return await target.fetch(url, { ...init, signal, redirect: 'manual' })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (isCoreError(error)) throw error
    throw new CoreError('E_DATABASE_UNAVAILABLE', `the control plane at ${url.origin} did not answer`, {
      cause: error,
      fix: 'Check that it runs (core status) and that the address is right.',
    })
  }
}
