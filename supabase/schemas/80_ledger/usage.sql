-- Usage that teams bill by.

-- A group of an answer: a value that is long is shortened, and stays apart from others that begin alike.
create function core.ledger_usage_group(p_values text[]) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select array(
    select case when length(v.value) > 200 then left(v.value, 150) || '…' || left(encode(sha256(convert_to(v.value, 'UTF8')), 'hex'), 32) else v.value end
    from unnest(p_values) with ordinality as v (value, ord) order by v.ord)
$$;
comment on function core.ledger_usage_group is 'The values of a group, each of at most 200 characters.';

-- Where a page ended: the start of the bucket, what was charged, and the hash of the group. PT400 for anything else.
create function core.ledger_usage_cursor(p_after text, out start timestamptz, out charged bigint, out hash text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_after is null then return; end if;
  if p_after !~ '^[0-9]{1,18}[.][0-9]{1,18}[.][0-9a-f]{32}$' then
    perform core.refuse('PT400', 'invalid_cursor', 'after must be next of the page before', 'Omit it for the first page.',
      jsonb_build_object('field', 'after'));
  end if;
  start := timestamptz 'epoch' + split_part(p_after, '.', 1)::bigint * interval '1 microsecond';
  charged := split_part(p_after, '.', 2)::bigint;
  hash := split_part(p_after, '.', 3);
end
$$;
comment on function core.ledger_usage_cursor is 'The place where a page of usage ended; nulls for the first page.';

create function core.ledger_usage_require(p_from timestamptz, p_to timestamptz, p_bucket text, p_tz text, p_by text[]) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_buckets numeric;
begin
  if p_bucket is null or p_bucket not in ('hour', 'day', 'week', 'month', 'total') then
    perform core.refuse('PT400', 'invalid_bucket', 'bucket must be hour, day, week, month or total', null, jsonb_build_object('field', 'bucket'));
  elsif p_from is null or p_to is null or not isfinite(p_from) or not isfinite(p_to) or p_from >= p_to then
    perform core.refuse('PT400', 'invalid_range', 'from must be before to, and neither may be infinite', null, jsonb_build_object('field', 'from'));
  elsif p_from < timestamptz '2000-01-01 00:00Z' or p_to > timestamptz '3000-01-01 00:00Z' then
    perform core.refuse('PT400', 'invalid_range', 'from and to must be between the years 2000 and 3000', null, jsonb_build_object('field', 'from'));
  elsif p_to - p_from > interval '1100 days' then
    perform core.refuse('PT400', 'invalid_range', 'a range has at most 1100 days', 'Ask for a shorter range, and add up the answers.',
      jsonb_build_object('field', 'from'));
  end if;
  if p_bucket <> 'total' then
    v_buckets := ceil(extract(epoch from p_to - p_from) / extract(epoch from ('1 ' || p_bucket)::interval));
    if v_buckets > 1000 then
      perform core.refuse('PT400', 'invalid_range', format('the range has %s buckets, at most 1000 are answered', v_buckets),
        'Ask for a shorter range or larger buckets.', jsonb_build_object('field', 'bucket'));
    end if;
  end if;
  if not core.ledger_is_time_zone(p_tz) then
    perform core.refuse('PT400', 'invalid_time_zone', format('%s is not a time zone', coalesce(quote_literal(left(p_tz, 100)), 'null')),
      'Use an IANA name such as UTC or Europe/Berlin.', jsonb_build_object('field', 'tz'));
  end if;
  if p_by is null or cardinality(p_by) > 4 or exists (select from unnest(p_by) k where k is null or length(k) not between 1 and 100)
      or (select count(distinct k) from unnest(p_by) k) < cardinality(p_by) then
    perform core.refuse('PT400', 'invalid_by', 'by must be at most four different names of 1 to 100 characters',
      'account, user, or a key of the metadata such as model or tag.', jsonb_build_object('field', 'by'));
  end if;
  return true;
end
$$;
comment on function core.ledger_usage_require is 'Raises PT400 unless range, bucket, time zone and groups of a usage are valid.';

-- What an account was charged between two instants, per bucket of time and per group, refunds apart. Buckets begin by the
-- clock of p_tz; `total` is one for the whole range. p_children: with all accounts below it, whatever purse they draw on.
-- p_by: `account`; `user` (metadata `user`, else the account of kind user); any key of the metadata, the settle's over the
-- reserve's; `tag` reads `tag`, or each of `tags`, so that one charge may count in several groups. A refund counts where
-- its charge does, at its own time. A report of a lease counts by its items: charged in their order, the rest uncollected.
-- Groups come by bucket, the highest charge first, at most p_limit; pages of a range that is over are exact.
create function core_api.ledger_usage(
  p_account text, p_from timestamptz, p_to timestamptz, p_bucket text, p_tz text default 'UTC', p_children boolean default true,
  p_by text[] default '{}', p_after text default null, p_limit int default 1000
) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
set plan_cache_mode = force_custom_plan set jit = off as $$
declare
  v_ok boolean;
  v_account core.ledger_account;
  -- By how much numbers and times may differ in order: no call that waits for its locks takes as long.
  v_slack constant interval := '1 minute';
  v_low bigint;
  v_high bigint;
  v_purses bigint[];
  v_drawn bigint[];
  v_cursor record;
  v_grouped boolean;
  v_metadata boolean;
  v_next text;
  v_rows jsonb;
begin
  v_ok := core.ledger_usage_require(p_from, p_to, p_bucket, p_tz, p_by);
  v_ok := core.require_page(p_limit);
  v_cursor := core.ledger_usage_cursor(p_after);
  v_account := core.ledger_find_account('ledger:read', p_account);
  if v_account.id is null then return core.ledger_denied('account_not_found', p_account); end if;
  v_low := core.ledger_number_at(greatest(p_from, v_cursor.start) - v_slack);
  v_high := core.ledger_number_at(p_to + v_slack);
  v_grouped := p_by <> '{}';
  v_metadata := exists (select from unnest(p_by) k where k <> 'account');

  -- What draws on a purse of the tree is found by that purse; the others draw on one above it.
  with recursive tree as (
    select v_account.id, v_account.purse_id
    union all
    select a.id, a.purse_id from tree t join core.ledger_account a on a.parent_id = t.id where coalesce(p_children, true)
  )
  select coalesce(array_agg(id) filter (where purse_id = id), '{}'), coalesce(array_agg(id) filter (where purse_id = any (v_account.path[2:])), '{}')
  into v_purses, v_drawn from tree;

  with posting as (
    select t.id, t.op, t.account_id, t.project, t.hold, t.related_id, t.amount, t.uncollected, t.request, t.created_at from core.ledger_tx t
    where t.purse_id = any (v_purses) and t.id > v_low and t.id <= v_high and (coalesce(p_children, true) or t.account_id = v_account.id)
      and t.op in ('charge', 'capture', 'settle', 'refund', 'lease_report') and t.created_at >= p_from and t.created_at < p_to
    union all
    select t.id, t.op, t.account_id, t.project, t.hold, t.related_id, t.amount, t.uncollected, t.request, t.created_at from core.ledger_tx t
    where t.account_id = any (v_drawn) and t.account_id <> t.purse_id and t.id > v_low and t.id <= v_high
      and t.op in ('charge', 'capture', 'settle', 'refund', 'lease_report') and t.created_at >= p_from and t.created_at < p_to
  ), part as (
    select t.op, t.account_id, t.created_at, t.amount::bigint as amount, coalesce(t.uncollected, 0)::bigint as uncollected,
      case t.op when 'lease_report' then jsonb_array_length(t.request -> 'items') else 1 end as charges,
      case when v_metadata then coalesce(h.metadata, '{}') || coalesce(c.request -> 'metadata', t.request -> 'metadata', '{}') else '{}' end as metadata
    from posting t
    left join core.ledger_hold h on v_metadata and h.id = t.hold and h.project = t.project
    left join core.ledger_tx c on v_metadata and t.op = 'refund' and c.id = t.related_id
    where not (v_metadata and t.op = 'lease_report')
    union all
    select t.op, t.account_id, t.created_at, least(i.upto, t.amount) - least(i.upto - i.amount, t.amount),
      i.amount - (least(i.upto, t.amount) - least(i.upto - i.amount, t.amount)), 1, coalesce(h.metadata, '{}') || i.metadata
    from posting t
    join core.ledger_hold h on h.id = t.hold and h.project = t.project
    cross join lateral (
      select (v.item -> 'amount')::bigint as amount, coalesce(v.item -> 'metadata', '{}') as metadata,
        (sum((v.item -> 'amount')::bigint) over (order by v.ord))::bigint as upto
      from jsonb_array_elements(t.request -> 'items') with ordinality as v (item, ord)) i
    where v_metadata and t.op = 'lease_report'
  ), grouped as (
    select case p_bucket when 'total' then p_from
        when 'hour' then date_bin('1 hour', p.created_at, timestamp '2000-01-01' at time zone p_tz)
        else date_trunc(p_bucket, p.created_at, p_tz) end as start,
      case when v_grouped then array(
        select case k.name when 'account' then a.code
          when 'user' then coalesce(p.metadata ->> 'user', case a.kind when 'user' then coalesce(a.metadata ->> 'user', a.code) end)
          when 'tag' then coalesce(p.metadata ->> 'tag', g.tag)
          else p.metadata ->> k.name end
        from unnest(p_by) with ordinality as k (name, ord) order by k.ord) end as "group",
      p.op, p.amount, p.uncollected, p.charges
    from part p
    left join core.ledger_account a on v_grouped and a.id = p.account_id
    left join lateral jsonb_array_elements_text(case when 'tag' = any (p_by) and p.metadata ->> 'tag' is null
      and jsonb_typeof(p.metadata -> 'tags') = 'array' then p.metadata -> 'tags' end) as g (tag) on true
  ), summed as (
    -- Midnight may come twice, and date_trunc takes the second: a bucket begins where the period of a budget does.
    select case when p_bucket in ('total', 'hour') then u.start else core.ledger_first_instant(u.start at time zone p_tz, p_tz) end as start,
      core.ledger_usage_group(u."group") as "group", md5(coalesce(u."group"::text, '')) as hash,
      coalesce(sum(u.amount) filter (where u.op <> 'refund'), 0)::bigint as charged,
      coalesce(sum(u.amount) filter (where u.op = 'refund'), 0)::bigint as refunded,
      sum(u.uncollected)::bigint as uncollected, coalesce(sum(u.charges) filter (where u.op <> 'refund'), 0)::bigint as charges
    from grouped u group by u.start, u."group"
  ), paged as (
    select * from summed s
    where p_after is null or s.start > v_cursor.start
      or s.start = v_cursor.start and (s.charged < v_cursor.charged or s.charged = v_cursor.charged and s.hash > v_cursor.hash)
    order by s.start, s.charged desc, s.hash limit p_limit + 1
  )
  select coalesce(jsonb_agg(jsonb_build_object('start', r.start, 'group', to_jsonb(coalesce(r."group", '{}')), 'charged', r.charged,
      'refunded', r.refunded, 'uncollected', r.uncollected, 'charges', r.charges) order by r.nth) filter (where r.nth <= p_limit), '[]'),
    max(format('%s.%s.%s', (extract(epoch from r.start) * 1000000)::bigint, r.charged, r.hash)) filter (where r.nth = p_limit and r.total > p_limit)
  into v_rows, v_next
  from (select p.*, row_number() over (order by p.start, p.charged desc, p.hash) as nth, count(*) over () as total from paged p) r;
  return jsonb_build_object('ok', true, 'account', p_account, 'bucket', p_bucket, 'from', p_from, 'to', p_to, 'tz', p_tz,
    'children', coalesce(p_children, true), 'by', to_jsonb(p_by), 'usage', v_rows, 'next', v_next);
end
$$;
comment on function core_api.ledger_usage is 'Charges and refunds of an account per bucket of time and per account, user or metadata key; empty ones are left out.';
revoke execute on function core_api.ledger_usage from public;
grant execute on function core_api.ledger_usage to core_member, service_role;
