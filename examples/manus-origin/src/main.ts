import { runErrand } from './errand.ts'

const core = { url: process.env['CORE_URL'] || 'http://127.0.0.1:4400', key: process.env['CORE_KEY'] ?? '' }

const run = process.env['RUN'] ?? crypto.randomUUID()
const errands = process.argv.slice(2)
const outcomes = await Promise.all(
  errands.map(async (errand, index) => ({
    errand,
    ...(await runErrand(core, errand, `manus-origin ${run} ${index}`)),
  })),
)
console.log(JSON.stringify(outcomes, null, 2))
