import { isObject } from '@core/foundation'
import { GatewayError } from './gateway-error.ts'

type Json = Readonly<Record<string, unknown>>

/** Tools that the client runs, and those of a provider that are billed by tokens alone. */
const billedByTokens =
  /^(function|custom|namespace|tool_search|mcp|apply_patch|local_shell|computer|bash_|text_editor_|memory_|web_fetch)/
const billedBySearch = /^web_search/
const searchesByDefault = 5

/**
 * How many searches of the web a request may make, which have a price of their own; undefined where it asks for none.
 * @throws GatewayError for other tools that a provider runs: what they cost is in no usage, and no price covers it.
 */
export function readSearches(body: Json): number | undefined {
  if (isObject(body['web_search_options'])) return 1
  const { tools } = body
  if (!Array.isArray(tools)) return undefined
  let searches: number | undefined
  for (const tool of tools) {
    const type = isObject(tool) ? (tool['type'] ?? 'custom') : 'custom'
    if (billedBySearch.test(String(type))) searches = (searches ?? 0) + mostOf(tool, body)
    else if (!billedByTokens.test(String(type)) && !isLocalShell(tool)) {
      throw new GatewayError(
        'unsupported',
        `the tool ${JSON.stringify(String(type).slice(0, 100))} is run and billed by its provider, and no price covers it: leave it out, or run it yourself as a function`,
        { param: 'tools' },
      )
    }
  }
  return searches
}

/** Anthropic limits each tool, OpenAI all of them. */
function mostOf(tool: Json, body: Json): number {
  const most = tool['max_uses'] ?? body['max_tool_calls']
  return Number.isSafeInteger(most) && Number(most) > 0 ? Number(most) : searchesByDefault
}

function isLocalShell({ type, environment }: Json): boolean {
  return type === 'shell' && isObject(environment) && environment['type'] === 'local'
}
