import type { Verbs } from '../program.ts'
import { addCreditsBatch } from './credits-batch.ts'
import { addCreditsLive } from './credits-live.ts'
import { addCreditsMove } from './credits-move.ts'
import { addCreditsOperate } from './credits-operate.ts'
import { addCreditsPost } from './credits-post.ts'
import { addCreditsRead } from './credits-read.ts'
import { addCreditsWatch } from './credits-watch.ts'

export function addCredits(verbs: Verbs): void {
  const credits = verbs.program
    .command('credits')
    .description('balances, grants, the life of a hold, and what the ledger needs')
  addCreditsRead(credits, verbs)
  addCreditsPost(credits, verbs)
  addCreditsLive(credits, verbs)
  addCreditsMove(credits, verbs)
  addCreditsBatch(credits, verbs)
  addCreditsWatch(credits, verbs)
  addCreditsOperate(credits, verbs)
}
