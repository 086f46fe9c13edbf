import { createClient } from '@core/api/client'
import { answer } from './answer.ts'

const client = createClient({ url: process.env['CORE_URL'] || 'http://127.0.0.1:4400', key: process.env['CORE_KEY'] })
const stop = new AbortController()
process.on('SIGINT', () => stop.abort()).on('SIGTERM', () => stop.abort())

const run = process.env['RUN'] ?? crypto.randomUUID()
const questions = process.argv.slice(2)
const outcomes = await Promise.all(
  questions.map(async (question, index) => ({
    question,
    ...(await answer(client, question, `smart-layer ${run} ${index}`, stop.signal)),
  })),
)
console.log(JSON.stringify(outcomes, null, 2))
