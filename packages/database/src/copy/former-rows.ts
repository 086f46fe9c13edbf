/** What follows from all rows of a source together, where it lacks the table or column that says it in this version. */
export interface FormerRows {
  /** As `table` or `table.column`. */
  readonly lacks: string
  /** Executed in the target once every table is filled, in the order of the list. */
  readonly sql: string
}

export const formerRows: readonly FormerRows[] = [
  {
    lacks: 'root_name',
    sql: `insert into core.root_name (name, noun)
      select name, 'project' from core.project
      union all select code, 'account' from core.ledger_account where code !~ '/' and kind <> 'project'
      on conflict on constraint root_name_pkey do nothing`,
  },
  // What was charged above a hold, by its last charges, in the windows of the hold.
  {
    lacks: 'ledger_tx.above',
    sql: `update core.ledger_tx t
      set above = c.through - greatest(c.within, c.through - t.amount), budget_ids = c.budget_ids, window_starts = c.window_starts
      from (
        select x.id, h.captured as within, h.budget_ids, h.window_starts,
          sum(x.amount) over (partition by x.project, x.hold order by x.id) as through
        from core.ledger_tx x join core.ledger_hold h on h.id = x.hold and h.project = x.project
        where h.above > 0 and x.op in ('capture', 'settle', 'lease_report')) c
      where t.id = c.id and c.through > c.within and t.amount > 0`,
  },
  // What was charged last goes back first.
  {
    lacks: 'ledger_tx.above',
    sql: `update core.ledger_tx t
      set above = nullif(least(r.above, r.through) - least(r.above, r.through - t.amount), 0)
      from (
        select x.id, c.above, sum(x.amount) over (partition by c.id order by x.id) as through
        from core.ledger_tx x join core.ledger_tx c on c.id = x.related_id where x.op = 'refund' and c.above > 0) r
      where t.id = r.id`,
  },
  {
    lacks: 'ledger_hold.uncollected',
    sql: `update core.ledger_hold h set uncollected = t.uncollected
      from (select hold, project, sum(uncollected) as uncollected from core.ledger_tx where uncollected > 0 group by 1, 2) t
      where h.id = t.hold and h.project = t.project`,
  },
  {
    lacks: 'ledger_alert.hold',
    sql: `insert into core.ledger_alert (kind, account_id, hold, uncollected, project, tx_id, xid, created_at)
      select distinct on (t.project, t.hold) 'uncollected', t.account_id, t.hold, t.uncollected, t.project, t.id, t.xid, t.created_at
      from core.ledger_tx t where t.uncollected > 0 order by t.project, t.hold, t.id`,
  },
  // A window that another one follows has ended, and what that one carries is what it passed on.
  {
    lacks: 'ledger_window.limit_amount',
    sql: `update core.ledger_window w set limit_amount = b.limit_amount from core.ledger_budget b
      where b.id = w.budget_id
        and exists (select from core.ledger_window n where n.budget_id = w.budget_id and n.period_start > w.period_start)`,
  },
  {
    lacks: 'ledger_window.passed_on',
    sql: `update core.ledger_window w set passed_on = n.carried
      from (select budget_id, carried, lag(period_start) over (partition by budget_id order by period_start) as before
        from core.ledger_window) n
      where n.budget_id = w.budget_id and n.before = w.period_start`,
  },
  {
    lacks: 'task_key',
    sql: `insert into core.task_key (key, project, task)
      select key, project, id from core.task union all select key, project, id from core.task_done
      on conflict on constraint task_key_pkey do nothing`,
  },
  {
    lacks: 'embedding_tenant',
    sql: `insert into core.embedding_tenant (space, tenant, items)
      select space, tenant, count(*) from core.embedding_item group by space, tenant`,
  },
  {
    lacks: 'embedding_cache_size',
    sql: `insert into core.embedding_cache_size (project, vectors)
      select project, count(*) from core.embedding_cache group by project`,
  },
]
