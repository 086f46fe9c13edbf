import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startCoreServer } from './core-server.ts'

const run = promisify(execFile)
const clients = fileURLToPath(new URL('../../../clients/python', import.meta.url))

const program = `
import json, sys
from core import Core, CoreError, Denied, credits

core = Core(sys.argv[1], sys.argv[2])
with core.hold("painter", max=credits(2), key="python 1") as hold:
    hold.meter(credits("0.25"))
again = core.rpc.ledger_settle(p_key=f"{hold.id}:settle", p_hold=hold.id, p_amount=credits("0.25"))
try:
    with core.hold("painter", max=credits(3)) as failing:
        raise KeyError("the work")
except KeyError:
    pass
try:
    with core.hold("painter", max=credits(5000)):
        pass
    denied = ""
except Denied as error:
    denied = error.code
try:
    core.rpc.ledger_balance(p_account="writer")
    refused = 0
except CoreError as error:
    refused = error.status
malformed = []
for wrong in (
    lambda: Core(sys.argv[1], sys.argv[2] + "\\n"),
    lambda: Core(sys.argv[1] + "?a=1", sys.argv[2]),
    lambda: credits("abc"),
    lambda: credits("inf"),
):
    try:
        wrong()
    except ValueError as error:
        malformed.append(str(error))
balance = core.rpc.ledger_balance(p_account="painter")
print(json.dumps({"charged": hold.charged, "replayed": again["replayed"], "denied": denied, "refused": refused, "malformed": malformed,
    "held": balance["held"], "settled": balance["settled"]}))
`

test('the client of Python reserves, settles once, gives back and is refused', async ({ skip }) => {
  const version = await run('python3', ['--version']).catch(() => undefined)
  if (version === undefined) return skip('python3 is not installed')
  await using server = await startCoreServer()
  const { url = '', key } = server.ways.http
  const args = ['-B', '-c', program, url, String(key)]
  const { stdout } = await run('python3', args, { cwd: clients, timeout: 50_000 })
  expect(JSON.parse(stdout)).toEqual({
    charged: 250_000,
    replayed: true,
    denied: 'insufficient_credits',
    refused: 403,
    malformed: [
      'the key is empty or holds characters that no header can carry: copy it again',
      expect.stringContaining('give the address alone'),
      "'abc' is not a number of credits",
      "'inf' is not a number of credits",
    ],
    held: 0,
    settled: 99_750_000,
  })
})
