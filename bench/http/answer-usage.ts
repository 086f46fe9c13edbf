import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a parent may ask a server of the benchmark. */
export type UsageQuestion = 'cpu' | 'memory'

/**
 * Tells the parent where this server listens, and whenever it is asked what it uses. Only memory collects garbage
 * first: within a measurement of CPU that would be counted, and the larger heap would pay more.
 */
export function answerUsage(url: string): void {
  const answers: Record<UsageQuestion, () => object> = {
    cpu() {
      const { user, system } = process.threadCpuUsage()
      const all = process.cpuUsage()
      return { threadMs: (user + system) / 1000, processMs: (all.user + all.system) / 1000 }
    },
    memory() {
      collectGarbage()
      const { rss, heapUsed, external } = process.memoryUsage()
      return { rss, heapUsed, external }
    },
  }
  process.on('message', (question: UsageQuestion) => process.send?.(answers[question]()))
  process.on('disconnect', () => process.exit(0))
  process.send?.({ url })
}

/** Not by a flag of the process: code that other processes compiled is used only under the same flags. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
}
