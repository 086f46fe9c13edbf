import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startFakeProvider } from '@core/providers/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestServer, type TestServer } from './test-server.ts'

const run = promisify(execFile)
const { CORE_TEST_PYTHON: python = 'python3', PATH } = process.env
const fake = await startFakeProvider({ pauseMs: 5 })
let server: TestServer
let url: string

beforeAll(async () => {
  server = await openTestServer(undefined, undefined, {
    env: { CORE_ROUTER_PRIVATE_HOSTS: new URL(fake.url).host, OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: fake.url },
  })
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const rates = [
    { unit: 'input', nanoUsdPerMillion: 1_000_000_000 },
    { unit: 'output', nanoUsdPerMillion: 2_000_000_000 },
  ]
  await server.send('PUT', '/v1/prices', { key: server.owner, body: { provider: 'openai', model: 'gpt', rates } })
})
afterAll(async () => {
  server.app.server.closeAllConnections()
  await server[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})

const programs: Readonly<Record<string, string>> = {
  openai: `
client = openai.OpenAI(api_key=key, base_url=base + "/openai/v1")
messages = [{"role": "user", "content": "What is a hold?"}]
plain = client.chat.completions.create(model="openai/gpt", messages=messages, max_tokens=100).choices[0].message.content
parts = client.chat.completions.create(model="openai/gpt", messages=messages, max_tokens=100, stream=True)
streamed = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
try:
    client.chat.completions.create(model="nothing", messages=messages)
except openai.NotFoundError as error:
    refused = error.code`,
  anthropic: `
client = anthropic.Anthropic(api_key=key, base_url=base + "/anthropic")
messages = [{"role": "user", "content": "What is a hold?"}]
plain = client.messages.create(model="openai/gpt", messages=messages, max_tokens=100).content[0].text
with client.messages.stream(model="openai/gpt", messages=messages, max_tokens=100) as stream:
    streamed = stream.get_final_text()
try:
    client.messages.create(model="nothing", messages=messages, max_tokens=1)
except anthropic.NotFoundError as error:
    refused = "model_not_found"`,
  langchain_openai: `
model = langchain_openai.ChatOpenAI(model="openai/gpt", api_key=key, base_url=base + "/openai/v1", max_tokens=100)
plain = model.invoke("What is a hold?").content
streamed = "".join(part.content for part in model.stream("What is a hold?"))
refused = "model_not_found"`,
}

test.for(Object.keys(programs))('the Python client %s: plain, streamed and refused', async (name, { skip }) => {
  const has = await run(python, ['-c', `import ${name}`], { timeout: 60_000 }).then(
    () => true,
    () => false,
  )
  if (!has) skip(`Python with the package ${name}`)
  const program = `import ${name}, json, sys\nkey, base = sys.argv[1:]\n${programs[name]}\nprint(json.dumps([plain, streamed, refused]))`
  const { stdout } = await run(python, ['-c', program, server.keys.smart_layer, `${url}/v1/projects/current`], {
    timeout: 180_000,
    env: { PATH },
  })
  const [plain, streamed, refused] = JSON.parse(stdout)
  expect(plain).toMatch(/\w+/)
  expect(streamed).toBe(plain)
  expect(refused).toBe('model_not_found')
})
