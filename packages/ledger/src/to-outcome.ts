import {
  batchMisuse,
  type DeniedOf,
  type FunctionArguments,
  type FunctionDescription,
  ledgerCapture,
  ledgerCharge,
  ledgerExtend,
  ledgerGrant,
  ledgerRefund,
  ledgerReserve,
  ledgerSettle,
  ledgerTransfer,
  ledgerVoid,
  unknownAnswer,
} from '@core/api/functions'
import { toDatabaseError } from '@core/database'
import type { CoreError } from '@core/foundation'
import type { Accepted, AccountDenial, ClosedDenial, Outcomes, OverCaptureDenial, SpendDenial } from './outcome.ts'

/** By hand, field by field: taking `ok` out of a copy of the rest costs more than everything else here. */
const readers: { [Op in keyof Outcomes]: (answer: unknown) => Outcomes[Op] } = {
  reserve: createReader(ledgerReserve, (answer) => ({
    ...toPosting(answer),
    status: 'reserved',
    hold: answer.hold,
    granted: answer.granted,
    expiresAt: new Date(answer.expires_at),
  })),
  settle: createReader(ledgerSettle, (answer) => ({
    ...toPosting(answer),
    status: answer.status,
    hold: answer.hold,
    charged: answer.charged,
    released: answer.released,
    uncollected: answer.uncollected,
    flags: answer.flags,
  })),
  void: createReader(ledgerVoid, (answer) => ({
    ...toPosting(answer),
    status: answer.status,
    hold: answer.hold,
    released: answer.released,
  })),
  charge: createReader(ledgerCharge, (answer) => ({
    ...toPosting(answer),
    status: 'charged',
    account: answer.account,
    charged: answer.charged,
  })),
  extend: createReader(ledgerExtend, (answer) => ({
    ...toPosting(answer),
    status: 'extended',
    hold: answer.hold,
    granted: answer.granted,
    amount: answer.amount,
    expiresAt: new Date(answer.expires_at),
  })),
  capture: createReader(ledgerCapture, (answer) => ({
    ...toPosting(answer),
    status: 'captured',
    hold: answer.hold,
    charged: answer.charged,
    captured: answer.captured,
    rest: answer.rest,
  })),
  grant: createReader(ledgerGrant, (answer) => ({
    ...toPosting(answer),
    status: 'granted',
    account: answer.account,
    amount: answer.amount,
  })),
  transfer: createReader(ledgerTransfer, (answer) => ({
    ...toPosting(answer),
    status: 'transferred',
    from: answer.from,
    to: answer.to,
    moved: answer.moved,
  })),
  refund: createReader(ledgerRefund, (answer) => ({
    ...toPosting(answer),
    status: 'refunded',
    account: answer.account,
    refunded: answer.refunded,
    left: answer.left,
  })),
}

/** Reads the answer to one operation. Denials become outcomes; misuse inside a batch is thrown as it would be alone. */
export function toOutcome<Op extends keyof Outcomes>(op: Op, answer: unknown): Outcomes[Op] {
  return readers[op](answer)
}

function createReader<Answer extends { ok: true } | PostingDenial, Outcome>(
  description: FunctionDescription<string, FunctionArguments, Answer>,
  toAccepted: (answer: Extract<Answer, { ok: true }>) => Outcome,
): (answer: unknown) => Outcome | DenialOutcome<Extract<Answer, PostingDenial>> {
  const isAccepted = (answer: Answer): answer is Extract<Answer, { ok: true }> => answer.ok
  const isDenied = (answer: Answer): answer is Extract<Answer, PostingDenial> => !answer.ok
  return (answer) => {
    if (!description.isAnswer(answer)) throw toMisuse(description, answer)
    if (isAccepted(answer)) return toAccepted(answer)
    if (isDenied(answer)) return toDenial(answer)
    throw unknownAnswer(description.name)
  }
}

/** What every accepted answer has. */
export function toPosting({ tx, replayed, settled, held, available, budgets }: Accepted): Accepted {
  return { tx, replayed, settled, held, available, budgets }
}

/** A misuse of one operation fails it alone; anything else is an answer of another version. */
function toMisuse({ name, schema }: Pick<FunctionDescription, 'name' | 'schema'>, answer: unknown): CoreError {
  const misuse = batchMisuse.safeParse(answer)
  if (!misuse.success) return unknownAnswer(name, schema.safeParse(answer).error)
  const { code, error } = misuse.data
  return toDatabaseError(name, {
    code: error.sqlstate,
    message: error.message,
    hint: error.fix ?? null,
    detail: JSON.stringify({ ...error.details, code }),
  })
}

type PostingDenial = DeniedOf<typeof ledgerReserve | typeof ledgerExtend | typeof ledgerCapture>

/** The outcome that a denial becomes. */
type DenialOutcome<Denied> = Denied extends { code: infer Code }
  ? Extract<SpendDenial | AccountDenial | ClosedDenial | OverCaptureDenial, { status: Code }>
  : never
type AnyDenialOutcome = SpendDenial | AccountDenial | ClosedDenial | OverCaptureDenial

export function toDenial<Denied extends PostingDenial>(denial: Denied): DenialOutcome<Denied>
export function toDenial(denial: PostingDenial): AnyDenialOutcome {
  switch (denial.code) {
    case 'insufficient_credits':
    case 'budget_exhausted': {
      const { code, account, settled, held, available, budgets, requested } = denial
      const facts = { status: code, account, settled, held, available, budgets, requested }
      return denial.code === 'budget_exhausted' ? { ...facts, budget: denial.budget } : facts
    }
    case 'account_not_found':
    case 'account_frozen':
      return { status: denial.code, account: denial.account }
    case 'hold_closed':
      return { status: denial.code, hold: denial.hold, holdStatus: denial.status }
    case 'over_capture':
      return { status: denial.code, hold: denial.hold, limit: denial.limit }
    default:
      throw denial satisfies never
  }
}
