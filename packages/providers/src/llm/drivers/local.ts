import { createHash } from 'node:crypto'
import { estimateTokens } from '../../price/estimate-tokens.ts'
import type { Driver, ModelAnswer, ModelRequest } from '../driver.ts'
import { filesOf, textOf } from '../message.ts'
import { sampleOf } from './sample-of-schema.ts'

const words =
  'account amount answer balance budget cache call charge credit event hold key lease limit model note project queue rate settle'.split(
    ' ',
  )
const dimensionsByDefault = 256

/** Models without a provider, for development and tests: the same request gets the same answer, by its hash. */
export function createLocalDriver(name = 'local'): Driver {
  return {
    name,
    dialect: 'openai',
    hears: (mediaType) => mediaType.startsWith('audio/'),
    async chat(request, signal) {
      signal.throwIfAborted()
      return answerOf(request)
    },
    async *stream(request, signal) {
      const { content, finish, usage } = answerOf(request)
      for (const text of content.match(/\S+\s*/g) ?? []) {
        signal.throwIfAborted()
        yield { type: 'text', text }
      }
      yield { type: 'end', finish, usage }
    },
    async embed({ texts, dimensions = dimensionsByDefault }, signal) {
      signal.throwIfAborted()
      const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0)
      return {
        vectors: texts.map((text) => vectorOf(text, dimensions)),
        usage: { prompt_tokens: tokens, completion_tokens: 0 },
      }
    },
    async transcribe({ audio }, signal) {
      signal.throwIfAborted()
      return { text: sentenceOf(hashOf(audio)), usage: { type: 'duration', seconds: Math.ceil(audio.length / 32_000) } }
    },
  }
}

function answerOf(request: ModelRequest): ModelAnswer {
  const { responseFormat, maxOutputTokens, messages } = request
  const whole =
    responseFormat?.type === 'json'
      ? JSON.stringify(sampleOf(responseFormat.schema ?? {}))
      : sentenceOf(hashOf(JSON.stringify([request.system, messages]), ...filesOf(request).map(({ data }) => data)))
  const content = responseFormat?.type === 'json' ? whole : limitTokens(whole, maxOutputTokens)
  const usage = { prompt_tokens: estimateTokens(textOf(request)), completion_tokens: estimateTokens(content) }
  return { content, toolCalls: [], finish: content === whole ? 'stop' : 'length', usage }
}

function limitTokens(text: string, max: number): string {
  const kept = text.split(' ')
  while (kept.length > 1 && estimateTokens(kept.join(' ')) > max) kept.pop()
  return kept.join(' ')
}

function hashOf(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function sentenceOf(hash: Buffer): string {
  const chosen = Array.from(
    { length: 8 + (hash.readUInt8(31) % 8) },
    (_, index) => words[hash.readUInt8(index) % words.length],
  )
  return `${chosen.join(' ')}.`
}

/** A unit vector. Texts that share words are near each other, as with a real model. */
function vectorOf(text: string, dimensions: number): number[] {
  const vector = Array.from({ length: dimensions }, () => 0)
  for (const word of text.toLowerCase().split(/[^\p{L}\p{N}]+/u)) {
    const hash = hashOf(word)
    const at = hash.readUInt32LE(0) % dimensions
    vector[at] = (vector[at] ?? 0) + (hash.readUInt8(4) % 2 === 0 ? 1 : -1)
  }
  const length = Math.hypot(...vector)
  return length === 0 ? vector.fill(1 / Math.sqrt(dimensions)) : vector.map((value) => value / length)
}
