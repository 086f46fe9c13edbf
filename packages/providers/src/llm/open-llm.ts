import type { Secret } from '@core/config'
import { CoreError, fetchDirectly } from '@core/foundation'
import { createLlm, type LlmDependencies } from './create-llm.ts'
import type { Driver } from './driver.ts'
import { createLocalDriver } from './drivers/local.ts'
import type { Llm } from './llm.ts'
import { openDialectDriver } from './open-dialect-driver.ts'
import type { Target } from './target.ts'

/** The section `llm` of the configuration. */
export interface LlmConfig {
  readonly provider: string
  readonly model?: string | undefined
  /** `provider` or `provider/model`, in the order in which they are tried. */
  readonly fallbacks: readonly string[]
  readonly baseUrl?: string | undefined
  readonly embeddingModel?: string | undefined
  readonly transcriptionModel?: string | undefined
  readonly keys: { readonly [Provider in 'openai' | 'anthropic' | 'manus' | 'compatible']?: Secret | undefined }
  readonly urls: { readonly [Provider in 'openai' | 'anthropic' | 'manus' | 'ollama']?: string | undefined }
}

export interface OpenLlmDependencies extends Omit<LlmDependencies, 'targets'> {
  readonly config: LlmConfig
  readonly fetch?: typeof globalThis.fetch
}

interface Kind {
  readonly dialect: 'openai' | 'anthropic' | 'local'
  readonly baseUrl?: string
  readonly model?: string
  readonly embeddingModel?: string
  readonly transcriptionModel?: string
}

/** What is known of each provider; everything else comes from the configuration. */
const kinds: Readonly<Record<string, Kind>> = {
  local: { dialect: 'local', model: 'local', embeddingModel: 'local', transcriptionModel: 'local' },
  openai: {
    dialect: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    embeddingModel: 'text-embedding-3-small',
    transcriptionModel: 'whisper-1',
  },
  anthropic: { dialect: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' },
  ollama: { dialect: 'openai', baseUrl: 'http://127.0.0.1:11434/v1' },
  manus: { dialect: 'openai' },
  'openai-compatible': { dialect: 'openai' },
}

/** The names that `CORE_LLM_PROVIDER` and the flag `providers.llm` may have with this configuration. */
export function configuredProviders({
  provider,
  fallbacks,
}: Pick<LlmConfig, 'provider' | 'fallbacks'>): readonly [string, ...string[]] {
  return [provider, ...fallbacks.map((fallback) => splitTarget(fallback).provider)]
}

/**
 * The models of the configured providers. Loads the packages of those that are used: `@ai-sdk/openai-compatible`,
 * `@ai-sdk/anthropic`.
 * @throws CoreError E_CONFIG_INVALID for an unknown provider, a missing model or address, a package that is not installed.
 */
export async function openLlm({ config, fetch, ...dependencies }: OpenLlmDependencies): Promise<Llm> {
  const { provider, model, baseUrl, embeddingModel, transcriptionModel, fallbacks } = config
  const primary = { provider, model, baseUrl, embeddingModel, transcriptionModel }
  const targets = [primary, ...fallbacks.map(splitTarget)].map((named) => openTarget(named, config, fetch))
  return createLlm({ ...dependencies, targets: await Promise.all(targets) })
}

interface NamedTarget {
  readonly provider: string
  readonly model?: string | undefined
  readonly baseUrl?: string | undefined
  readonly embeddingModel?: string | undefined
  readonly transcriptionModel?: string | undefined
}

function splitTarget(text: string): NamedTarget {
  const at = text.indexOf('/')
  return at === -1 ? { provider: text } : { provider: text.slice(0, at), model: text.slice(at + 1) }
}

async function openTarget(
  named: NamedTarget,
  config: LlmConfig,
  fetch: typeof globalThis.fetch | undefined,
): Promise<Target> {
  const { provider } = named
  const kind = kinds[provider]
  if (kind === undefined)
    throw invalid(`the model provider ${provider} is unknown`, `Use one of ${Object.keys(kinds).join(', ')}.`)
  const model = named.model ?? kind.model
  if (model === undefined)
    throw invalid(
      `no model is named for ${provider}`,
      `Set CORE_LLM_MODEL, or name it in CORE_LLM_FALLBACKS as ${provider}/<model>.`,
    )
  const embeddingModel = named.embeddingModel ?? kind.embeddingModel
  const transcriptionModel = named.transcriptionModel ?? kind.transcriptionModel
  return {
    driver: await openDriver(named, kind, config, fetch),
    model,
    ...(embeddingModel === undefined ? {} : { embeddingModel }),
    ...(transcriptionModel === undefined ? {} : { transcriptionModel }),
  }
}

async function openDriver(
  named: NamedTarget,
  kind: Kind,
  config: LlmConfig,
  fetch: typeof globalThis.fetch | undefined,
): Promise<Driver> {
  const { provider: name } = named
  if (kind.dialect === 'local') return createLocalDriver(name)
  const urls: Readonly<Record<string, string | undefined>> = config.urls
  const keys: Readonly<Record<string, Secret | undefined>> = {
    ...config.keys,
    'openai-compatible': config.keys.compatible,
  }
  const address = named.baseUrl ?? urls[name] ?? kind.baseUrl
  if (address === undefined)
    throw invalid(
      `no address is known of ${name}`,
      'Set CORE_LLM_BASE_URL to where it serves the API of OpenAI, as https://host/v1.',
    )
  const settings = { name, baseUrl: address.replace(/\/+$/, ''), apiKey: keys[name], fetch: withoutRedirects(fetch) }
  return await openDialectDriver(kind.dialect, settings)
}

/** A redirect would carry the key to another host. */
function withoutRedirects(fetch: typeof globalThis.fetch = globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => fetchDirectly(fetch, input, init)
}

function invalid(message: string, fix: string): CoreError {
  return new CoreError('E_CONFIG_INVALID', message, { fix })
}
