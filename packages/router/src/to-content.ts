import { redactSecrets } from '@core/foundation'
import type { CallContent, Caller, CallRecord, ModelRequest } from './call.ts'
import type { CopiedAnswer } from './copy-answer.ts'
import { textOf } from './read-body.ts'
import { streamedOutput } from './streamed-output.ts'

const mostContentLength = 32 * 1024
/** Of each, before images in it are left out. */
export const mostCopiedLength = 1024 * 1024

/** Images and recordings: longer than any word. */
const data = /(?<![\w+/.-])[\w+/.-]{1000,}={0,2}/g

/** What people paste into prompts: keys of providers and clouds by their form, and private keys. */
const pasted: readonly RegExp[] = [
  /\b(?:sk|rk|pk|xai|gsk|hf|r8|xox[abprs]|gh[pousr]|github_pat)[-_][\w-]{16,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?:(?!-----END)[\s\S])*/g,
]

/** A call's content as it may be kept: without what looks like a secret, and without images and recordings. */
export function toContent(
  {
    id,
    body,
    contentType,
    caller: { project },
  }: Pick<ModelRequest, 'id' | 'body' | 'contentType'> & {
    readonly caller: Pick<Caller, 'project'>
  },
  { at }: Pick<CallRecord, 'at'>,
  answer: CopiedAnswer | undefined,
): CallContent {
  const asked = contentType.startsWith('multipart/') ? '' : redact(textOf(body.subarray(0, mostCopiedLength)))
  const answered = redact(answer?.isStream ? streamedOutput(answer.text) : (answer?.text ?? ''))
  return {
    call: id,
    project,
    at,
    request: asked.slice(0, mostContentLength),
    answer: answered.slice(0, mostContentLength),
    isCut:
      body.length > mostCopiedLength ||
      asked.length > mostContentLength ||
      answered.length > mostContentLength ||
      answer?.isCut === true,
  }
}

/** Of a text that was cut, the last word may be half a secret, which is not known by its form: it is far behind what is kept. */
function redact(text: string): string {
  const short = text.replaceAll(data, ({ length }) => `[${length} characters of data]`).slice(0, 2 * mostContentLength)
  return pasted.reduce((left, form) => left.replaceAll(form, '[redacted]'), redactSecrets(short))
}
