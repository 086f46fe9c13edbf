-- Files of projects: their content is in a store outside the database, and here is what there is, how large it is, and where.
-- Content is never written over: each upload has an object of its own, and a row of core.file names the one that counts. So
-- a process that dies between object and row leaves a file as it was, and what it left is found here and deleted.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('file:read', 'List and read files', '{viewer,operator,admin,owner}', true, null),
  ('file:write', 'Upload and delete files', '{operator,admin,owner}', false, null),
  ('file:operate', 'Set quotas of files, move files between stores', '{}', false, null);

create table core.file_space (
  project text collate "C" constraint file_space_pkey primary key constraint file_space_project_fkey references core.project (name),
  quota_bytes bigint not null default 10737418240 constraint file_space_quota_range check (quota_bytes between 0 and 9007199254740991),
  used_bytes bigint not null default 0 constraint file_space_used_positive check (used_bytes >= 0),
  held_bytes bigint not null default 0 constraint file_space_held_positive check (held_bytes >= 0),
  file_count bigint not null default 0 constraint file_space_count_positive check (file_count >= 0)
);
comment on table core.file_space is 'What the files of a project take: the sums of core.file and of its open uploads. Its lock orders all changes of a project.';

create table core.file (
  project text collate "C" not null constraint file_project_fkey references core.project (name),
  name text collate "C" not null,
  object uuid not null,
  store text collate "C" not null,
  size bigint not null constraint file_size_positive check (size >= 0),
  content_type text not null,
  sha256 text constraint file_sha256_form check (sha256 ~ '^[0-9a-f]{64}$'),
  etag text not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null default core.actor(),
  constraint file_pkey primary key (project, name)
);
comment on table core.file is 'Files by project and name. The content is the object <project>/<object>/<name> of the store.';
comment on column core.file.sha256 is 'Null for what was written to the store directly, with a signed address.';
create index file_name_idx on core.file (project, name collate "C");
create index file_store_idx on core.file (store);

create table core.file_upload (
  id uuid constraint file_upload_pkey primary key default core.new_id(),
  project text collate "C" not null constraint file_upload_project_fkey references core.project (name),
  key text collate "C" not null,
  name text not null,
  store text not null,
  size bigint not null,
  content_type text not null,
  status text not null default 'open' constraint file_upload_status check (status in ('open', 'committed', 'ended')),
  expires_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint file_upload_key unique (project, key)
);
comment on table core.file_upload is 'Uploads by their idempotency key. An open one holds its size of the quota until it is committed or its time is over.';
create index file_upload_due_idx on core.file_upload (expires_at) where status = 'open';
create index file_upload_project_idx on core.file_upload (project, expires_at) where status = 'open';
create index file_upload_old_idx on core.file_upload (created_at) where status <> 'open';

create table core.file_trash (
  object uuid not null,
  store text collate "C" not null,
  project text not null,
  name text not null,
  due_at timestamptz not null,
  constraint file_trash_pkey primary key (object, store)
);
comment on table core.file_trash is 'Objects of which no row is left, until a control plane has deleted them from their store.';
create index file_trash_due_idx on core.file_trash (store, due_at);
