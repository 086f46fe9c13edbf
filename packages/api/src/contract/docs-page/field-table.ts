import type { FieldRow } from './field-row.ts'
import { type Html, html } from './html.ts'

/** A table of fields; requests say what must be sent and what is assumed, answers do not. */
export function renderFieldTable(caption: string, rows: readonly FieldRow[], io: 'input' | 'output'): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="fields"><caption>${caption}</caption><thead><tr><th scope="col">Field</th><th scope="col">Type</th>${
    io === 'input' ? html`<th scope="col">Default</th>` : ''
  }<th scope="col">Description</th></tr></thead><tbody>${[...Map.groupBy(rows, ({ variant }) => variant)].map(
    ([variant, members]) => [
      variant === undefined
        ? ''
        : html`<tr><th scope="rowgroup" colspan="${io === 'input' ? 4 : 3}">Where <code>${variant}</code></th></tr>`,
      members.map((row) => renderRow(row, io)),
    ],
  )}</tbody></table></div>`
}

function renderRow({ name, type, isRequired, default: assumed, allowed, description }: FieldRow, io: string): Html {
  return html`<tr data-field="${name}"><th scope="row"><code>${name}</code></th><td data-label="Type:">${type}</td>${
    io === 'input'
      ? html`<td data-label="Default:">${assumed === undefined ? (isRequired ? html`<b>required</b>` : 'none') : html`<code>${assumed}</code>`}</td>`
      : ''
  }<td>${description}${
    allowed.length === 0
      ? ''
      : html`<div class="allowed">Allowed: ${allowed.map((value, index) => [index === 0 ? '' : ', ', html`<code>${value}</code>`])}</div>`
  }</td></tr>`
}
