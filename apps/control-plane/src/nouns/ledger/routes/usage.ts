import { getUsage } from '@core/api'
import { type CoreError, isCoreError } from '@core/foundation'
import { serve } from '../../../http/bound-route.ts'
import { toAnswer } from '../../../http/denial.ts'
import { ProblemError } from '../../../http/problem-error.ts'
import { accountNotFound, isAccountOf } from '../account-of-project.ts'

const defaultRangeMs = 30 * 86_400_000

export const usageRoutes = [
  serve(getUsage, async ({ project, params: { code }, query, rpc }) => {
    if (!isAccountOf(project, code)) return accountNotFound(code)
    const to = query.to ?? new Date().toISOString()
    const from = query.from ?? new Date(Date.parse(to) - defaultRangeMs).toISOString()
    try {
      const answer = await rpc('ledger_usage', { p_account: code, p_from: from, p_to: to, p_bucket: query.bucket })
      return toAnswer(200, answer)
    } catch (error) {
      throw isCoreError(error) ? (atQuery(error) ?? error) : error
    }
  }),
]

/** The database names an argument at fault; here each of them comes from the query. */
function atQuery({ code, message, fix, details }: CoreError): ProblemError | undefined {
  if (code !== 'E_INVALID' || typeof details['field'] !== 'string') return undefined
  const fault = { location: `query.${details['field']}`, message }
  return new ProblemError('invalid', message, { errors: [fix === undefined ? fault : { ...fault, fix }] })
}
