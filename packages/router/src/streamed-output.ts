import { isObject } from '@core/foundation'

/** What the events of a stream said, in one piece: its texts, its thoughts and the arguments of its tools. */
export function streamedOutput(events: string): string {
  const pieces: string[] = []
  for (const line of events.split(/\r\n|\r|\n/)) {
    if (!line.startsWith('data:')) continue
    try {
      collect(JSON.parse(line.slice('data:'.length)), pieces)
    } catch {
      // The end mark, or an event that was cut.
    }
  }
  return pieces.join('')
}

function collect(event: unknown, pieces: string[]): void {
  if (!isObject(event)) return
  const { delta, choices, content_block: block } = event
  take(delta, pieces)
  if (isObject(block) && typeof block['name'] === 'string') pieces.push(`\n${block['name']} `)
  if (!Array.isArray(choices)) return
  for (const choice of choices) if (isObject(choice)) take(choice['delta'], pieces)
}

/** Whatever a delta carries beside its role and its type, in the order of the wire. */
function take(delta: unknown, pieces: string[]): void {
  if (typeof delta === 'string') pieces.push(delta)
  else if (Array.isArray(delta)) for (const item of delta) take(item, pieces)
  else if (isObject(delta)) {
    for (const [name, value] of Object.entries(delta)) {
      if (name === 'role' || name === 'type' || name === 'id' || name.endsWith('_reason')) continue
      if (name === 'name') pieces.push(`\n${String(value)} `)
      else take(value, pieces)
    }
  }
}
