/** One message of a stream of server-sent events. */
export interface ServerSentMessage {
  readonly event: string
  readonly data: string
  readonly id: string | undefined
}

/** Cuts a stream of server-sent events into messages (HTML Living Standard, 9.2.6). Comments and `retry` are left out. */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncIterable<ServerSentMessage> {
  const decoder = new TextDecoder()
  let rest = ''
  const fields = new Map<string, string>()
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (line === '') {
        const [event = 'message', data, id] = ['event', 'data', 'id'].map((name) => fields.get(name))
        fields.clear()
        if (data !== undefined) yield { event, data, id }
        continue
      }
      const colon = line.indexOf(':')
      if (colon === 0) continue
      const name = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      const before = name === 'data' ? fields.get('data') : undefined
      fields.set(name, before === undefined ? value : `${before}\n${value}`)
    }
  }
}
