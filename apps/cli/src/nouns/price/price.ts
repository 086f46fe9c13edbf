import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Client } from '@core/api/client'
import { CoreError } from '@core/foundation'
import { estimateTokens, parseCards, parseRates } from '@core/providers/price'
import { z } from 'zod'
import { formatAmount } from '../../amount.ts'
import { wholeNumber } from '../../number-option.ts'
import { type PageOptions, printNextCursor } from '../../page.ts'
import { parsePercent } from '../../percent.ts'
import { readJson } from '../../read-json.ts'
import type { Session } from '../../session.ts'
import { formatTable } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { importCards } from './import-cards.ts'
import { formatUsd, parseUsd } from './usd.ts'

export function addPrices({ program, session }: Verbs): void {
  const prices = program.command('prices').description('what models cost, and what a credit is worth')

  prices
    .command('list')
    .description('the prices that apply now, in USD for a million tokens')
    .option('--provider <name>', 'of this provider')
    .option('--model <name>', 'of this model')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async (query: PageOptions & { provider?: string; model?: string }) => {
      const current = session()
      const { client, target } = await current.connect()
      const list = await client.listPrices({ params: { project: target.project ?? 'current' }, query })
      const rateOf = (rates: readonly Readonly<Record<string, unknown>>[], unit: string) => {
        const rate = rates.find((one) => one['unit'] === unit && one['overInput'] === undefined)
        return rate === undefined ? '' : formatUsd(Number(rate['nanoUsdPerMillion']))
      }
      current.output.data(list, ({ data }) =>
        data.length === 0
          ? 'no price is known; core prices import takes over the list that comes with this version'
          : formatTable(data, [
              { title: 'MODEL', cell: ({ provider, model }) => `${provider}/${model}` },
              { title: 'INPUT', align: 'right', cell: ({ rates }) => rateOf(rates, 'input') },
              { title: 'CACHED', align: 'right', cell: ({ rates }) => rateOf(rates, 'cacheRead') },
              { title: 'OUTPUT', align: 'right', cell: ({ rates }) => rateOf(rates, 'output') },
              { title: 'SOURCE', cell: ({ source }) => source },
              { title: 'SINCE', cell: ({ validFrom }) => validFrom },
            ]),
      )
      printNextCursor(current, list.page.next)
    })

  prices
    .command('set')
    .description('override the price of a model from now on (owner)')
    .argument('<model>', 'as provider/model')
    .requiredOption('--input <usd>', 'USD for a million tokens of input')
    .requiredOption('--output <usd>', 'USD for a million tokens of output')
    .option('--cache-read <usd>', 'USD for a million tokens read from a cache')
    .option('--cache-write <usd>', 'USD for a million tokens written to a cache')
    .option('--searches <usd>', 'USD for a million searches of the web')
    .option('--tier <name>', 'for calls of this service tier, such as priority; other rates of the model stay')
    .option('--only <project>', 'for this project alone')
    .action(async (name: string, options: SetOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const named = splitModel(name)
      const { tier, only } = options
      const priced = (['input', 'output', 'cacheRead', 'cacheWrite', 'searches'] as const).flatMap((unit) => {
        const usd = options[unit]
        return usd === undefined
          ? []
          : [{ unit, nanoUsdPerMillion: parseUsd(usd), ...(tier !== undefined && { tier }) }]
      })
      const kept =
        tier === undefined
          ? []
          : await otherRates(client, {
              ...named,
              project: only ?? target.project ?? 'current',
              tier,
              isOwn: only !== undefined,
            })
      const body = { ...named, rates: [...kept, ...priced], ...(only !== undefined && { project: only }) }
      const set = await client.setPrice({ body })
      current.output.data(set, ({ changed }) =>
        changed ? `${name} has a new price` : `${name} had this price already`,
      )
    })

  prices
    .command('import')
    .description('show what differs from a list of prices, and take it over (owner)')
    .argument('[file]', 'a list of cards as JSON, or - for standard input; without one, the list of this version')
    .option('--source <name>', 'what the list is called', 'file')
    .option('--yes', 'take it over; without it nothing is changed')
    .action(async (file: string | undefined, { source, yes }: { source: string; yes?: boolean }) => {
      const current = session()
      const { client, target } = await current.connect()
      const list =
        file === undefined
          ? await readShipped()
          : { source, cards: parseCards(await readJson(current, file, 'the prices', z.unknown())) }
      const imported = await importCards(client, list, { write: yes === true, project: target.project ?? 'current' })
      current.output.data(imported, ({ changes, unchanged, overridden, unlisted, dryRun }) =>
        [
          formatTable(changes.slice(0, shownChanges), [
            { title: 'MODEL', cell: ({ provider, model }) => `${provider}/${model}` },
            { title: 'CHANGE', cell: ({ before }) => (before === null ? 'new' : 'changed') },
          ]),
          changes.length > shownChanges ? `and ${changes.length - shownChanges} more` : '',
          `${countNew(changes)} new, ${changes.length - countNew(changes)} changed, ${unchanged} unchanged`,
          overridden > 0 ? `${overridden} have an override, which stays in force` : '',
          unlisted !== null && unlisted > 0 ? `${unlisted} are no longer in the list, and keep their price` : '',
          dryRun && changes.length > 0 ? 'nothing was written; --yes takes them over' : '',
        ]
          .filter((line) => line !== '')
          .join('\n'),
      )
    })

  prices
    .command('credit')
    .description('change what a credit is worth from now on (owner)')
    .argument('<usd>', 'USD of one credit, such as 0.01')
    .option('--markup <percent>', 'added to each price', '0')
    .option('--only <project>', 'for this project alone')
    .action(async (usd: string, { markup, only }: { markup: string; only?: string }) => {
      const current = session()
      const { client } = await current.connect()
      const set = await client.setCreditRate({
        body: {
          nanoUsdPerCredit: parseUsd(usd),
          markupBasisPoints: parsePercent(markup, 9_999),
          ...(only === undefined ? {} : { project: only }),
        },
      })
      current.output.data(set, ({ nanoUsdPerCredit }) => `a credit is worth ${formatUsd(nanoUsdPerCredit)} USD`)
    })
}

