// Answers questions from its notes with a model, and writes essays. Each answer is paid once, then served from the cache.

import { runSibling } from '@core/example-siblings/sibling'
import { createTaskHandlers } from '@core/example-siblings/task-handlers'
import type { Core } from '@core/sdk'

async function answer(core: Core, question: string): Promise<object> {
  let cost = 0
  const text = await core.cache.getOrSet(
    `answer ${question}`,
    async () => {
      const { hits } = await core.embeddings.space('notes').search({ text: question }, { k: 3, mode: 'text' })
      const notes = hits.map(({ content }) => content).join('\n')
      const { content, cost: paid } = await core.llm.chat({
        system: `Answer from these notes:\n${notes}`,
        messages: [{ role: 'user', content: question }],
        maxOutputTokens: 60,
      })
      cost = paid.micro
      return content
    },
    { ttl: '1h' },
  )
  return { text, cost }
}

await runSibling({
  project: 'smart_layer',
  queue: 'essays',
  sibling: 'manus_origin',
  siblingQueue: 'errands',
  insight: { category: 'cost', title: 'keep answers for an hour', expectedBasisPoints: 3_000 },
  handlers: createTaskHandlers,
  routes: {
    'POST /questions': (body, core) => answer(core, String(body['question'])),
    'PUT /notes': async (body, core) => {
      const { id, text } = body
      return await core.embeddings.space('notes').upsert([{ id: String(id), text: String(text) }])
    },
    'POST /essays': async (body, core) => {
      const key = String(body['key'])
      return await core.coordinator.tasks.enqueue('essays', {
        kind: 'essay',
        key,
        payload: { text: String(body['text']) },
        maxAttempts: 50,
        backoffMs: 100,
      })
    },
    'GET /status': async (_, core) => ({ ...core.status() }),
  },
})
