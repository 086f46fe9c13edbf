import type { ErrorSink } from '../observe/error-tracker.ts'
import type { LoopReport } from './loop.ts'

/** One report that passes everything on to several. */
export function joinReports(...reports: readonly (LoopReport | undefined)[]): LoopReport {
  return {
    started: (loop) => {
      for (const report of reports) report?.started(loop)
    },
    succeeded: (loop) => {
      for (const report of reports) report?.succeeded(loop)
    },
    failed: (loop, error) => {
      for (const report of reports) report?.failed(loop, error)
    },
  }
}

/** Groups failures of background work with those of requests. */
export function reportFailures(errors: ErrorSink): LoopReport {
  return {
    started() {},
    succeeded() {},
    failed: (loop, error) => errors.record({ error, kind: 'loop', place: loop, project: null, requestId: null }),
  }
}
