import { ackMessages, extendMessages, getInbox, nackMessage, receiveMessages, retryMessage } from './routes/receive.ts'
import { getMessage, getMessageReply, listMessages, sendMessage } from './routes/send.ts'
import { listSubscriptions, subscribeTopic, unsubscribeTopic } from './routes/topic.ts'

/** In the order of the docs. */
export const routes = [
  sendMessage,
  listMessages,
  getMessage,
  getMessageReply,
  getInbox,
  receiveMessages,
  ackMessages,
  extendMessages,
  nackMessage,
  retryMessage,
  listSubscriptions,
  subscribeTopic,
  unsubscribeTopic,
] as const
