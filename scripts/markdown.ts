/** A fenced block of a Markdown file. */
export interface CodeBlock {
  language: string
  text: string
  /** The nearest heading above it. */
  heading: string
}

export interface Markdown {
  /** Targets of inline links, as written. */
  links: string[]
  /** Anchors that GitHub makes of the headings. */
  anchors: Set<string>
  blocks: CodeBlock[]
  /** Code within sentences, also where a line ends in it. */
  inline: string[]
}

export function readMarkdown(text: string): Markdown {
  const links: string[] = []
  const anchors = new Set<string>()
  const blocks: CodeBlock[] = []
  let heading = ''
  let prose = ''
  let open: CodeBlock | undefined
  for (const line of text.split('\n')) {
    const fence = /^\s*```(\w*)/.exec(line)
    if (fence && open) {
      blocks.push(open)
      open = undefined
    } else if (fence) {
      open = { language: fence[1] ?? '', text: '', heading }
    } else if (open) {
      open.text += `${line}\n`
    } else {
      prose += line.trim() === '' ? '\n' : `${line} `
      const title = /^#+ (.+)$/.exec(line)?.[1]
      if (title !== undefined) {
        heading = title
        anchors.add(toAnchor(title))
      }
      links.push(...[...line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? ''))
    }
  }
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return { links, anchors, blocks, inline }
}

function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** The commands of a shell block, one each: continued lines are joined, comments and output left out. */
export function commandsOf({ text }: CodeBlock): string[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
