import type { Verbs } from '../program.ts'
import { addCreditsPost } from './credits-post.ts'
import { addCreditsRead } from './credits-read.ts'

export function addCredits(verbs: Verbs): void {
  const credits = verbs.program.command('credits').description('balances, grants, and the life of a hold')
  addCreditsRead(credits, verbs)
  addCreditsPost(credits, verbs)
}
