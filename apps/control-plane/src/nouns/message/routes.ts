import {
  ackMessages,
  extendMessages,
  getInbox,
  getMessage,
  getMessageReply,
  listMessages,
  listSubscriptions,
  nackMessage,
  receiveMessages,
  retryMessage,
  sendMessage,
  subscribeTopic,
  unsubscribeTopic,
} from '@core/api'
import {
  messageAck,
  messageExtend,
  messageGet,
  messageList,
  messageNack,
  messageReceive,
  messageReply,
  messageRetry,
  messageSend,
  messageStats,
  topicList,
  topicSubscribe,
  topicUnsubscribe,
} from '@core/api/functions'
import { serveWaiting } from '../../http/bound-route.ts'
import { toAnswer } from '../../http/denial.ts'
import { forward, forwardPage } from '../../http/forward.ts'
import type { Kernel } from '../../process/noun.ts'

interface Held {
  readonly delivery: string
  readonly fence: number
}

const toHeld = (held: readonly Held[]) => ({
  deliveries: held.map(({ delivery }) => delivery),
  fences: held.map(({ fence }) => fence),
})

export const createMessageRoutes = ({ longPolls }: Pick<Kernel, 'longPolls'>) => [
  forward(sendMessage, messageSend, ({ project, idempotencyKey: key, body }) => {
    const { to = null, ttlSeconds: ttlS, awaitReply, ...rest } = body
    return { ...rest, to, ttlS, await: awaitReply, key, project }
  }),
  forwardPage(listMessages, messageList, 'messages', ({ project, query: { cursor: before, ...query } }) => ({
    ...query,
    before,
    project,
  })),
  forward(getMessage, messageGet, ({ project, params: { id: message } }) => ({ message, project })),
  serveWaiting(getMessageReply, async ({ project, principal, params: { id: message }, query, call }, signal) => {
    const answer = await longPolls.poll({
      subject: principal.subject,
      awaited: { replies: [{ project, message }] },
      waitMs: query.waitSeconds * 1000,
      signal,
      read: () => call(messageReply, { message, project }),
      isEmpty: ({ status }) => status === 'waiting',
    })
    return toAnswer(200, answer)
  }),
  forward(getInbox, messageStats, ({ project }) => ({ project })),
  serveWaiting(receiveMessages, async ({ project, principal, body, call }, signal) => {
    const { visibleSeconds: visibleS, waitSeconds, ...rest } = body
    const answer = await longPolls.poll({
      subject: principal.subject,
      awaited: { inboxes: [project] },
      waitMs: waitSeconds * 1000,
      signal,
      read: () => call(messageReceive, { ...rest, visibleS, project }),
      isEmpty: ({ messages }) => messages.length === 0,
    })
    return toAnswer(200, answer)
  }),
  forward(ackMessages, messageAck, ({ project, body }) => ({ ...toHeld(body.deliveries), project })),
  forward(extendMessages, messageExtend, ({ project, body: { deliveries, visibleSeconds: visibleS } }) => ({
    ...toHeld(deliveries),
    visibleS,
    project,
  })),
  forward(nackMessage, messageNack, ({ project, body }) => ({ ...body, project })),
  forward(retryMessage, messageRetry, ({ project, params: { id: delivery } }) => ({ delivery, project })),
  forward(listSubscriptions, topicList, ({ project }) => ({ project })),
  forward(subscribeTopic, topicSubscribe, ({ project, body }) => ({ ...body, project })),
  forward(unsubscribeTopic, topicUnsubscribe, ({ project, query }) => ({ ...query, project })),
]
