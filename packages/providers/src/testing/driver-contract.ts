import { describe, expect, test } from 'vitest'
import type { Driver, ModelDelta } from '../llm/driver.ts'
import { readUsage } from '../llm/read-usage.ts'

export interface DriverUnderTest {
  /** A driver of the provider that the fake serves at this address. */
  readonly driver: Driver
  readonly canEmbed?: boolean
  readonly canTranscribe?: boolean
  /** Models whose names are faults fail so: false for a driver without a provider. */
  readonly hasFaults?: boolean
  /** The package refuses an answer without usage as malformed. */
  readonly needsUsage?: boolean
}

const request = {
  messages: [{ role: 'user', content: 'What is a hold?' }],
  system: 'Be short.',
  maxOutputTokens: 200,
} as const
const never = new AbortController().signal
const reason = (...reasons: string[]) =>
  expect.objectContaining({
    code: 'E_PROVIDER',
    details: expect.objectContaining({ reason: expect.stringMatching(new RegExp(reasons.join('|'))) }),
  })

/** What every driver of models promises; `open` is called once for the suite. */
export function describeDriver(name: string, open: () => DriverUnderTest): void {
  describe(name, () => {
    const ask = (model: string, signal = never) => open().driver.chat({ ...request, model }, signal)

    test('a chat is answered with content, a finish and usage', async () => {
      const { driver } = open()
      const { content, finish, usage, toolCalls } = await ask('small')
      expect(content.length).toBeGreaterThan(10)
      expect({ finish, toolCalls }).toEqual({ finish: 'stop', toolCalls: [] })
      expect(readUsage(driver.dialect, usage)).toMatchObject({ input: expect.any(Number), output: expect.any(Number) })
    })

    test('a stream gives the same content in parts and ends once', async () => {
      const deltas = await readAll(open().driver.stream({ ...request, model: 'small' }, never))
      expect(deltas.filter(({ type }) => type === 'text').length).toBeGreaterThan(2)
      expect(textOf(deltas)).toBe((await ask('small')).content)
      expect(deltas.map(({ type }) => type).indexOf('end')).toBe(deltas.length - 1)
      const end = deltas.at(-1)
      expect(end?.type === 'end' && readUsage(open().driver.dialect, end.usage)).toMatchObject({
        output: expect.any(Number),
      })
    })

    test('output stops at its limit', async () => {
      const { finish } = await open().driver.chat({ ...request, maxOutputTokens: 3, model: 'small' }, never)
      expect(finish).toBe('length')
    })

    test('a signal that has aborted sends nothing', async () => {
      const gone = AbortSignal.abort(new Error('gone'))
      await expect(ask('small', gone)).rejects.toThrow('gone')
      await expect(readAll(open().driver.stream({ ...request, model: 'small' }, gone))).rejects.toThrow('gone')
    })

    test('embeddings and transcripts are given, or refused as unsupported', async () => {
      const { driver, canEmbed = true, canTranscribe = true } = open()
      const embedded = driver.embed({ model: 'small', texts: ['one', 'two'] }, never)
      if (canEmbed) expect((await embedded).vectors.map(({ length }) => length)).toEqual([256, 256])
      else await expect(embedded).rejects.toEqual(reason('unsupported'))
      const audio = new Uint8Array(64_000)
      const transcribed = driver.transcribe({ model: 'small', audio, mediaType: 'audio/wav' }, never)
      if (canTranscribe)
        expect(await transcribed).toMatchObject({ text: expect.stringContaining('.'), usage: { seconds: 2 } })
      else await expect(transcribed).rejects.toEqual(reason('unsupported'))
    })

    if (open().hasFaults === false) return
    describe('faults', () => {
      test.each([
        ['429', 'rate_limited'],
        ['500', 'unavailable'],
        ['html', 'malformed'],
        ['cut', 'unavailable|malformed'],
        ['eof', 'malformed'],
        ['badsse', 'malformed'],
        ['early-error', 'overloaded'],
      ])('a chat with %s fails as %s', async (fault, expected) => {
        await expect(ask(fault)).rejects.toEqual(reason(expected))
      })

      test.each([
        ['429', 'rate_limited'],
        ['500', 'unavailable'],
        ['html', 'malformed|unavailable'],
        ['early-error', 'overloaded|unavailable'],
      ])('a stream with %s fails as %s before its first part', async (fault, expected) => {
        const deltas: ModelDelta[] = []
        await expect(readAll(open().driver.stream({ ...request, model: fault }, never), deltas)).rejects.toEqual(
          reason(expected),
        )
        expect(textOf(deltas)).toBe('')
      })

      test.each(['cut', 'eof', 'late-error', 'badsse'])(
        'a stream with %s fails after its first parts',
        async (fault) => {
          const deltas: ModelDelta[] = []
          const stream = open().driver.stream({ ...request, model: fault }, never)
          await expect(readAll(stream, deltas)).rejects.toEqual(reason('unavailable', 'malformed', 'overloaded'))
          expect(textOf(deltas)).not.toBe('')
        },
      )

      test.each(['hang-headers', 'hang'])('%s ends with the signal', async (fault) => {
        const soon = () => AbortSignal.timeout(60)
        await expect(ask(fault, soon())).rejects.toThrow(/timeout/i)
        await expect(readAll(open().driver.stream({ ...request, model: fault }, soon()))).rejects.toThrow(/timeout/i)
      })

      test('usage that is missing or cannot be right is no usage', async () => {
        const { driver, needsUsage } = open()
        expect(readUsage(driver.dialect, (await ask('wild')).usage)).toBeUndefined()
        if (needsUsage) await expect(ask('nousage')).rejects.toEqual(reason('malformed'))
        else expect(readUsage(driver.dialect, (await ask('nousage')).usage)).toBeUndefined()
      })

      test('usage of zero is believed', async () => {
        const { driver } = open()
        expect(readUsage(driver.dialect, (await ask('zero')).usage)).toEqual({})
      })
    })
  })
}

async function readAll(stream: AsyncIterable<ModelDelta>, into: ModelDelta[] = []): Promise<ModelDelta[]> {
  for await (const delta of stream) into.push(delta)
  return into
}

function textOf(deltas: readonly ModelDelta[]): string {
  return deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('')
}
