import type { Fault, ProblemCode } from '@core/api'
import type { Principal } from '../auth/principal.ts'

interface ProblemErrorOptions {
  readonly errors?: readonly Fault[]
  readonly fix?: string
  /** Further members of the document. */
  readonly facts?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** A problem of the HTTP side, thrown where it is found and turned into its document by one plugin. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: ProblemCode
  readonly options: ProblemErrorOptions

  constructor(problem: ProblemCode, detail: string, options: ProblemErrorOptions = {}) {
    super(detail)
    this.problem = problem
    this.options = options
  }
}

/** One text for what is missing and what is another project's: the answers must be identical. */
export function notFound(): ProblemError {
  return new ProblemError('not_found', 'not found, or not visible to this credential')
}

/** Where a request leaves open which project it means, and the credential does not say it either. */
export function noOwnProject({ project, roles }: Principal, location: string): ProblemError {
  const detail =
    project === undefined
      ? 'the owner has no project of its own'
      : roles === undefined || roles.size === 0
        ? 'this credential belongs to no project'
        : `this credential belongs to ${roles.size} projects`
  return new ProblemError('invalid', detail, {
    errors: [{ location, message: 'current means nothing here', fix: 'Name the project.' }],
  })
}
