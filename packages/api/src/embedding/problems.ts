import type { ProblemKind } from '../contract/problem-kind.ts'

export const problems = {
  model_mismatch: {
    status: 409,
    title: 'The space has vectors of another model',
    retryable: false,
    remedy: 'provider, model and dims say which. Use that model, or migrate the space to yours.',
    error: 'E_CONFLICT',
  },
  model_changed: {
    status: 409,
    title: 'The space has changed to another model meanwhile',
    retryable: true,
    remedy: 'Read the space again, and embed with its model. Nothing was written.',
    error: 'E_CONFLICT',
  },
} as const satisfies Record<string, ProblemKind>
