import { type Html, html } from './html.ts'
import { docsStyle } from './style.ts'

/** A whole document without fonts, images or anything else from elsewhere. Without a side bar it is one column. */
export function renderPage(
  title: string,
  main: Html,
  extra?: { readonly aside: Html; readonly script: string },
): string {
  const body = html`<a class="skip" href="#main">Skip to the content</a>${extra?.aside ?? ''}<main id="main" class="${
    extra === undefined ? 'alone' : 'docs'
  }">${main}</main>`
  // Style and script are constants of this package and go in unescaped, as their hashes need.
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">${
    html`<title>${title}</title>`.markup
  }<style>${docsStyle}</style></head><body${extra === undefined ? ' class="alone"' : ''}>${body.markup}${
    extra === undefined ? '' : `<script>${extra.script}</script>`
  }</body></html>\n`
}
