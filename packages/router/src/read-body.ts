import { isObject } from '@core/foundation'
import type { ModelRequest } from './call.ts'
import { GatewayError } from './gateway-error.ts'
import { type ModelCall, type Operation, readCall, readTranscription } from './read-request.ts'

export interface ReadBody {
  readonly call: ModelCall
  readonly form: FormData | undefined
}

/** @throws GatewayError where the body cannot be read, or lacks what the router needs. */
export function readBody({ operation, body, contentType }: ModelRequest): ReadBody | Promise<ReadBody> {
  if (operation === 'transcription') return readForm(body, contentType)
  return { call: readJsonCall(operation, body), form: undefined }
}

async function readForm(body: Uint8Array, contentType: string): Promise<ReadBody> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
    return { call: readTranscription(form), form }
  } catch (error) {
    throw error instanceof GatewayError
      ? error
      : new GatewayError('invalid_request', 'the body must be multipart/form-data')
  }
}

/** Without a copy of the bytes: a body may have 32 MiB. */
export function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString()
}

/** @throws GatewayError as `readBody`. */
export function readJsonCall(operation: Exclude<Operation, 'transcription'>, body: Uint8Array): ModelCall {
  let json: unknown
  try {
    json = JSON.parse(textOf(body))
  } catch {
    throw new GatewayError('invalid_request', 'the body is not valid JSON')
  }
  if (!isObject(json)) throw new GatewayError('invalid_request', 'the body must be a JSON object')
  return readCall(operation, json)
}
