import { problems } from '../../nouns.ts'
import { describeDeprecation } from '../deprecation.ts'
import { hasFields, problemsOf, type RouteContract } from '../route-contract.ts'
import { toFieldRows } from './field-row.ts'
import { renderFieldTable } from './field-table.ts'
import { type Html, html } from './html.ts'
import { toSamples } from './sample.ts'

/** Everything about one operation: what it takes, answers and can fail with, and how to call it. */
export function renderOperation(route: RouteContract): Html {
  const { description, input, method, operation, path, summary } = route
  return html`<article id="${operation}" aria-labelledby="${operation}-title"><h3 id="${operation}-title">${summary}</h3>
<code class="address"><b>${method}</b> ${path}</code>${
    description === undefined ? '' : html`<p>${description}</p>`
  }${renderDeprecation(route)}<p class="facts">${renderFacts(route)}</p>
<div class="samples">${toSamples(route).map(
    ({ language, text }) =>
      html`<section><h4>${language}</h4><pre tabindex="0" aria-label="${language} sample of ${operation}"><code>${text}</code></pre></section>`,
  )}</div>${(['params', 'query', 'body'] as const)
    .filter((part) => hasFields(input[part]))
    .map((part) => renderFieldTable(captions[part], toFieldRows(input[part], 'input'), 'input'))}${renderAnswers(
    route,
  )}${renderProblems(route)}</article>`
}

const captions = { params: 'Path', query: 'Query', body: 'Body' }

function renderDeprecation({ deprecated }: RouteContract): Html | string {
  if (deprecated === undefined) return ''
  const link = deprecated.link.replace(/^\/docs(?=#)/, '').replace(/^\/(?=[^/])/, '')
  return html`<p><b>${describeDeprecation(deprecated)}.</b> <a href="${link}">What to use instead</a></p>`
}

function renderFacts({ auth, conditional, idempotencyKey, operation }: RouteContract): Html {
  return html`<code>${operation}</code> · ${
    auth === 'public' ? 'no key needed' : auth === 'authenticated' ? 'any key' : html`scope <code>${auth}</code>`
  }${idempotencyKey === 'none' ? '' : html` · Idempotency-Key ${idempotencyKey}`}${
    conditional === undefined ? '' : conditional === 'edit' ? ' · takes If-Match' : ' · has an ETag'
  }`
}

function renderAnswers({ examples, outputs, produces }: RouteContract): Html[] {
  return Object.entries(outputs).map(([status, schema]) => {
    if (produces !== undefined) return html`<p>Answers ${status} with ${formats[produces]}.</p>`
    return html`<details class="answer"><summary>Answer ${status}</summary>${renderFieldTable(
      `Fields of ${status}`,
      toFieldRows(schema, 'output'),
      'output',
    )}${examples
      .filter((example) => example.status === Number(status))
      .map(
        ({ title, response }) =>
          html`<p>Example: ${title}</p><pre tabindex="0"><code>${JSON.stringify(response, null, 2)}</code></pre>`,
      )}</details>`
  })
}

const formats = {
  'text/html': 'a page',
  'text/event-stream': 'a stream of server-sent events',
  websocket: 'a WebSocket',
}

function renderProblems(route: RouteContract): Html {
  const codes = problemsOf(route)
  return html`<details class="problems"><summary>Problems (${codes.length})</summary><div class="scroll"><table><tbody>${codes.map(
    (code) =>
      html`<tr><td>${problems[code].status}</td><th scope="row"><a href="problems/${code}">${code}</a></th><td>${problems[code].title}</td></tr>`,
  )}</tbody></table></div></details>`
}
