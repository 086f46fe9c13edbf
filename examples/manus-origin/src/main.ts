// Runs errands of several steps. Where smart_layer is there, it asks it; else it asks the model itself.

import { runSibling } from '@core/example-siblings/sibling'
import { createTaskHandlers } from '@core/example-siblings/task-handlers'
import type { Core } from '@core/sdk'

const smartLayer = process.env['SMART_LAYER_URL'] ?? 'http://127.0.0.1:4501'

async function advise(core: Core, question: string): Promise<object> {
  try {
    const response = await fetch(`${smartLayer}/questions`, {
      method: 'POST',
      body: JSON.stringify({ question }),
      signal: AbortSignal.timeout(2_000),
    })
    if (response.ok) return Object(await response.json())
  } catch {
    // It is away: the model is asked from here.
  }
  const { content, cost } = await core.llm.chat({
    messages: [{ role: 'user', content: question }],
    maxOutputTokens: 60,
  })
  return { text: content, cost: cost.micro, by: 'manus_origin' }
}

await runSibling({
  project: 'manus_origin',
  queue: 'errands',
  sibling: 'smart_layer',
  siblingQueue: 'essays',
  insight: { category: 'latency', title: 'ask the sibling first', expectedBasisPoints: 1_500 },
  handlers: createTaskHandlers,
  routes: {
    'POST /advice': (body, core) => advise(core, String(body['question'])),
    'POST /errands': async (body, core) => {
      const key = String(body['key'])
      return await core.coordinator.tasks.enqueue('errands', {
        kind: 'errand',
        key,
        payload: { text: String(body['text']) },
        maxAttempts: 50,
        backoffMs: 100,
      })
    },
    'GET /status': async (_, core) => ({ ...core.status() }),
  },
})
