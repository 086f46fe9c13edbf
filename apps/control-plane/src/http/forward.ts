import type { RouteContract } from '@core/api'
import type { ArgumentInput, FunctionArguments, FunctionDescription } from '@core/api/functions'
import { type BoundRoute, type CoreAnswer, type RouteCall, serve } from './bound-route.ts'
import { toAnswer } from './denial.ts'
import { toPage } from './page.ts'

/**
 * A route that decides nothing: its input are the arguments of a function, and the answer is that of the route.
 * What decides is written out with `serve` and `call`.
 */
export function forward<Contract extends RouteContract, Arguments extends FunctionArguments, Answer extends CoreAnswer>(
  contract: Contract,
  description: FunctionDescription<string, Arguments, Answer>,
  toInput: (call: RouteCall<Contract>) => ArgumentInput<Arguments>,
): BoundRoute {
  const [status] = Object.keys(contract.outputs).map(Number)
  return serve(contract, async (call) => toAnswer(Number(status), await call.call(description, toInput(call))))
}

/** The same for a list: `rows` names it in the function's answer. */
export function forwardPage<
  Contract extends RouteContract,
  Arguments extends FunctionArguments,
  Answer extends CoreAnswer,
>(
  contract: Contract,
  description: FunctionDescription<string, Arguments, Answer>,
  rows: keyof Extract<Answer, { ok: true }> & string,
  toInput: (call: RouteCall<Contract>) => ArgumentInput<Arguments>,
): BoundRoute {
  return serve(contract, async (call) => toPage(rows, await call.call(description, toInput(call))))
}
