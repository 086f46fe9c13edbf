-- Messages between projects. The inbox of a project is where its processes compete; a delivery is held by a fence and for a
-- time, as a task is. What is open and what has ended are in two tables, so that receiving costs the same however much was sent.

insert into core.scope (name, summary, roles, is_default, topic) values
  ('message:send', 'Send messages to projects and topics and read what was sent', '{operator,admin,owner}', true, null),
  ('message:receive', 'Receive the messages of the project and subscribe it to topics', '{operator,admin,owner}', true, 'message');

insert into core.share_kind (name, rights, summary) values
  ('topic', '{read,write}', 'A topic of messages: read subscribes to it, write publishes to it');

create table core.message (
  id uuid constraint message_pkey primary key default core.new_id(),
  project text collate "C" not null,
  key text collate "C" not null,
  addressee text not null,
  type text not null,
  payload jsonb not null,
  priority smallint not null constraint message_priority_known check (priority between 0 and 3),
  is_ordered boolean not null,
  awaits_reply boolean not null,
  reply_to uuid,
  max_attempts int not null,
  ttl_s int not null,
  recipients int not null default 0,
  skipped int not null default 0,
  has_deliveries boolean not null default false,
  sent_at timestamptz not null default clock_timestamp(),
  sent_by text not null default core.actor(),
  constraint message_key_once unique (project, key)
);
comment on table core.message is 'What was sent, once for all its recipients, until its last delivery is forgotten.';
comment on column core.message.project is 'The sender.';
comment on column core.message.addressee is 'A project, topic:<name>, topic:<owner>/<name>, or * for every other project.';
comment on column core.message.priority is '0 critical, 1 high, 2 normal, 3 low.';
comment on column core.message.skipped is 'Recipients whose inbox was full.';
create index message_sent_idx on core.message (project, id);
create index message_reply_idx on core.message (reply_to) where reply_to is not null;
create index message_undelivered_idx on core.message (sent_at) where not has_deliveries;

create table core.message_delivery (
  id uuid constraint message_delivery_pkey primary key default core.new_id(),
  seq bigint generated always as identity,
  message uuid not null,
  recipient text collate "C" not null,
  sender text collate "C" not null,
  state text not null constraint message_delivery_state check (state in ('ready', 'delayed', 'waiting', 'leased')),
  priority smallint not null,
  turn bigint not null,
  is_ordered boolean not null,
  attempt int not null default 0,
  max_attempts int not null,
  error text,
  holder text,
  fence bigint,
  leased_until timestamptz,
  due_at timestamptz,
  sent_at timestamptz not null,
  expires_at timestamptz not null
) with (fillfactor = 80);
comment on table core.message_delivery is 'Deliveries that have not ended. ready: may be received; delayed: at due_at; waiting: an earlier ordered one is open.';
comment on column core.message_delivery.turn is 'Senders take turns: a sender''s next message has the next turn, another sender''s first one the turn that is being served.';
comment on column core.message_delivery.fence is 'Of the process that holds it. Every report on it carries it.';
create index message_delivery_ready_idx on core.message_delivery (recipient, priority, turn, seq) where state = 'ready';
create index message_delivery_turn_idx on core.message_delivery (recipient, sender, priority, turn);
create index message_delivery_order_idx on core.message_delivery (recipient, sender, seq) where is_ordered;
create index message_delivery_lease_idx on core.message_delivery (recipient, leased_until) where state = 'leased';
create index message_delivery_due_idx on core.message_delivery (recipient, due_at) where state = 'delayed';
create index message_delivery_expiry_idx on core.message_delivery (recipient, expires_at);
create index message_delivery_lease_any_idx on core.message_delivery (leased_until) where state = 'leased';
create index message_delivery_due_any_idx on core.message_delivery (due_at) where state = 'delayed';
create index message_delivery_expiry_any_idx on core.message_delivery (expires_at);
create index message_delivery_critical_idx on core.message_delivery (sender) where priority = 0;
create index message_delivery_message_idx on core.message_delivery (message);
create index message_delivery_list_idx on core.message_delivery (recipient, id);

create table core.message_done (
  id uuid constraint message_done_pkey primary key,
  message uuid not null,
  recipient text collate "C" not null,
  sender text not null,
  status text not null constraint message_done_status check (status in ('acked', 'dead')),
  reason text constraint message_done_reason check ((status = 'dead') = (reason is not null) and reason in ('attempts', 'expired', 'rejected')),
  error text,
  priority smallint not null,
  is_ordered boolean not null,
  attempt int not null,
  max_attempts int not null,
  holder text,
  fence bigint,
  sent_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp()
);
comment on table core.message_done is 'Deliveries that have ended, until their retention is over. The dead ones can be retried.';
comment on column core.message_done.reason is 'Why it is dead. attempts: none was left; expired: its time was over; rejected: its receiver said so.';
create index message_done_age_idx on core.message_done (ended_at);
create index message_done_list_idx on core.message_done (recipient, id);
create index message_done_dead_idx on core.message_done (recipient, id) include (reason) where status = 'dead';
create index message_done_message_idx on core.message_done (message);

create table core.message_subscription (
  owner text collate "C" not null,
  topic text collate "C" not null,
  project text collate "C" not null,
  since timestamptz not null default clock_timestamp(),
  constraint message_subscription_pkey primary key (owner, topic, project)
);
comment on table core.message_subscription is 'Which projects receive what is published to a topic, and whose topic it is.';
create index message_subscription_project_idx on core.message_subscription (project, owner, topic);

create table core.message_count (
  project text collate "C" constraint message_count_pkey primary key,
  ready bigint not null,
  delayed bigint not null,
  waiting bigint not null,
  leased bigint not null,
  dead bigint not null,
  dead_expired bigint not null default 0,
  dead_rejected bigint not null default 0,
  oldest_at timestamptz,
  counted_at timestamptz not null
);
comment on table core.message_count is 'How much is in each inbox, as of the last count.';
comment on column core.message_count.dead is 'Dead letters that are kept, whatever their reason.';
comment on column core.message_count.oldest_at is 'Since when the message waits that is ready the longest.';
