import { callable, fileStats } from '@core/api/functions'
import { Counter, Gauge } from '@platformatic/prom-client'
import { type FiguresDependencies, registerFigures } from '../../observe/figures.ts'

export type Direction = 'upload' | 'download'

export interface FileMetrics {
  add(direction: Direction, bytes: number): void
  /** For `onProgress`: counts what came since the last call. */
  progress(direction: Direction): (bytes: number) => void
  track<Answer>(work: () => Promise<Answer>): Promise<Answer>
  register(dependencies: FiguresDependencies): void
}

export function createFileMetrics(): FileMetrics {
  const bytes = new Counter({
    name: 'core_file_bytes_total',
    help: 'Bytes of files that passed this process, by direction.',
    labelNames: ['direction'],
    registers: [],
  })
  for (const direction of ['upload', 'download']) bytes.inc({ direction }, 0)
  let uploads = 0

  return {
    add: (direction, count) => bytes.inc({ direction }, count),
    progress(direction) {
      let before = 0
      return (now) => {
        bytes.inc({ direction }, now - before)
        before = now
      }
    },
    async track(work) {
      uploads++
      try {
        return await work()
      } finally {
        uploads--
      }
    },
    register(dependencies) {
      dependencies.registry.registerMetric(bytes)
      new Gauge({
        name: 'core_file_uploads_under_way',
        help: 'Uploads that this process is receiving now.',
        registers: [dependencies.registry],
        collect() {
          this.set(uploads)
        },
      })
      registerFigures(dependencies, {
        of: 'files',
        gauges: {
          files: { name: 'core_files', help: 'Files of all projects.' },
          used_bytes: { name: 'core_file_used_bytes', help: 'Bytes of them.' },
          held_bytes: { name: 'core_file_held_bytes', help: 'Bytes that uploads under way hold of quotas.' },
          trash: {
            name: 'core_file_trash',
            help: 'Objects that wait to be deleted from their store, counted up to 100,000.',
          },
        },
        read: (options) => callable(dependencies.database, fileStats)({}, options),
      })
    },
  }
}
