/** Text that is markup already. Everything else is escaped where it enters a page. */
export interface Html {
  readonly markup: string
}
export type Part = Html | string | number | readonly Part[]

export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
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
