/** A piece of a document: `text.slice(start, end)`. */
export interface Chunk {
  readonly content: string
  /** The headings above it, outermost first, joined by ` > `. */
  readonly title: string
  readonly start: number
  readonly end: number
}

export interface ChunkOptions {
  /** The longest piece, in characters; default 1,200. */
  maxCharacters?: number | undefined
  /** How much of the piece before is repeated, at whole sentences; default 150. */
  overlapCharacters?: number | undefined
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Splits a text at headings (Markdown's), then at sentences. A piece never crosses a heading; code fences hold none. */
export function chunkText(
  text: string,
  { maxCharacters = 1_200, overlapCharacters = 150 }: ChunkOptions = {},
): Chunk[] {
  if (!(maxCharacters >= 50) || !(overlapCharacters >= 0 && overlapCharacters <= maxCharacters / 2)) {
    throw new RangeError('maxCharacters must be at least 50, and overlapCharacters at most half of it')
  }
  return sectionsOf(text).flatMap(({ title, ...section }) =>
    packSentences(sentencesOf(text, section, maxCharacters), maxCharacters, overlapCharacters).flatMap((span) => {
      const { start, end } = trimSpan(text, span)
      return start === end ? [] : [{ content: text.slice(start, end), title, start, end }]
    }),
  )
}

function sectionsOf(text: string): (Span & { title: string })[] {
  const sections: (Span & { title: string })[] = []
  const headings: string[] = []
  let fence: string | undefined
  let start = 0
  let title = ''
  const finish = (end: number) => {
    if (end > start) sections.push({ start, end, title })
    start = end
  }
  for (const { 0: line, index } of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    const [, mark] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? []
    if (mark !== undefined) {
      if (fence === undefined) fence = mark
      else if (mark.startsWith(fence)) fence = undefined
    }
    const [, level, heading = ''] = (fence === undefined && /^(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line)) || []
    if (level === undefined) continue
    finish(index)
    headings.length = Math.min(headings.length, level.length - 1)
    headings[level.length - 1] = heading
    title = headings.filter(Boolean).join(' > ').slice(0, 500).toWellFormed() // the cut may halve a character
  }
  finish(text.length)
  return sections
}

/** Sentences and lines, none longer than `most`. They cover the section without a gap. */
function sentencesOf(text: string, { start, end }: Span, most: number): Span[] {
  const spans: Span[] = []
  for (const { 0: part, index } of text
    .slice(start, end)
    .matchAll(/(?:[^.!?\n]|[.!?](?!\s))*(?:[.!?]+\s+|\n+|[.!?]*$)/g)) {
    let at = start + index
    const partEnd = at + part.length
    while (partEnd - at > most) {
      const cut = cutBefore(text, at, at + most)
      spans.push({ start: at, end: cut })
      at = cut
    }
    if (partEnd > at) spans.push({ start: at, end: partEnd })
  }
  return spans
}

/** At a space where there is one, and never between the halves of a surrogate pair. */
function cutBefore(text: string, start: number, end: number): number {
  const space = text.lastIndexOf(' ', end - 1)
  if (space > start + (end - start) / 2) return space + 1
  const code = text.charCodeAt(end - 1)
  return code >= 0xd800 && code <= 0xdbff ? end - 1 : end
}

function packSentences(sentences: readonly Span[], most: number, overlap: number): Span[] {
  const packed: Span[] = []
  let first = 0
  for (let index = 0; index < sentences.length; index++) {
    const [from, here] = [sentences[first], sentences[index]]
    if (from === undefined || here === undefined || here.end - from.start <= most) continue
    const last = sentences[index - 1]
    if (last !== undefined) packed.push({ start: from.start, end: last.end })
    first = index
    while (first > 0) {
      const before = sentences[first - 1]
      if (before === undefined || here.start - before.start > overlap || here.end - before.start > most) break
      first--
    }
  }
  const [from, last] = [sentences[first], sentences.at(-1)]
  if (from !== undefined && last !== undefined) packed.push({ start: from.start, end: last.end })
  return packed
}

function trimSpan(text: string, { start, end }: Span): Span {
  const piece = text.slice(start, end)
  const from = start + piece.length - piece.trimStart().length
  return { start: from, end: Math.max(from, start + piece.trimEnd().length) }
}
