import { CoreError } from '@core/foundation'
import type { AudioAnswer, AudioRequest, ChatAnswer, Llm, LlmCallOptions, Transcript } from './llm.ts'
import type { ChatRequest, Part } from './message.ts'
import type { Target } from './target.ts'

/** Reads a file by its URL. It decides which URLs may be read: they come from users. */
export type ReadFile = (
  url: string,
  options: { signal?: AbortSignal | undefined },
) => Promise<{ readonly data: Uint8Array; readonly mediaType: string }>

interface AudioDependencies {
  readonly chat: (request: ChatRequest, options: LlmCallOptions, targets: readonly Target[]) => Promise<ChatAnswer>
  readonly transcribe: Llm['transcribe']
  readonly targets: readonly Target[]
  readonly readFile: ReadFile | undefined
}

interface Audio {
  readonly data: Uint8Array
  readonly mediaType: string
}

/** Asks a model that takes audio; where the chosen provider takes none, transcribes it and asks about the text. */
export async function analyzeAudio(
  request: AudioRequest,
  options: LlmCallOptions,
  dependencies: AudioDependencies,
): Promise<AudioAnswer> {
  const { history = [], system, prompt = 'Analyse this recording.', maxOutputTokens } = request
  const audio = await read(request.audio, request.mediaType, options, dependencies)
  const reference =
    request.reference === undefined
      ? undefined
      : await read(request.reference, request.mediaType, options, dependencies)
  const { chat, targets } = dependencies
  const ask = (content: readonly Part[], candidates: readonly Target[]) =>
    chat(
      {
        messages: [...history, { role: 'user', content }],
        maxOutputTokens,
        ...(system === undefined ? {} : { system }),
      },
      options,
      candidates,
    )
  const all = [audio, ...(reference === undefined ? [] : [reference])]
  const hearing = targets.filter(({ driver }) => all.every(({ mediaType }) => driver.hears(mediaType)))

  if (targets[0] !== undefined && hearing.includes(targets[0])) {
    const files = all.map((file) => ({ type: 'file' as const, ...file }))
    const words = reference === undefined ? prompt : `${prompt} The second recording is the reference.`
    return await ask([{ type: 'text', text: words }, ...files], hearing)
  }
  const transcripts: Transcript[] = []
  for (const { data, mediaType } of all) {
    transcripts.push(await dependencies.transcribe({ audio: data, mediaType }, options))
  }
  const labels = ['Transcript of the recording', 'Transcript of the reference']
  const text = transcripts.map((one, index) => `${labels[index]}:\n${one.text}`).join('\n\n')
  const answer = await ask([{ type: 'text', text: `${prompt}\n\n${text}` }], targets)
  return { ...answer, transcripts }
}

async function read(
  source: Uint8Array | string,
  mediaType: string | undefined,
  options: LlmCallOptions,
  { readFile }: AudioDependencies,
): Promise<Audio> {
  if (typeof source !== 'string') {
    if (mediaType !== undefined) return { data: source, mediaType }
    throw new CoreError('E_INVALID', 'mediaType is missing', { fix: 'Name the media type of the bytes, as audio/wav.' })
  }
  if (readFile === undefined) {
    throw new CoreError('E_INVALID', 'audio is a URL, and no URL may be read', {
      fix: 'Pass the bytes, or create the client with readFile, which decides what may be read.',
    })
  }
  return await readFile(source, { signal: options.signal })
}
