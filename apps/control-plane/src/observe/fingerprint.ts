import { createHash } from 'node:crypto'
import { isCoreError } from '@core/foundation'

/** What makes two failures the same one. */
export interface Fault {
  /** 32 hexadecimal digits, the same on every machine. */
  readonly fingerprint: string
  readonly name: string
  readonly code: string | null
  /** `function file`, innermost first, of Core's own code alone. */
  readonly frames: readonly string[]
}

const framesAtMost = 5

/**
 * Name, code and the innermost own frames, without lines and columns: the same fault keeps its fingerprint through
 * unrelated edits and on every machine. Where a stack holds no frame of ours, `place` distinguishes such failures.
 */
export function fingerprintOf(error: unknown, place: string): Fault {
  const name = error instanceof Error ? error.name : typeof error
  const code = codeOf(error)
  const frames = ownFramesOf(error)
  const parts = [name, code ?? '', ...(frames.length > 0 ? frames : [place])]
  const fingerprint = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32)
  return { fingerprint, name, code, frames }
}

/** With the SQLSTATE where the database failed: one code of ours covers many of its. */
function codeOf(error: unknown): string | null {
  if (isCoreError(error)) {
    const { sqlstate } = error.details
    return typeof sqlstate === 'string' && sqlstate !== '' ? `${error.code} ${sqlstate}` : error.code
  }
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** In a workspace (apps/x/src/y.ts) or installed (@core/x/dist/y.js), on any system, also with a loader's query. */
const ownFile =
  /(?:\/|^)((?:apps|packages)\/[\w-]+\/src\/[\w./-]+|@core\/[\w-]+\/dist\/[\w./-]+)\.[cm]?[jt]s(?:\?[\w=&]+)?(?::\d+)*\)?$/
const frameLine = /^ +at (?:async )?(?:(.+?) \()?(.+)$/

function ownFramesOf(error: unknown): string[] {
  const frames: string[] = []
  for (const line of stackOf(error).split('\n')) {
    const [, caller, location = ''] = frameLine.exec(line) ?? []
    const file = ownFile.exec(location.replaceAll('\\', '/'))?.[1]
    if (file === undefined) continue
    const where = file.replace(/^@core\/([\w-]+)\/dist\//, 'packages/$1/src/')
    frames.push(`${caller === undefined ? 'anonymous' : plain(caller)} ${where}`)
    if (frames.length === framesAtMost) break
  }
  return frames
}

/** Of a wrapped failure, the stack of what was wrapped last: that is where it came from. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const inner = error.cause instanceof Error ? stackOf(error.cause) : ''
  return `${inner}\n${error.stack ?? ''}`
}

/** `new Foo`, `Object.call [as rpc]` and `Foo.<anonymous>` as one would write them. */
function plain(caller: string): string {
  return caller
    .replace(/ \[as .+\]$/, '')
    .replaceAll(/Object\.|<anonymous>/g, (part) => (part === 'Object.' ? '' : 'anonymous'))
}
