import { problems } from '../../nouns.ts'
import type { ProblemCode } from '../problem.ts'
import type { RouteContract } from '../route-contract.ts'
import { type Html, html } from './html.ts'
import { renderOperation } from './operation.ts'
import { renderPage } from './page.ts'
import { docsScript } from './script.ts'

type Chapter = readonly [noun: string, members: readonly RouteContract[]]

/**
 * The API as one page that opens on a machine without a network. Only search and tabs need its script. Links are
 * relative, so that they work below a prefix.
 */
export function renderDocsPage(routes: readonly RouteContract[], version: string): string {
  const chapters = [...Map.groupBy(routes, ({ noun }) => noun)]
  return renderPage(
    'Core API',
    html`<h1>Core API <small>${version}</small></h1><div id="hits"></div><div id="intro">
<p>Amounts are whole micro-credits: 1000000 are one credit. Send <code>Authorization: Bearer &lt;key&gt;</code>, and with every
POST an <code>Idempotency-Key</code>: one per intended effect, the same again on a retry. Account codes in addresses are
URL-encoded: <code>smart_layer%2Fagent-7</code>. <code>{project}</code> may be <code>current</code>, the key's own.
The samples read <code>CORE_URL</code> (<code>http://127.0.0.1:4400</code>) and <code>CORE_KEY</code> from the environment.
The same as a document: <a href="openapi.json">openapi.json</a>.</p></div>
${chapters.map(
  ([noun, members]) =>
    html`<section data-noun="${noun}" aria-labelledby="${toId(noun)}"><h2 id="${toId(noun)}">${toTitle(noun)}</h2>${members.map(renderOperation)}</section>`,
)}${renderAllProblems()}`,
    { aside: renderSideBar(chapters), script: docsScript },
  )
}

function renderSideBar(chapters: readonly Chapter[]): Html {
  return html`<aside><form id="search" role="search" hidden><label for="query">Search <small>press /</small></label>
<input id="query" type="search" autocomplete="off"><p id="found" class="facts" role="status"></p></form>
<ol id="results" aria-label="Found operations" hidden></ol><nav aria-label="Operations">${chapters.map(
    ([noun, members], index) =>
      html`<details${index === 0 ? html` open` : ''}><summary>${toTitle(noun)}</summary><ul>${members.map(
        ({ operation, summary }) => html`<li><a href="#${operation}" title="${summary}">${operation}</a></li>`,
      )}</ul></details>`,
  )}<a class="other" href="#problems">Problems</a></nav></aside>`
}

function renderAllProblems(): Html {
  return html`<section aria-labelledby="problems"><h2 id="problems">Problems</h2>
<p>Every failure is an <code>application/problem+json</code> document. Match on its <code>code</code>.</p>
<div class="scroll"><table><thead><tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">Meaning</th></tr></thead><tbody>${problemCodes.map(
    (code) =>
      html`<tr><td>${problems[code].status}</td><th scope="row"><a href="problems/${code}">${code}</a></th><td>${problems[code].title}</td></tr>`,
  )}</tbody></table></div></section>`
}

const problemCodes = Object.keys(problems) as ProblemCode[]

function toId(noun: string): string {
  return noun.replaceAll(' ', '-')
}

function toTitle(noun: string): string {
  return noun.replaceAll('-', ' ').replace(/^api /, 'API ')
}
