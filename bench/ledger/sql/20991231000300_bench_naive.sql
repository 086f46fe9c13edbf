-- The ledger that teams write first: a balance, holds and a journal, driven from the client.

create table bench.naive_account (
  id text primary key,
  balance bigint not null check (balance >= 0),
  updated_at timestamptz not null default now()
);
create table bench.naive_hold (
  id uuid primary key,
  account_id text not null references bench.naive_account,
  amount bigint not null,
  status text not null default 'open',
  created_at timestamptz not null default now()
);
create index on bench.naive_hold (account_id);
create table bench.naive_journal (
  id bigint generated always as identity primary key,
  account_id text not null references bench.naive_account,
  hold_id uuid not null,
  amount bigint not null,
  balance_after bigint not null,
  created_at timestamptz not null default now()
);
create index on bench.naive_journal (account_id, id);
insert into bench.naive_account (id, balance) values ('hot', 4000000000000000);
