/** Paths of which many lie in others. */
export const racedPaths = ['repo', 'repo/docs', 'repo/docs/a', 'repo/docs/b', 'repo/src', 'repo/src/a', 'other']
