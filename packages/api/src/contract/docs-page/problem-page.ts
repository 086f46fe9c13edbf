import { problems } from '../../nouns.ts'
import type { ProblemCode } from '../problem.ts'
import { html } from './html.ts'
import { renderPage } from './page.ts'

/** The page of one problem code, at `/problems/{code}`. Its links are relative, so that they work below a prefix. */
export function renderProblemPage(code: ProblemCode): string {
  const { status, title, remedy, retryable } = problems[code]
  return renderPage(
    code,
    html`<h1>${title} <small>${code}</small></h1><p>Status ${status}. ${remedy}</p>
<p>${
      retryable
        ? 'The same request, with the same Idempotency-Key, may succeed later.'
        : 'Repeating the request unchanged does not help.'
    }</p><p><a href="../docs#problems">All problems</a></p>`,
  )
}
