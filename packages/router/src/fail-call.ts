import type { ModelRequest } from './call.ts'
import { type GatewayError, toErrorBody, toErrorEvent, toErrorHeaders } from './gateway-error.ts'
import type { Sink } from './sink.ts'

/** Ends a call with an error in the dialect of its client. */
export function failCall({ id, dialect }: ModelRequest, sink: Sink, error: GatewayError): void {
  if (sink.hasBegun) {
    void sink.write(toErrorEvent(dialect, error, id))
    sink.end()
    return
  }
  const headers = { 'content-type': 'application/json', ...toErrorHeaders(error) }
  sink.send(error.status, headers, JSON.stringify(toErrorBody(dialect, error, id)))
}
