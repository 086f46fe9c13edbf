-- What a credential can be allowed to do with credits. Only an owner grants them and sets budgets.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('ledger:read', 'Read accounts, balances, history, budgets and usage', '{viewer,operator,admin,owner}', true, 'ledger'),
  ('ledger:spend', 'Reserve, settle, void, charge, refund and transfer credits', '{operator,admin,owner}', true, null),
  ('ledger:account', 'Open and change sub-accounts', '{operator,admin,owner}', true, null),
  ('ledger:budget', 'Set budgets', '{owner}', false, null),
  ('ledger:grant', 'Grant credits', '{owner}', false, null),
  ('ledger:operate', 'Expire, seal and audit', '{admin,owner}', false, 'ledger.seal');
