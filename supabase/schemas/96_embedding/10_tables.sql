-- Embeddings: texts in spaces of a project, and vectors of them. The tables of texts exist everywhere; those of vectors, one
-- per generation, need the extension vector and are made by core.embedding_make_vectors.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('embedding:read', 'Search spaces of embeddings and read their statistics', '{viewer,operator,admin,owner}', true, null),
  ('embedding:write', 'Open spaces of embeddings, write and delete items', '{operator,admin,owner}', false, null),
  ('embedding:operate', 'Migrate, measure and drop spaces of embeddings', '{operator,admin,owner}', false, null);

insert into core.share_kind (name, rights, summary) values
  ('space', '{read,write}', 'A space of embeddings: search it; write and delete its items'),
  ('vectors', '{read}', 'Kept vectors of a model that the control plane made: use them instead of a call of the model');

create table core.embedding_space (
  id bigint generated always as identity constraint embedding_space_pkey primary key,
  project text collate "C" not null,
  name text collate "C" not null constraint embedding_space_name_form check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  language text not null,
  generation bigint,
  next_generation bigint,
  items bigint not null default 0,
  bytes bigint not null default 0,
  created_by text not null default core.actor(),
  created_at timestamptz not null default clock_timestamp(),
  constraint embedding_space_key unique (project, name)
);
comment on table core.embedding_space is 'Named collections of texts. Its name outlives a change of model.';
comment on column core.embedding_space.generation is 'Whose vectors are searched.';
comment on column core.embedding_space.next_generation is 'Whose vectors are being made, while the space migrates to another model.';
comment on column core.embedding_space.language is 'How words of its texts are reduced for text search.';

create table core.embedding_generation (
  id bigint generated always as identity constraint embedding_generation_pkey primary key,
  space bigint not null constraint embedding_generation_space_fkey references core.embedding_space (id) on delete cascade,
  provider text not null,
  model text not null,
  revision text not null,
  dims int not null constraint embedding_generation_dims check (dims between 1 and 4000),
  metric text not null constraint embedding_generation_metric check (metric in ('cosine', 'l2', 'ip')),
  state text not null default 'active' constraint embedding_generation_state check (state in ('building', 'active', 'retired')),
  filled_to bigint not null default 9223372036854775807,
  index_state text not null default 'none' constraint embedding_generation_index check (index_state in ('none', 'building', 'ready', 'failed')),
  index_type text constraint embedding_generation_index_type check (index_type in ('vector', 'halfvec')),
  swaps_when_filled boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  retired_at timestamptz
);
comment on table core.embedding_generation is 'The vectors of a space by one model. Their table is core.embedding_vector_<id>.';
comment on column core.embedding_generation.filled_to is 'Items up to this id have a vector or are queued. Less than the greatest number only while a generation is filled.';
comment on column core.embedding_generation.swaps_when_filled is 'Whether the control plane may change places as soon as no item waits for a vector of it.';
comment on column core.embedding_generation.index_type is 'What the HNSW index casts vectors to.';
create index embedding_generation_space_idx on core.embedding_generation (space);

create table core.embedding_item (
  id bigint generated always as identity constraint embedding_item_pkey primary key,
  space bigint not null constraint embedding_item_space_fkey references core.embedding_space (id) on delete cascade,
  tenant text collate "C" not null,
  source text collate "C" not null,
  document text collate "C" not null,
  ordinal int not null,
  title text not null,
  content text not null,
  hash text not null,
  metadata jsonb not null,
  start_at int,
  end_at int,
  words tsvector not null,
  updated_at timestamptz not null default clock_timestamp(),
  constraint embedding_item_key unique (space, tenant, source, document, ordinal)
);
comment on table core.embedding_item is 'Texts, or pieces of them: an item is the ordinal-th piece of a document of a source.';
comment on column core.embedding_item.hash is 'SHA-256 of title and content: what was embedded.';
comment on column core.embedding_item.words is 'For text search, with a word that names space and tenant, so that a search reads no rows of others.';
-- What is not yet sorted into the index is read by every search: 4 MB by default, which took 19 ms.
create index embedding_item_words_idx on core.embedding_item using gin (words) with (gin_pending_list_limit = 256);
create index embedding_item_metadata_idx on core.embedding_item using gin (metadata jsonb_path_ops) with (gin_pending_list_limit = 256);

create table core.embedding_tenant (
  space bigint not null constraint embedding_tenant_space_fkey references core.embedding_space (id) on delete cascade,
  tenant text collate "C" not null,
  items bigint not null,
  constraint embedding_tenant_pkey primary key (space, tenant)
);
comment on table core.embedding_tenant is 'How many items each tenant of a space has, so that no search counts them.';

-- Logged: it costs money to fill it again.
create table core.embedding_cache (
  project text collate "C" not null,
  model text collate "C" not null,
  revision text collate "C" not null,
  dims int not null,
  hash text collate "C" not null,
  embedding text not null,
  is_shareable boolean not null default false,
  used_at timestamptz not null default clock_timestamp(),
  constraint embedding_cache_pkey primary key (project, model, revision, dims, hash)
);
comment on table core.embedding_cache is 'Vectors of texts by the hash of the text, so that no text is paid for twice.';
comment on column core.embedding_cache.is_shareable is 'Whether the control plane''s own call of the model made it. Others cannot trust what a project says it made.';
create index embedding_cache_age_idx on core.embedding_cache (project, used_at);

create table core.embedding_cache_size (
  project text collate "C" constraint embedding_cache_size_pkey primary key,
  vectors bigint not null
);
comment on table core.embedding_cache_size is 'How many vectors of texts each project keeps, so that nothing counts them.';

create table core.embedding_queue (
  generation bigint not null constraint embedding_queue_generation_fkey references core.embedding_generation (id) on delete cascade,
  item bigint not null constraint embedding_queue_item_fkey references core.embedding_item (id) on delete cascade,
  attempts int not null default 0,
  due_at timestamptz not null default clock_timestamp(),
  reason text,
  constraint embedding_queue_pkey primary key (generation, item)
);
comment on table core.embedding_queue is 'Items without a vector of a generation, and why. After ten attempts a row waits for a new text.';
create index embedding_queue_due_idx on core.embedding_queue (generation, due_at, item) where attempts < 10;
create index embedding_queue_item_idx on core.embedding_queue (item);
