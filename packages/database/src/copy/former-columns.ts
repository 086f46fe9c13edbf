/**
 * What rows of the pre-releases from 0.1.0 on are in this version, where that is not what they say: expressions over the
 * columns of the row. Accounts of 0.1.0 had no limit of debt, and a hold could be charged with as much again as was granted.
 */
export const formerColumns: Readonly<Record<string, string>> = {
  'ledger_hold.over_bp': '10000',
  'ledger_window.head': `(select core.ledger_window_head(b, a.code, period_start, period_end)
    from core.ledger_budget b join core.ledger_account a on a.id = b.account_id where b.id = budget_id)`,
  // A key sent again has to mean the same, and is answered with what a program of today reads.
  'ledger_tx.request': `case op when 'account_open' then '{"debt_limit": 0, "over_bp": 10000}' || request
    when 'account_update' then '{"debt_limit": null, "over_bp": null}' || request else request end`,
  'ledger_tx.result': `case when op in ('account_open', 'account_update') then '{"debt_limit": 0, "over_bp": 10000}' || result
    else result end`,
}

/** Its sequences by their names of today. */
export const formerSequences: Readonly<Record<string, string>> = { journal_id: 'ledger_tx_id' }
