import type { Client } from '@core/api/client'
import { formatFields, formatTable } from '../../table.ts'

type Listed = Awaited<ReturnType<Client['listMessages']>>['data'][number]
type Received = Awaited<ReturnType<Client['receiveMessages']>>['messages'][number]
type Details = Awaited<ReturnType<Client['getMessage']>>

const shorten = (value: unknown) => (JSON.stringify(value) ?? '').slice(0, 60)

export function messageTable(messages: readonly Listed[]): string {
  if (messages.length === 0) return 'no messages'
  return formatTable(messages, [
    { title: 'MESSAGE', cell: ({ message }) => message },
    { title: 'DELIVERY', cell: ({ delivery }) => delivery ?? '' },
    { title: 'FROM', cell: ({ from }) => from },
    { title: 'TO', cell: ({ to }) => to },
    { title: 'TYPE', cell: ({ type }) => type },
    { title: 'PRIORITY', cell: ({ priority }) => priority },
    { title: 'STATUS', cell: ({ status, reason }) => (reason === null ? status : `${status} (${reason})`) },
    { title: 'ATTEMPT', align: 'right', cell: ({ attempt, maxAttempts }) => `${attempt}/${maxAttempts}` },
    { title: 'SENT', cell: ({ sentAt }) => sentAt },
    { title: 'PAYLOAD', cell: ({ payload }) => shorten(payload) },
  ])
}

export function receivedTable(messages: readonly Received[]): string {
  if (messages.length === 0) return 'the inbox is empty'
  return formatTable(messages, [
    { title: 'DELIVERY', cell: ({ delivery }) => delivery },
    { title: 'FENCE', align: 'right', cell: ({ fence }) => String(fence) },
    { title: 'FROM', cell: ({ from }) => from },
    { title: 'TYPE', cell: ({ type }) => type },
    { title: 'PRIORITY', cell: ({ priority }) => priority },
    { title: 'ATTEMPT', align: 'right', cell: ({ attempt, maxAttempts }) => `${attempt}/${maxAttempts}` },
    { title: 'PAYLOAD', cell: ({ payload }) => shorten(payload) },
  ])
}

export function messageFields(message: Details): string {
  return formatFields([
    ['message', message.message],
    ['from', message.from],
    ['to', message.to],
    ['type', message.type],
    ['priority', message.priority],
    ['payload', JSON.stringify(message.payload)],
    ['replies to', message.replyTo ?? ''],
    ['sent', message.sentAt],
    ['expires', message.expiresAt],
    ...message.deliveries.map(
      ({ recipient, status, reason, attempt, maxAttempts, error }) =>
        [
          recipient ?? '',
          [reason === null ? status : `${status} (${reason})`, `attempt ${attempt} of ${maxAttempts}`, error ?? '']
            .filter(Boolean)
            .join(', '),
        ] as const,
    ),
  ])
}
