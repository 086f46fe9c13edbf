/**
 * Sets members of a JSON object in its text; everything else keeps its bytes, so that what this version does not know
 * arrives as it was sent. The text must be valid JSON.
 */
export function spliceJson(text: string, members: Readonly<Record<string, unknown>>): string {
  const left = new Set(Object.keys(members))
  let result = ''
  let copied = 0
  // A name that is there twice is set twice: which of the two counts is the reader's choice.
  forEachMember(text, (name, from, to) => {
    if (!Object.hasOwn(members, name)) return
    result += text.slice(copied, from) + JSON.stringify(members[name])
    copied = to
    left.delete(name)
  })
  const end = text.lastIndexOf('}')
  result += text.slice(copied, end)
  for (const name of left) {
    result += `${result.trimEnd().endsWith('{') ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(members[name])}`
  }
  return result + text.slice(end)
}

/** The members of the outermost object, with the place of each value. */
function forEachMember(text: string, visit: (name: string, from: number, to: number) => void): void {
  let at = text.indexOf('{') + 1
  for (;;) {
    const nameAt = text.indexOf('"', at)
    if (nameAt === -1) return
    const nameEnd = endOfString(text, nameAt)
    const from = skipSpace(text, text.indexOf(':', nameEnd) + 1)
    const to = endOfValue(text, from)
    const name = text.slice(nameAt + 1, nameEnd - 1)
    visit(name.includes('\\') ? String(JSON.parse(text.slice(nameAt, nameEnd))) : name, from, to)
    at = skipSpace(text, to)
    if (text[at] !== ',') return
    at += 1
  }
}

function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes += 1
    if (slashes % 2 === 0) return at + 1
  }
}

function endOfValue(text: string, from: number): number {
  if (text[from] === '"') return endOfString(text, from)
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '"') at = endOfString(text, at) - 1
    else if (character === '{' || character === '[') depth += 1
    else if (character === '}' || character === ']') {
      if (depth === 0) return at
      depth -= 1
      if (depth === 0) return at + 1
    } else if (depth === 0 && (character === ',' || isSpace(character))) return at
  }
  return text.length
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text[at])) at += 1
  return at
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t'
}
