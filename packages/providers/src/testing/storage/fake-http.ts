import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Shelved } from './shelf.ts'

export interface FakeServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
}

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly method: string
  body(): Promise<Buffer>
}

/** A server on a free port of 127.0.0.1. What `answer` throws ends the connection. */
export async function startFakeServer(answer: (exchange: Exchange) => Promise<void>): Promise<FakeServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const body = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      return Buffer.concat(chunks)
    }
    answer({ request, response, url, method: request.method ?? 'GET', body }).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function sendJson({ response }: Exchange, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The file, or the range that was asked for. */
export function sendFile({ request, response, method }: Exchange, file: Shelved, quoted = true): void {
  const { bytes, contentType, etag, modifiedAt } = file
  const headers = {
    'content-type': contentType,
    etag: quoted ? `"${etag}"` : etag,
    'last-modified': modifiedAt.toUTCString(),
  }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  if (first === undefined) {
    response.writeHead(200, { ...headers, 'content-length': bytes.byteLength })
    response.end(method === 'HEAD' ? undefined : bytes)
    return
  }
  const start = Number(first)
  if (start >= bytes.byteLength) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.byteLength}` }).end()
    return
  }
  const end = Math.min(last ? Number(last) : bytes.byteLength - 1, bytes.byteLength - 1)
  response.writeHead(206, {
    ...headers,
    'content-length': end - start + 1,
    'content-range': `bytes ${start}-${end}/${bytes.byteLength}`,
  })
  response.end(bytes.subarray(start, end + 1))
}
