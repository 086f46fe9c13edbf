-- What higher nouns may name: the table, whose name column their foreign keys and checks refer to.

create table core.project (
  name text collate "C" constraint project_pkey primary key
    constraint project_name_form check (name ~ '^[a-z][a-z0-9_]{0,47}$'),
  version text,
  capabilities jsonb not null default '[]',
  endpoints jsonb not null default '{}',
  metadata jsonb not null default '{}',
  registered_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  archived_at timestamptz
);
comment on table core.project is 'The sibling projects that share this database.';
comment on column core.project.archived_at is 'Since when nothing but reading is possible; null for a project in use.';
