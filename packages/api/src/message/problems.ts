import type { ProblemKind } from '../contract/problem-kind.ts'

/** What messages deny. Nothing was changed. */
export const problems = {
  message_stale: {
    status: 409,
    title: 'The delivery is no longer held',
    retryable: false,
    remedy: 'Its time was over before it was acknowledged or extended. Drop it: another process has it, or will.',
    error: 'E_CONFLICT',
  },
  reply_given: {
    status: 409,
    title: 'The request has its reply',
    retryable: false,
    remedy: 'The first reply counts. Acknowledge the request.',
    error: 'E_CONFLICT',
  },
  reply_late: {
    status: 409,
    title: 'The deadline of the request has passed',
    retryable: false,
    remedy:
      'Its sender has stopped waiting. Acknowledge the request, or send what is worth knowing as a message of its own.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
