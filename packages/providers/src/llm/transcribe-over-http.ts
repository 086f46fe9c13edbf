import { fetchDirectly } from '@core/foundation'
import { z } from 'zod/mini'
import type { Driver } from './driver.ts'
import { providerError, statusError } from './provider-error.ts'
import type { ProviderSettings } from './provider-settings.ts'

const answerSchema = z.object({ text: z.string(), usage: z.optional(z.unknown()) })
/** A transcript of a day of speech has fewer. */
const maxAnswerBytes = 16 * 1024 * 1024

/** `POST /audio/transcriptions`, which the SDK's package for compatible servers does not have. */
export function transcribeOverHttp({
  name,
  baseUrl,
  apiKey,
  fetch = globalThis.fetch,
}: ProviderSettings): Driver['transcribe'] {
  return async ({ model, audio, mediaType, language }, signal) => {
    const body = new FormData()
    body.set('model', model)
    body.set('response_format', 'json')
    if (language !== undefined) body.set('language', language)
    body.set('file', new Blob([new Uint8Array(audio)], { type: mediaType }), `audio.${extensionOf(mediaType)}`)
    const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey.reveal()}` }
    const response = await fetchDirectly(fetch, `${baseUrl}/audio/transcriptions`, {
      method: 'POST',
      body,
      headers,
      signal,
    })
    const text = await readText(response, name)
    if (!response.ok)
      throw statusError(name, response.status, Object.fromEntries(response.headers), text.slice(0, 4_000))
    const { text: transcript, usage } = answerSchema.parse(JSON.parse(text))
    return { text: transcript, usage }
  }
}

function extensionOf(mediaType: string): string {
  const subtype = mediaType.split(/[/;]/)[1] ?? ''
  return (
    { mpeg: 'mp3', 'x-wav': 'wav', 'x-m4a': 'm4a', mp4: 'm4a' }[subtype] ??
    (/^[a-z0-9]{1,8}$/.test(subtype) ? subtype : 'bin')
  )
}

async function readText(response: Response, provider: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > maxAnswerBytes)
      throw providerError('malformed', `${provider} answered more than 16 MiB`, { provider, sent: true })
  }
  return text + decoder.decode()
}
