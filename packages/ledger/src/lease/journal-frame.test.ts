import { isCoreError } from '@core/foundation'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HEADER_BYTES, readFrames, sealFrame } from './journal-frame.ts'

function toFrame(payload: Uint8Array, number: number): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length)
  frame.set(payload, HEADER_BYTES)
  return Buffer.from(sealFrame(frame, payload.length, number))
}
const toFile = (payloads: readonly Uint8Array[]) => Buffer.concat(payloads.map(toFrame))
const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 2, maxLength: 6 })
const texts = (found: readonly Buffer[]) => found.map((payload) => payload.toString('hex'))

function outcomeOf(bytes: Buffer): string[] | string {
  try {
    return texts(readFrames(bytes, 'a.journal').payloads)
  } catch (error) {
    if (!isCoreError(error, 'E_LEASE_JOURNAL')) throw error
    return String(error.details['reason'])
  }
}

test('frames come back as they were written', () => {
  fc.assert(
    fc.property(payloads, (written) => {
      const file = toFile(written)
      const { payloads: read, end } = readFrames(file, 'a.journal')
      expect(texts(read)).toEqual(texts(written.map((payload) => Buffer.from(payload))))
      expect(end).toBe(file.length)
    }),
  )
})

test('a file cut anywhere in its last frame loses that frame and no other', () => {
  fc.assert(
    fc.property(payloads, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (written, share) => {
      const whole = toFile(written.slice(0, -1))
      const last = toFrame(written.at(-1) ?? new Uint8Array(), written.length - 1)
      const torn = Buffer.concat([whole, last.subarray(0, Math.floor(last.length * share))])
      expect(readFrames(torn, 'a.journal')).toMatchObject({ end: whole.length })
      expect(outcomeOf(torn)).toEqual(outcomeOf(whole))
    }),
  )
})

test('a torn last frame that the disk filled with zeros or garbage is left out', () => {
  const whole = toFile([Buffer.from('one'), Buffer.from('two')])
  for (const tail of [Buffer.alloc(4096), Buffer.from('CLJ1 and then nothing that fits')]) {
    expect(outcomeOf(Buffer.concat([whole, tail]))).toEqual(outcomeOf(whole))
  }
})

test('any damaged byte before the last frame is an error, never a loss', () => {
  fc.assert(
    fc.property(payloads, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, place, change) => {
      const file = toFile(written)
      const lastLength = HEADER_BYTES + (written.at(-1)?.length ?? 0)
      const at = place % (file.length - lastLength)
      file.writeUInt8(file.readUInt8(at) ^ change, at)
      expect(outcomeOf(file)).toBe('journal_corrupt')
    }),
    { numRuns: 500 },
  )
})

describe('what is no torn write', () => {
  const frames = ['one', 'two', 'three'].map((text, number) => toFrame(Buffer.from(text), number))

  test('is a missing frame', () => {
    expect(outcomeOf(Buffer.concat([frames[0], frames[2]].map((frame) => frame ?? Buffer.alloc(0))))).toBe(
      'journal_corrupt',
    )
  })

  test('is more garbage than one write can have', () => {
    expect(outcomeOf(Buffer.concat([...frames, Buffer.alloc(300 * 1024)]))).toBe('journal_corrupt')
  })

  test('is the file of another program', () => {
    expect(outcomeOf(Buffer.from('{"name":"not a journal"}'))).toBe('journal_corrupt')
    expect(() => readFrames(Buffer.from('x'), '/tmp/x')).toThrow(
      expect.objectContaining({ details: { reason: 'journal_corrupt', file: '/tmp/x', offset: 0 } }),
    )
  })
})
