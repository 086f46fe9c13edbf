import type { Denials } from '../../http/bound-route.ts'

export const messageDenials: Denials = {
  message_stale: ({ delivery }) => `the delivery ${delivery} is no longer held`,
  reply_given: ({ message }) => `the message ${message} has its reply`,
  reply_late: ({ message }) => `the deadline of the message ${message} has passed`,
}
