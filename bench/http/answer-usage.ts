/** Tells the parent where this server listens, and whenever it is asked what it uses. */
export function answerUsage(url: string): void {
  process.on('message', () => {
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    const { user, system } = process.threadCpuUsage()
    process.send?.({ rss, heapUsed, external, threadMs: (user + system) / 1000 })
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ url })
}
