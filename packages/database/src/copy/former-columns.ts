/** What a column of this version has for the rows of a source that lacks something, where neither they nor its default say it. */
export interface FormerColumn {
  /** As `table.column`. */
  readonly column: string
  /** An expression over the columns of the row. */
  readonly value: string
  /** What the source lacks, as `table` or `table.column`. Default: the column itself. */
  readonly lacks?: string
}

/** Every column that a pre-release lacks and that means something else than its default. */
export const formerColumns: readonly FormerColumn[] = [
  // A hold could be charged with as much again as was granted, and what was charged above it was counted within it.
  { column: 'ledger_hold.over_bp', value: '10000' },
  { column: 'ledger_hold.above', value: 'greatest(0, captured + released - amount)' },
  { column: 'ledger_hold.captured', value: 'least(captured, amount - released)', lacks: 'ledger_hold.above' },
  // Nothing limited debt: an account in debt gets the limit that its debt needs.
  {
    column: 'ledger_account.debt_limit',
    value: `case when kind in ('issuer', 'sink', 'breakage') then 0
      else greatest(0, total_out + held - total_in - overdraft) end`,
  },
  {
    column: 'ledger_window.head',
    value: `(select core.ledger_window_head(b, a.code, period_start, period_end)
      from core.ledger_budget b join core.ledger_account a on a.id = b.account_id where b.id = budget_id)`,
  },
  {
    column: 'ledger_tx.uncollected',
    value: `case when op = 'settle' and 'uncollected' = any (flags) then (request ->> 'amount')::bigint - amount end`,
  },
  // Every row had its answer, and in it the balance that it left behind.
  ...['settled', 'held', 'available'].map((name) => ({
    column: `ledger_tx.${name}`,
    value: `coalesce((result ->> '${name}')::bigint, 0)`,
  })),
  // A key sent again has to mean the same, and is answered with what a program of today reads. What is null or a default is not
  // kept of a call on holds; the default of then is the call without a word of today.
  {
    column: 'ledger_tx.request',
    value: `case when op = 'account_open' then '{"debt_limit": 0, "over_bp": 10000}' || request
      when op = 'account_update' then '{"debt_limit": null, "over_bp": null}' || request
      when op in ('reserve', 'settle', 'void', 'charge') then jsonb_strip_nulls(request - 'metadata'
          - case when request ->> 'ttl_s' = '120' then 'ttl_s' else '' end
          - case when request ->> 'over' in ('overflow', 'cap') then 'over' else '' end)
        || case when request -> 'metadata' <> '{}' then jsonb_build_object('metadata', request -> 'metadata') else '{}' end
      else request end`,
    lacks: 'ledger_account.debt_limit',
  },
  {
    column: 'ledger_tx.result',
    value: `case when op in ('account_open', 'account_update') then '{"debt_limit": 0, "over_bp": 10000}' || result
      else result end`,
    lacks: 'ledger_account.debt_limit',
  },
]

/** What this version does without: columns that pre-releases had. Whatever else it does not know, it does not copy. */
export const droppedColumns: readonly string[] = ['manifest_state.last_beat_at']

/** Sequences of today by the names that they had. */
export const formerSequences: Readonly<Record<string, string>> = { journal_id: 'ledger_tx_id' }
