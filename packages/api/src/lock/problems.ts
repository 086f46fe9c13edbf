import type { ProblemKind } from '../contract/problem-kind.ts'

export const problems = {
  lock_held: {
    status: 409,
    title: 'Another holder has the lock',
    retryable: true,
    remedy: 'holder and endsAt say who and until when. Ask again then, at the latest.',
    error: 'E_CONFLICT',
  },
  lock_lost: {
    status: 409,
    title: 'The lock is lost',
    retryable: false,
    remedy: 'Its time was over before it was renewed. Stop what it protects, and acquire it again.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
