/** Why a subscription could not continue from `since`. */
export const resyncReasons = {
  trimmed: 'Events after since have been forgotten: it was away for too long',
  epoch: 'The database is another one, or was restored',
} as const
export type ResyncReason = keyof typeof resyncReasons
