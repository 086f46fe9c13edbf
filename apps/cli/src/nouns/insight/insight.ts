import { CoreError } from '@core/foundation'
import { type PageOptions, printNextCursor, readPage } from '../../page.ts'
import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { toBasisPoints, toPercent } from './percent.ts'
import { insightFields, insightTable } from './view.ts'

interface ShareOptions {
  body?: string
  evidence?: string
  expected?: string
  confidence?: string
  key?: string
}

export function addInsights({ program, session }: Verbs): void {
  const insights = program.command('insights').description('what projects have learnt, and what came of it elsewhere')

  insights
    .command('list')
    .description('insights of all projects, ranked by adoption and measured effect')
    .option('--open', 'only those of other projects on which this one has not decided')
    .option('--category <category>', 'only those of a category')
    .option('--author <project>', 'only those of a project')
    .option('--limit <rows>', 'rows per page, 1 to 1000', '100')
    .option('--cursor <cursor>', 'page.next of the page before')
    .action(async ({ open, ...query }: PageOptions & { open?: boolean; category?: string; author?: string }) => {
      const current = session()
      const { client, project } = await current.connectWithin()
      const params = { project: project ?? 'current' }
      const list = await readPage({ ...query, open: open ? 'true' : 'false' } as const, (page) =>
        client.listInsights({ params, query: page }),
      )
      current.output.data(list, ({ data }) => insightTable(data))
      printNextCursor(current, list.page.next)
    })

  insights
    .command('show')
    .description('an insight with its evidence and what others decided')
    .argument('<insight>', 'as the list shows it')
    .action(async (id: string) => {
      const current = session()
      const { client, project } = await current.connectWithin()
      const found = await client.getInsight({ params: { project: project ?? 'current', id } })
      current.output.data(found, (insight) => formatFields(insightFields(insight)))
    })

  insights
    .command('share')
    .description('share what the project has learnt with every other one')
    .argument('<category>', 'what it is about, such as latency')
    .argument('<title>', 'what to do')
    .option('--body <text>', 'the reasons and the steps')
    .option('--evidence <json>', 'a JSON object that supports it')
    .option('--expected <percent>', 'the improvement to expect, such as 20', '0')
    .option('--confidence <percent>', 'how sure you are, 0 to 100', '50')
    .option('--key <key>', 'idempotency key; sent again with it, it is shared once')
    .action(async (category: string, title: string, options: ShareOptions) => {
      const current = session()
      const { client, project } = await current.connectWithin()
      const shared = await client.shareInsight(
        {
          params: { project: project ?? 'current' },
          body: {
            category,
            title,
            body: options.body,
            evidence: options.evidence === undefined ? undefined : parseObject(options.evidence),
            expectedBasisPoints: toBasisPoints('--expected', options.expected ?? '0'),
            confidenceBasisPoints: toBasisPoints('--confidence', options.confidence ?? '50'),
          },
        },
        options.key === undefined ? {} : { idempotencyKey: options.key },
      )
      current.output.data(shared, ({ insight }) => `${insight} is shared`)
    })

  insights
    .command('decide')
    .description('adopt, reject or revert an insight of another project; the last decision counts')
    .argument('<insight>', 'as the list shows it')
    .argument('<decision>', 'adopted, rejected or reverted')
    .option('--effect <percent>', 'the improvement that was measured')
    .option('--note <text>', 'what to know about it')
    .action(async (id: string, text: string, { effect, note }: { effect?: string; note?: string }) => {
      const decision = (['adopted', 'rejected', 'reverted'] as const).find((known) => known === text)
      if (decision === undefined) {
        throw new CoreError('E_INVALID', `${JSON.stringify(text)} is no decision`, {
          fix: 'Use adopted, rejected or reverted.',
        })
      }
      const current = session()
      const { client, project } = await current.connectWithin()
      const effectBasisPoints = effect === undefined ? undefined : toBasisPoints('--effect', effect)
      const decided = await client.decideInsight({
        params: { project: project ?? 'current', id },
        body: { decision, effectBasisPoints, note },
      })
      current.output.data(decided, (insight) =>
        insight.effectBasisPoints === null
          ? `${id} is ${insight.decision}`
          : `${id} is ${insight.decision}; its mean effect is ${toPercent(insight.effectBasisPoints)}`,
      )
    })

  insights
    .command('remove')
    .description('remove an insight of the project, with what others decided on it')
    .argument('<insight>', 'as the list shows it')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: { yes?: boolean }) => {
      const current = session()
      const { client, project } = await current.connectWithin()
      await current.confirm(`The insight ${id} and what others decided on it will be gone.`, options)
      const gone = await client.removeInsight({ params: { project: project ?? 'current', id } })
      current.output.data(gone, ({ title }) => `removed: ${title}`)
    })
}

function parseObject(text: string): Record<string, never> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object(value)
  } catch {
    // said below
  }
  throw new CoreError('E_INVALID', '--evidence is not a JSON object', { fix: `Send one such as '{"before": 9}'.` })
}
