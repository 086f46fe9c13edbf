import { type Cost, costOf } from '../price/cost.ts'
import { estimateTokens } from '../price/estimate-tokens.ts'
import { findPrice, type Prices } from '../price/find-price.ts'
import { requirePrice } from '../price/require-price.ts'
import type { Usage } from '../price/usage.ts'
import type { Driver } from './driver.ts'
import type { CallReport } from './llm.ts'
import { type ChatRequest, filesOf, type ToolCall, textOf } from './message.ts'
import { isPlausible, readUsage } from './read-usage.ts'

/** One request, from its first attempt on. Prices are those of its start. */
export interface Meter {
  /** @throws CoreError E_NOT_FOUND where the model has no price: what is unknown is never free. */
  requirePrice(provider: string, model: string): void
  report(driver: Driver, model: string, measured: Measured): Omit<CallReport, 'attempts'>
  cost(provider: string, model: string, usage: Usage): Cost
}

interface Measured {
  readonly usage: unknown
  readonly estimate: Usage
  readonly maxOutputTokens: number
}

export function createMeter(prices: Prices, at: Date): Meter {
  function find(provider: string, model: string) {
    return requirePrice(findPrice(prices, { provider, model, at }), provider, model)
  }
  const cost = (provider: string, model: string, usage: Usage) => costOf({ usage, at, ...find(provider, model) })
  return {
    requirePrice: (provider, model) => void find(provider, model),
    cost,
    report({ name, dialect }, model, { usage: json, estimate, maxOutputTokens }) {
      const reported = readUsage(dialect, json)
      const estimated = reported === undefined || !isPlausible(reported, maxOutputTokens)
      const usage = { ...(estimated ? estimate : reported), requests: 1 }
      return { usage, estimated, cost: cost(name, model, usage), provider: name, model }
    },
  }
}

/** About what a prompt uses: text by its characters, images by tiles, audio by its seconds at a low bit rate. */
export function estimateInput(request: ChatRequest): Usage {
  const perMessage = 4 * request.messages.length
  let input = estimateTokens(textOf(request)) + perMessage
  let imageIn = 0
  let audioIn = 0
  for (const { data, mediaType } of filesOf(request)) {
    if (mediaType.startsWith('image/')) imageIn += tokensPerImage
    else if (mediaType.startsWith('audio/'))
      audioIn += Math.ceil(secondsOfAudio(data, mediaType) * audioTokensPerSecond)
    else input += Math.ceil(data.length / 4)
  }
  return { input, ...(imageIn > 0 && { imageIn }), ...(audioIn > 0 && { audioIn }) }
}

/** About what an answer uses: its text and its tool calls. */
export function estimateOutput({ content, toolCalls }: { content: string; toolCalls: readonly ToolCall[] }): number {
  return estimateTokens(content) + (toolCalls.length === 0 ? 0 : estimateTokens(JSON.stringify(toolCalls)))
}

/** Nine tiles of 170 and the base of 85: an image of 1,536 x 1,536. */
const tokensPerImage = 1_615
const audioTokensPerSecond = 10

/** From the byte rate in the header of a WAV; compressed audio is taken as 16 kbit/s, at which speech is still understood. */
export function secondsOfAudio(audio: Uint8Array, mediaType: string): number {
  if (/wav/.test(mediaType) && audio.length > 44) {
    const bytesPerSecond = new DataView(audio.buffer, audio.byteOffset, audio.byteLength).getUint32(28, true)
    if (bytesPerSecond >= 1_000) return Math.ceil((audio.length - 44) / bytesPerSecond)
  }
  return Math.ceil(audio.length / 2_000)
}
