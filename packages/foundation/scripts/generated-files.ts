import { fileURLToPath } from 'node:url'
import { errorCodes, errorSummaries } from '../src/index.ts'

export interface GeneratedFile {
  /** Absolute path. */
  path: string
  content: string
}

/** The files this package generates, from the table of codes alone. */
export function generatedFiles(): GeneratedFile[] {
  const path = fileURLToPath(new URL('../../../docs/reference/errors.md', import.meta.url))
  return [{ path, content: renderErrors() }]
}

function renderErrors(): string {
  const summaries = new Map<string, string>(Object.entries(errorSummaries))
  const sections = Object.entries(errorCodes).map(
    ([code, retryable]) => `## ${code}\n\n${summaries.get(code)}\n\n${retryable ? 'Retryable.' : 'Not retryable.'}`,
  )
  return `<!-- Generated from packages/foundation/src/errors.ts by \`npm run generate\`. Do not edit. -->
# Errors

Every failure that Core throws is a \`CoreError\` with one of these codes. The code is part of the API, the message is not.
\`fix\` says what to do about it where that is known, \`details\` holds machine-readable facts, \`cause\` the error below it.
"Retryable" is the default for the code: the same call, sent again with the same key, may succeed; \`retryable\` of an
error at hand decides.

${sections.join('\n\n')}
`
}
