import { once } from 'node:events'
import { createServer } from 'node:http'
import { CoreError, isObject } from '@core/foundation'

export interface CodeListener extends AsyncDisposable {
  /** Where the control plane leads the browser. */
  readonly redirectTo: string
  /** The code that it brings. @throws CoreError E_TIMEOUT */
  readonly code: (signal: AbortSignal) => Promise<string>
}

const waitMs = 600_000

/** Listens on this machine for a browser that comes back from a sign-in. A code of another sign-in is worth nothing here. */
export async function listenForCode(): Promise<CodeListener> {
  const arrived = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    const code = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams.get('code')
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    }
    if (code === null) {
      response.writeHead(404, headers).end('not found\n')
      return
    }
    response.writeHead(200, headers).end('Signed in. You can close this page and return to the terminal.\n')
    arrived.resolve(code)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    redirectTo: `http://127.0.0.1:${isObject(address) ? address['port'] : 0}/signed-in`,
    async code(signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
      const onAbort = () => {
        const isMine = signal.aborted
        arrived.reject(
          isMine
            ? new CoreError('E_ABORTED', 'the sign-in was interrupted')
            : new CoreError('E_TIMEOUT', 'no sign-in came within ten minutes', { fix: 'Run core login again.' }),
        )
      }
      limit.addEventListener('abort', onAbort, { once: true })
      try {
        return await arrived.promise
      } finally {
        limit.removeEventListener('abort', onAbort)
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
