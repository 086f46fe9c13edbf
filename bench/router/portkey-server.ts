// Portkey's gateway as its command starts it, on a free port.
import { createServer } from 'node:net'
import { answerUsage } from '../http/answer-usage.ts'

const port = await new Promise<number>((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const address = probe.address()
    probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
  })
})
process.argv.push(`--port=${port}`, '--headless')
// It has no types, and starts when it is loaded.
await import(import.meta.resolve('@portkey-ai/gateway/build/start-server.js'))
answerUsage(`http://127.0.0.1:${port}`)
