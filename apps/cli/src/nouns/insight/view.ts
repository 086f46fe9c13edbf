import type { Client } from '@core/api/client'
import { formatTable } from '../../table.ts'
import { toPercent } from './percent.ts'

type Summary = Awaited<ReturnType<Client['listInsights']>>['data'][number]
type Details = Awaited<ReturnType<Client['getInsight']>>

export function insightTable(rows: readonly Summary[]): string {
  if (rows.length === 0) return 'no insights'
  return formatTable(rows, [
    { title: 'INSIGHT', cell: ({ insight }) => insight },
    { title: 'BY', cell: ({ project }) => project },
    { title: 'CATEGORY', cell: ({ category }) => category },
    { title: 'TITLE', cell: ({ title }) => title },
    { title: 'EXPECTED', align: 'right', cell: ({ expectedBasisPoints }) => toPercent(expectedBasisPoints) },
    {
      title: 'MEASURED',
      align: 'right',
      cell: ({ effectBasisPoints }) => (effectBasisPoints === null ? '' : toPercent(effectBasisPoints)),
    },
    { title: 'ADOPTED', align: 'right', cell: ({ adopted }) => String(adopted) },
    { title: 'REJECTED', align: 'right', cell: ({ rejected, reverted }) => String(rejected + reverted) },
    { title: 'DECISION', cell: ({ decision }) => decision ?? '' },
  ])
}

export function insightFields(insight: Details): (readonly [string, string])[] {
  return [
    ['insight', insight.insight],
    ['by', insight.project],
    ['category', insight.category],
    ['title', insight.title],
    ['body', insight.body],
    ['evidence', JSON.stringify(insight.evidence)],
    ['expected', `${toPercent(insight.expectedBasisPoints)}, ${toPercent(insight.confidenceBasisPoints)} sure`],
    ['measured', insight.effectBasisPoints === null ? 'nothing yet' : toPercent(insight.effectBasisPoints)],
    ...insight.decisions.map(
      ({ project, decision, effectBasisPoints, note }) =>
        [
          project,
          [decision, effectBasisPoints === null ? '' : toPercent(effectBasisPoints), note ?? '']
            .filter(Boolean)
            .join(', '),
        ] as const,
    ),
  ]
}
