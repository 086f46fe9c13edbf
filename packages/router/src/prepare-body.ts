import type { ModelRequest } from './call.ts'
import { textOf } from './read-body.ts'
import type { ModelCall } from './read-request.ts'
import type { Target } from './routing.ts'
import { spliceJson } from './splice-json.ts'

export interface Prepared {
  readonly body: Uint8Array
  readonly contentType: string
}

/** The body for a target: the bytes of the client, with the model that the target is asked for. */
export function prepareBody(
  {
    request,
    call,
    form,
  }: { readonly request: ModelRequest; readonly call: ModelCall; readonly form: FormData | undefined },
  { model }: Target,
): Prepared | Promise<Prepared> {
  const { body, contentType, dialect } = request
  if (form !== undefined) return model === call.model ? { body, contentType } : encodeForm(form, model, contentType)
  const isUsageAsked = call.operation !== 'chat' || !call.isStream || call.wantsUsage || dialect !== 'openai'
  if (model === call.model && isUsageAsked) return { body, contentType: 'application/json' }
  const members = { model, ...(isUsageAsked ? {} : { stream_options: { ...call.streamOptions, include_usage: true } }) }
  return { body: Buffer.from(spliceJson(textOf(body), members)), contentType: 'application/json' }
}

async function encodeForm(form: FormData, model: string, contentType: string): Promise<Prepared> {
  const changed = new FormData()
  for (const [name, value] of form) changed.append(name, name === 'model' ? model : value)
  const encoded = new Response(changed)
  return {
    body: new Uint8Array(await encoded.arrayBuffer()),
    contentType: encoded.headers.get('content-type') ?? contentType,
  }
}
