import { isObject } from '@core/foundation'
import type { RouterDependencies } from './call.ts'
import { GatewayError } from './gateway-error.ts'
import { isResponseId, type KeptResponse } from './kept-responses.ts'
import { readJsonCall, textOf } from './read-body.ts'
import type { ResolvedCall } from './resolve-call.ts'
import { spliceJson } from './splice-json.ts'

/**
 * A call that names the response before it: at the provider that answered that one, and nowhere else. A provider that keeps
 * responses is sent the id; any other is sent the whole conversation.
 * @throws GatewayError where the caller has no such response, or the model leads to other providers.
 */
export async function continueResponse(
  resolved: ResolvedCall,
  previous: string,
  { responses }: Pick<RouterDependencies, 'responses'>,
): Promise<ResolvedCall> {
  const param = 'previous_response_id'
  if (responses === undefined)
    throw new GatewayError('unsupported', `${param} is not supported here: send the whole conversation`, { param })
  const { request, call, found } = resolved
  const { project, subject } = request.caller
  const kept = isResponseId(previous) ? await responses.find({ project, subject, id: previous }) : undefined
  if (kept === undefined) {
    throw new GatewayError(
      'previous_response_not_found',
      `this key has no response ${JSON.stringify(previous.slice(0, 200))}: it had store: false, is too large or too old to be kept, or is another's. Send the whole conversation.`,
      { param },
    )
  }
  const { provider, providerProject, model, tokens, content } = kept
  const targets = found.targets.filter(
    (target) => target.provider.name === provider && target.provider.project === providerProject,
  )
  const target = targets.find((one) => one.model === model) ?? targets[0]
  if (target === undefined) {
    throw new GatewayError(
      'unsupported',
      `the response before this one was answered by ${provider}, and ${call.model} does not lead there: ask for ${provider}/${model}, or send the whole conversation`,
      { param: 'model' },
    )
  }
  const pinned = { ...resolved, found: { ...found, targets: [target] } }
  if (content === undefined) return { ...pinned, call: { ...call, inputTokens: call.inputTokens + tokens } }
  const body = Buffer.from(continueConversation(textOf(request.body), content))
  return {
    ...pinned,
    request: { ...request, body },
    call: { ...readJsonCall('responses', body), previousResponse: previous },
  }
}

function continueConversation(text: string, { input, response }: NonNullable<KeptResponse['content']>): string {
  const body: unknown = JSON.parse(text)
  const output = Array.isArray(response['output']) ? response['output'] : []
  return spliceJson(text, {
    input: [...input, ...output, ...inputOf(isObject(body) ? body['input'] : undefined)],
    previous_response_id: null,
  })
}

/** The items of a request's input: a text is what a user says. */
export function inputOf(input: unknown): readonly unknown[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return Array.isArray(input) ? input : []
}
