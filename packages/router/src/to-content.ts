import { redactSecrets } from '@core/foundation'
import type { CallContent, Caller, CallRecord, ModelRequest } from './call.ts'
import type { CopiedAnswer } from './copy-answer.ts'
import { textOf } from './read-body.ts'
import { streamedOutput } from './streamed-output.ts'

const mostContentLength = 32 * 1024
/** Of each, before images in it are left out. */
export const mostCopiedLength = 1024 * 1024

/** Images and recordings: longer than any word. Some libraries write each slash of JSON with a backslash. */
const data = /(?<![\w+/.-]|\\(?=\/))(?:[\w+.-]|\\?\/){1000,}={0,2}/g

/** What people paste into prompts: keys of providers and clouds by their form, what is named a password or a secret, and private keys. */
const pasted: readonly RegExp[] = [
  /\b(?:sk|rk|pk|xai|gsk|hf|r8|xox[abprs]|gh[pousr]|github_pat)[-_][\w-]{16,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /(?<=(?:password|passwd|secret(?:[_-](?:access[_-])?key)?|api[_-]?key|[_-]token)\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?)[^\s"'\\,;&]{6,}/gi,
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?:(?!-----END)[\s\S])*/g,
]

/** A call's content as it may be kept: without what looks like a secret, and without images and recordings. */
export function toContent(
  {
    id,
    operation,
    body,
    caller: { project },
  }: Pick<ModelRequest, 'id' | 'operation' | 'body'> & {
    readonly caller: Pick<Caller, 'project'>
  },
  { at }: Pick<CallRecord, 'at'>,
  answer: CopiedAnswer | undefined,
): CallContent {
  const asked = operation === 'transcription' ? new Uint8Array() : body
  const request = toKept(textOf(asked.subarray(0, mostCopiedLength)))
  const answered = toKept(answer?.isStream ? streamedOutput(answer.text) : (answer?.text ?? ''))
  return {
    call: id,
    project,
    at,
    request: request.text,
    answer: answered.text,
    isCut: asked.length > mostCopiedLength || request.isCut || answered.isCut || answer?.isCut === true,
  }
}

/** Of a text that was cut, the last word may be half a secret, which is not known by its form: it is far behind what is kept. */
function toKept(text: string): { readonly text: string; readonly isCut: boolean } {
  const whole = text.replaceAll(data, ({ length }) => `[${length} characters of data]`)
  const short = whole.slice(0, 2 * mostContentLength)
  const safe = pasted.reduce((left, form) => left.replaceAll(form, '[redacted]'), redactSecrets(short))
  return {
    // By its bytes, as a part of a text keeps the whole of it in memory.
    text: Buffer.from(safe.slice(0, mostContentLength)).toString(),
    isCut: short.length < whole.length || safe.length > mostContentLength,
  }
}
