import type { ProblemKind } from '../contract/problem-kind.ts'

export const problems = {
  claim_held: {
    status: 409,
    title: 'Another session has a claim on this path, above it or below it',
    retryable: true,
    remedy: 'resource, holder, session and endsAt say which. Ask again then, at the latest, or work on another path.',
    error: 'E_CONFLICT',
  },
  claim_lost: {
    status: 409,
    title: 'The claim is lost',
    retryable: false,
    remedy: 'Its time or its session was over before it was renewed. Stop the work on it, and take it again.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
