import type { ProblemKind } from '../contract/problem-kind.ts'

/** What the coordinator's nouns deny. Nothing was changed. */
export const problems = {
  session_live: {
    status: 409,
    title: 'This process has a session already',
    retryable: false,
    remedy: 'session says which one. Beat or close that one, or wait until its time is over.',
    error: 'E_CONFLICT',
  },
  session_ended: {
    status: 409,
    title: 'The session has ended',
    retryable: false,
    remedy: 'Its beats came too late or it was closed. Open another one; what this one held belongs to others by now.',
    error: 'E_CONFLICT',
  },
  bound_reached: {
    status: 409,
    title: 'The project has as many of these as it may',
    retryable: true,
    remedy: 'bound and limit say of what and how many. Finish or remove some, then send the request again.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
