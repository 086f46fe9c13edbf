import { z } from 'zod'
import { problems } from '../nouns.ts'
import { describeDeprecation } from './deprecation.ts'
import type { ProblemCode } from './problem.ts'
import { problemsOf, type RouteContract } from './route-contract.ts'

/** The API as one page without scripts, fonts or images from elsewhere: it opens on a machine without a network. */
export function renderDocsPage(routes: readonly RouteContract[], version: string): string {
  const nouns = [...Map.groupBy(routes, ({ noun }) => noun)]
  return page(
    'Core API',
    html`<h1>Core API <small>${version}</small></h1>
<p>Amounts are whole micro-credits: 1000000 are one credit. Send <code>Authorization: Bearer &lt;key&gt;</code>, and with every
POST an <code>Idempotency-Key</code>: one per intended effect, the same again on a retry. Account codes in addresses are
URL-encoded: <code>smart_layer%2Fagent-7</code>. <code>{project}</code> may be <code>current</code>, the key's own.
The same as a document: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${nouns.map(([noun]) => html`<a href="#${noun}">${noun}</a> `)}<a href="#problems">problems</a></nav>
${nouns.map(([noun, members]) => html`<h2 id="${noun}">${noun}</h2>${members.map(renderRoute)}`)}
<h2 id="problems">problems</h2>
<p>Every failure is an <code>application/problem+json</code> document. Match on its <code>code</code>.</p>
<table><tr><th>status</th><th>code</th><th>meaning</th></tr>${problemCodes.map(
      (code) =>
        html`<tr><td>${problems[code].status}</td><td><a href="/problems/${code}">${code}</a></td><td>${problems[code].title}</td></tr>`,
    )}</table>`,
  )
}

/** The page of one problem code. */
export function renderProblemPage(code: ProblemCode): string {
  const { status, title, remedy, retryable } = problems[code]
  return page(
    code,
    html`<h1>${title} <small>${code}</small></h1><p>Status ${status}. ${remedy}</p>
<p>${
      retryable
        ? 'The same request, with the same Idempotency-Key, may succeed later.'
        : 'Repeating the request unchanged does not help by itself.'
    }</p><p><a href="/docs#problems">All problems</a></p>`,
  )
}

const problemCodes = Object.keys(problems) as ProblemCode[]

function renderRoute(route: RouteContract): Html {
  const { auth, deprecated, input, method, path } = route
  return html`<article id="${route.operation}"><h3><b>${method}</b> ${path}</h3><p>${route.summary}.${
    route.description === undefined ? '' : ` ${route.description}`
  }</p>${
    deprecated === undefined
      ? ''
      : html`<p><b>${describeDeprecation(deprecated)}.</b> <a href="${deprecated.link}">What to use instead</a></p>`
  }<p class="facts">${auth === 'public' ? 'No key needed' : auth === 'authenticated' ? 'Any key' : html`Scope <code>${auth}</code>`}${
    route.idempotencyKey === 'none' ? '' : html` · Idempotency-Key ${route.idempotencyKey}`
  }${
    route.conditional === undefined ? '' : route.conditional === 'edit' ? ' · takes If-Match' : ' · has an ETag'
  } · can answer ${problemsOf(route).map((code) => html`<a href="/problems/${code}">${code}</a> `)}</p>${[
    ...renderFields('path', input.params),
    ...renderFields('query', input.query),
    ...renderFields('body', input.body),
  ]}${route.examples.map(
    ({ title, body, status, response }) =>
      html`<details><summary>${title}</summary>${
        body === undefined ? '' : html`<pre>${JSON.stringify(body, null, 2)}</pre>`
      }<p>${status}</p><pre>${JSON.stringify(response, null, 2)}</pre></details>`,
  )}</article>`
}

function renderFields(part: string, schema: z.ZodObject): Html[] {
  const fields = Object.entries(schema.shape)
  if (fields.length === 0) return []
  return [
    html`<table><tr><th>${part}</th><th></th><th></th></tr>${fields.map(
      ([name, field]) =>
        html`<tr><td><code>${name}</code></td><td>${
          z.safeParse(field, undefined).success ? 'optional' : 'required'
        }</td><td>${field instanceof z.ZodType ? (field.description ?? '') : ''}</td></tr>`,
    )}</table>`,
  ]
}

/** Text that is markup already. Everything else is escaped where it enters a page. */
interface Html {
  readonly markup: string
}
type Part = Html | string | number | readonly Part[]

function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return {
    markup: texts.map((text, index) => text + (index < parts.length ? toMarkup(parts[index] ?? '') : '')).join(''),
  }
}

function toMarkup(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escapeMarkup(String(part))
  return 'markup' in part ? part.markup : part.map(toMarkup).join('')
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
article{border-top:1px solid #8884;padding:.5rem 0}h3{font-family:ui-monospace,monospace;font-size:1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0}
pre{background:#8881;padding:.6rem;overflow:auto}.facts,small{opacity:.75;font-size:.9rem}`

function page(title: string, body: Html): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">${
    html`<title>${title}</title>`.markup
  }<style>${style}</style></head><body>${body.markup}</body></html>\n`
}

/** The pages' only style sheet, for a Content-Security-Policy that names its hash. */
export const docsStyle = style
