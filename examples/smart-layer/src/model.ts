import { setTimeout } from 'node:timers/promises'

/** Micro-credits per token. */
const price = 1_000

/** The most an answer can cost: the model stops there. */
export const dearestAnswer = 60 * price

export interface Answer {
  text: string
  /** Micro-credits. */
  cost: number
}

/** Plays a provider: takes a moment, bills what it wrote, and fails for questions it does not like. */
export async function askModel(question: string, signal: AbortSignal): Promise<Answer> {
  await setTimeout(5 + (question.length % 7) * 5, undefined, { signal })
  if (question.includes('fail')) throw new Error('the provider is overloaded')
  const text = `You asked: ${question}`
  return { text, cost: Math.min(text.split(/\s+/).length * 4 * price, dearestAnswer) }
}
