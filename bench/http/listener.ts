import WebSocket from 'ws'
import { z } from 'zod'
import type { Plane } from './open-plane.ts'

const frameSchema = z.object({ op: z.string(), seq: z.number().optional() })

/** A socket that listens to the flags. */
export interface Listener {
  readonly socket: WebSocket
  /** The last event there was when it came. */
  seq: number
}

/** One credential may hold 2,500 connections at one server. */
const socketsPerKey = 2000

/** Opens so many, `atOnce` of them at a time, and waits until each has subscribed. */
export async function openListeners(
  { url, client }: Plane,
  count: number,
  { since, atOnce = 200 }: { readonly since?: number; readonly atOnce?: number } = {},
): Promise<Listener[]> {
  const opened: Listener[] = []
  const keys: string[] = []
  for (let made = 0; made < count; made += socketsPerKey) {
    const { secret } = await client.createApiKey({
      params: { project: 'smart_layer' },
      body: { name: 'bench', scopes: ['event:read', 'flag:read'] },
    })
    keys.push(secret ?? '')
  }
  const keyOf = (index: number) => keys[Math.floor(index / socketsPerKey)] ?? ''
  while (opened.length < count) {
    const batch = Array.from({ length: Math.min(atOnce, count - opened.length) }, (_, index) =>
      open(url, keyOf(opened.length + index), since),
    )
    opened.push(...(await Promise.all(batch)))
  }
  return opened
}

function open(url: string, key: string, since: number | undefined): Promise<Listener> {
  const { promise, resolve, reject } = Promise.withResolvers<Listener>()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/realtime`, {
    headers: { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
  })
  const listener: Listener = { socket, seq: 0 }
  socket.on('error', reject)
  socket.on('close', (code) => reject(new Error(`a socket was closed with ${code}`)))
  socket.on('message', function first(data) {
    const { op, seq } = frameSchema.parse(JSON.parse(String(data)))
    if (op === 'welcome') {
      listener.seq = seq ?? 0
      const subscribe = { op: 'subscribe', id: '1', topic: 'flag', ...(since === undefined ? {} : { since }) }
      socket.send(JSON.stringify(subscribe))
    } else if (op === 'subscribed') {
      socket.off('message', first)
      resolve(listener)
    } else reject(new Error(`a socket was answered with ${String(data)}`))
  })
  return promise
}

export function endListeners(listeners: readonly Listener[]): void {
  for (const { socket } of listeners) socket.terminate()
}