export function addEstimate({ program, session }: Verbs): void {
  program
    .command('estimate')
    .description('about what a prompt costs, before it is sent')
    .argument('<file>', 'the prompt as text, or - for standard input')
    .requiredOption('--model <model>', 'as provider/model')
    .option('--output-tokens <count>', 'the most that may be answered', '1000')
    .option('--tier <name>', 'of this service tier')
    .action(async (file: string, { model, outputTokens, tier }: EstimateOptions) => {
      const current = session()
      const { client, target } = await current.connect()
      const text = await readText(current, file)
      const usage = { input: estimateTokens(text), output: wholeNumber('--output-tokens', outputTokens) }
      const params = { project: target.project ?? 'current' }
      const quote = await client.quotePrice({
        params,
        body: { ...splitModel(model), usage, ...(tier !== undefined && { tier }) },
      })
      current.output.data({ ...quote, usage }, ({ micro }) =>
        [
          `about ${usage.input} tokens of input, at most ${usage.output} of output`,
          `at most ${formatAmount(micro, 'credits')} credits`,
        ].join('\n'),
      )
    })
}

interface SetOptions {
  input: string
  output: string
  cacheRead?: string
  cacheWrite?: string
  searches?: string
  tier?: string
  only?: string
}

interface EstimateOptions {
  model: string
  outputTokens: string
  tier?: string
}

interface Tier {
  readonly provider: string
  readonly model: string
  readonly tier: string
  readonly project: string
  /** Whether the price is for this project alone. */
  readonly isOwn: boolean
}

/** The rates of a model that a price for one of its tiers leaves as they are. */
async function otherRates(client: Pick<Client, 'listPrices'>, { provider, model, project, tier, isOwn }: Tier) {
  const { data } = await client.listPrices({ params: { project }, query: { provider, model } })
  const card = data.find((one) => one.model === model) ?? data.find(({ aliases }) => aliases.includes(model))
  if (!isOwn && card?.project) {
    throw new CoreError('E_INVALID', `${card.project} has a price of its own for ${provider}/${model}`, {
      fix: `Add --only ${card.project}: without it the other rates of that price would be for every project.`,
    })
  }
  return parseRates(card?.rates ?? []).filter((rate) => rate.tier !== tier)
}

const shownChanges = 50

function countNew(changes: readonly { readonly before: unknown }[]): number {
  return changes.filter(({ before }) => before === null).length
}

function splitModel(text: string): { provider: string; model: string } {
  const at = text.indexOf('/')
  if (at > 0 && at < text.length - 1) return { provider: text.slice(0, at), model: text.slice(at + 1) }
  throw new CoreError('E_INVALID', `${JSON.stringify(text)} is not provider/model, such as openai/gpt-5`)
}

async function readShipped() {
  const { readShippedCards, shippedSource } = await import('@core/providers/price/cards')
  return { source: shippedSource, cards: readShippedCards() }
}

async function readText({ input, io }: Session, file: string): Promise<string> {
  if (file === '-') return await input.readAll('the prompt')
  return await readFile(resolve(io.cwd, file), 'utf8').catch((cause: unknown) => {
    throw new CoreError('E_INVALID', `${file} cannot be read`, { cause, fix: 'Name a file, or - for standard input.' })
  })
}
