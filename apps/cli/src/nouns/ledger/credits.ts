import type { Verbs } from '../../verbs.ts'
import { addCreditsAccount } from './account.ts'
import { addCreditsBatch } from './batch.ts'
import { addCharge } from './charge.ts'
import { addHold } from './hold.ts'
import { addCreditsLists } from './list.ts'
import { addCreditsMove } from './move.ts'
import { addCreditsOperate } from './operate.ts'
import { addCreditsRead } from './read.ts'
import { addCreditsUsage } from './usage.ts'
import { addCreditsUser } from './user.ts'
import { addCreditsWatch } from './watch.ts'

export function addCredits(verbs: Verbs): void {
  const credits = verbs.program
    .command('credits')
    .description('balances, grants, the life of a hold, and what the ledger needs')
  addCreditsRead(credits, verbs)
  addCreditsAccount(credits, verbs)
  addHold(credits, verbs)
  addCharge(credits, verbs)
  addCreditsLists(credits, verbs)
  addCreditsMove(credits, verbs)
  addCreditsBatch(credits, verbs)
  addCreditsUsage(credits, verbs)
  addCreditsUser(credits, verbs)
  addCreditsWatch(credits, verbs)
  addCreditsOperate(credits, verbs)
}
