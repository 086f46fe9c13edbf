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
import { forward, forwardPage } from '../../http/forward.ts'

interface Held {
  readonly delivery: string
  readonly fence: number
}

const toHeld = (held: readonly Held[]) => ({
  deliveries: held.map(({ delivery }) => delivery),
  fences: held.map(({ fence }) => fence),
})

export const messageRoutes = [
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
  forward(getMessageReply, messageReply, ({ project, params: { id: message } }) => ({ message, project })),
  forward(getInbox, messageStats, ({ project }) => ({ project })),
  forward(receiveMessages, messageReceive, ({ project, body: { visibleSeconds: visibleS, ...body } }) => ({
    ...body,
    visibleS,
    project,
  })),
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
