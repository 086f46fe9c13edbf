import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  clientFrameSchema,
  closeCodes,
  realtimeLimits,
  resyncReasons,
  serverFrameSchema,
  type Topic,
  topicNames,
  topics,
} from '../src/index.ts'

/** docs/reference/realtime.md says what the contract says. */

const text = readFileSync(join(import.meta.dirname, '../../../docs/reference/realtime.md'), 'utf8')
const [clientFrames, serverFrames] = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block = '']) =>
  block
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)),
)

const opsOf = (schema: typeof clientFrameSchema | typeof serverFrameSchema) =>
  schema.options.map((option) => [...option.shape.op.values][0]).sort()

test('every frame has an example, and every example is a frame', () => {
  expect(clientFrames?.map((frame) => clientFrameSchema.parse(frame).op).sort()).toEqual(opsOf(clientFrameSchema))
  expect(serverFrames?.map((frame) => serverFrameSchema.parse(frame).op).sort()).toEqual(opsOf(serverFrameSchema))
  for (const frame of serverFrames ?? []) {
    expect(serverFrameSchema.parse(frame)).toEqual(frame)
    if (frame.op === 'event') topics['ledger.alert'].types.threshold_crossed.parse(frame.data)
  }
})

test.each(topicNames)('the topic %s is listed with its scope, events and meaning', (name: Topic) => {
  const { scope, summary, types } = topics[name]
  const events = Object.keys(types)
    .map((type) => `\`${type}\``)
    .join(', ')
  expect(text).toContain(`| \`${name}\` | \`${scope}\` | ${events} | ${summary} |`)
})

test('close codes, reasons and limits are those of the server', () => {
  for (const [code, meaning] of Object.entries(closeCodes)) expect(text).toContain(`| ${code} | ${meaning} |`)
  for (const reason of Object.keys(resyncReasons)) expect(text).toContain(`\`${reason}\``)
  const { maxSubscriptions, maxFramesPer10s, maxConnectionsPerCredential, maxConnections, pingEveryMs } = realtimeLimits
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    `${maxSubscriptions} subscriptions of a connection, ${maxFramesPer10s} frames in 10 seconds, ${maxConnectionsPerCredential} connections of a credential and ${maxConnections} of a server`,
  )
  expect(text).toContain(`pings every ${pingEveryMs / 1000} seconds`)
  expect(text).toContain(`within ${realtimeLimits.authenticateWithinMs / 1000} seconds`)
  expect(text).toContain(`larger than ${realtimeLimits.maxFrameBytes / 1024} KB`)
})
