-- What higher nouns may name: the table, whose keys that end take with them what was made by them.

create table core.api_key (
  id uuid constraint api_key_pkey primary key default core.new_id(),
  project text collate "C" constraint api_key_project_fkey references core.project (name),
  name text not null constraint api_key_name_length check (length(name) between 1 and 100),
  hash bytea not null constraint api_key_hash_once unique
    constraint api_key_hash_is_sha256 check (octet_length(hash) = 32),
  hint text not null constraint api_key_hint_length check (length(hint) between 1 and 20),
  caps text[],
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  disabled_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  replaced_by uuid constraint api_key_replaced_by_fkey references core.api_key (id),
  request_key text collate "C" not null,
  request jsonb not null,
  constraint api_key_revoked_is_disabled check (revoked_at is null or disabled_at is not null),
  -- Only a key of the whole system has every scope, those of later versions included.
  constraint api_key_project_has_caps check (project is null or caps is not null),
  constraint api_key_request_once unique nulls not distinct (project, request_key)
);
comment on table core.api_key is 'API keys as SHA-256. project null: a key of the whole system; caps null: every scope.';
comment on column core.api_key.caps is 'The scopes. key_create checks them: a constraint may not read another table, or a restore would fail.';
comment on column core.api_key.revoked_at is 'Ended for good. A key that is only disabled can be enabled again.';
comment on column core.api_key.request is 'The request, to distinguish a retry from another use of the same idempotency key.';
create index api_key_by_project on core.api_key (project, id);
create index api_key_by_replacement on core.api_key (replaced_by) where replaced_by is not null;
