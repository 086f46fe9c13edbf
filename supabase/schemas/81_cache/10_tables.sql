-- The shared tier of the cache, and what a credential may do with it. Entries and leases are unlogged: a crash of the server empties them, which is a cold
-- start and no loss. Every key begins with the project it belongs to.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('cache:read', 'Read cached values and statistics', '{viewer,operator,admin,owner}', true, 'cache'),
  ('cache:write', 'Write, delete and invalidate cached values', '{operator,admin,owner}', true, null),
  ('cache:operate', 'Clear whole namespaces of the cache', '{operator,admin,owner}', false, null);

insert into core.share_kind (name, rights, summary) values
  ('cache', '{read,write}', 'A namespace of the cache: read its values; write, delete and invalidate them');

create sequence core.cache_version;
comment on sequence core.cache_version is 'The order of reads and changes of the cache: a write brings the number of the read that missed.';

create unlogged table core.cache_entry (
  project text collate "C" not null,
  namespace text collate "C" not null,
  key text collate "C" not null,
  value bytea,
  tags text[] not null default '{}',
  version bigint not null,
  fresh_until timestamptz not null,
  gone_at timestamptz not null,
  size int not null default 0,
  writer text,
  constraint cache_entry_pkey primary key (project, namespace, key)
) with (fillfactor = 85);
comment on table core.cache_entry is 'Cached values. A row without a value says when its key was deleted: what was read before that may not come back.';
comment on column core.cache_entry.version is 'The number of the read it was loaded after, or of the write. Greater wins.';
create index cache_entry_gone_idx on core.cache_entry (gone_at);

-- Logged: an invalidation must outlive a crash, because processes keep in memory what it voids.
create table core.cache_epoch (
  project text collate "C" not null,
  namespace text collate "C" not null,
  tag text collate "C" not null,
  version bigint not null,
  at timestamptz not null default clock_timestamp(),
  swept_to text,
  swept_version bigint,
  constraint cache_epoch_pkey primary key (project, namespace, tag)
);
comment on table core.cache_epoch is 'When a tag was invalidated; the empty tag means the whole namespace. Entries of that version and older are void.';

comment on column core.cache_epoch.swept_to is 'In the oldest one of a namespace: the key up to which a sweep has deleted what is void.';
comment on column core.cache_epoch.swept_version is 'The latest invalidation that this sweep covers: when it has seen every key, none of them is needed any more.';

create index cache_epoch_age_idx on core.cache_epoch (at);

create unlogged table core.cache_lease (
  project text collate "C" not null,
  namespace text collate "C" not null,
  key text collate "C" not null,
  token bigint not null,
  holder text not null,
  ends_at timestamptz not null,
  failure text,
  constraint cache_lease_pkey primary key (project, namespace, key)
) with (fillfactor = 85);
comment on table core.cache_lease is 'Which process loads a missing key, or with a failure: until when no process tries again.';

create unlogged table core.cache_event (
  id bigint generated always as identity constraint cache_event_pkey primary key,
  xid xid8 not null default core.xid(),
  project text collate "C" not null,
  namespace text not null,
  type text not null constraint cache_event_type check (type in ('set', 'delete', 'tag', 'clear')),
  name text not null,
  version bigint not null,
  origin text not null,
  at timestamptz not null default clock_timestamp()
);
comment on table core.cache_event is 'What other processes have to drop from memory. The truth; a notification is a hint.';
insert into core.xid_source (relation, attribute, is_bound) values
  ('core.cache_event', 'xid', false), ('core.cache_head', 'trimmed', false);
create index cache_event_order_idx on core.cache_event (project, xid, id);
create index cache_event_age_idx on core.cache_event (at);

-- Unlogged as the events are: after a crash it is gone with them, the next reader makes another epoch, and every
-- cursor of the old one is answered with a reset.
create unlogged table core.cache_head (
  singleton boolean constraint cache_head_pkey primary key default true constraint cache_head_one_row check (singleton),
  epoch uuid not null default gen_random_uuid(),
  home text not null default core.xid_home(),
  trimmed xid8 not null default '0'
);
comment on table core.cache_head is 'The epoch of the events, the database they are of, and the number up to which they were deleted.';

create unlogged table core.cache_usage (
  project text collate "C" constraint cache_usage_pkey primary key,
  entries bigint not null,
  epochs bigint not null,
  bytes bigint not null,
  counted_at timestamptz not null
);
comment on table core.cache_usage is 'What each project keeps, as of the last count.';
