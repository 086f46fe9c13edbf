// Made by packages/database/scripts/generate.ts from the migrated catalog. Do not edit.
import { parseSignature } from '../parse-signature.ts'

/** What this version of Core expects of core_api: arguments with ? may be left out, and `owner` is for no member. */
const lines = `
audit_log(p_project text?, p_before bigint?, p_limit integer?, p_filter jsonb?) jsonb
cache_clear(p_namespace text, p_origin text?, p_project text?) jsonb
cache_delete(p_namespace text, p_keys text[], p_origin text?, p_project text?) jsonb
cache_expire(p_namespace text, p_keys text[], p_origin text?, p_project text?) jsonb
cache_get_many(p_namespace text, p_keys text[], p_holder text?, p_lease_ms integer?, p_project text?) jsonb
cache_hint(p_namespace text, p_origin text?, p_project text?) jsonb
cache_invalidate_tags(p_namespace text, p_tags text[], p_origin text?, p_project text?) jsonb
cache_list(p_namespace text, p_after text?, p_limit integer?, p_project text?) jsonb
cache_poll(p_cursor text?, p_limit integer?, p_project text?, p_namespaces text[]?) jsonb
cache_put_many(p_namespace text, p_entries jsonb, p_origin text?, p_project text?) jsonb
cache_release(p_namespace text, p_key text, p_token bigint, p_failure text?, p_backoff_ms integer?, p_project text?) jsonb
cache_renew(p_namespace text, p_key text, p_token bigint, p_lease_ms integer, p_project text?) jsonb
cache_schedule() jsonb owner
cache_stats(p_namespace text?, p_project text?) jsonb
cache_sweep(p_limit integer?, p_project text?) jsonb
cache_totals() jsonb owner
claim_list(p_after bigint?, p_limit integer?, p_project text?) jsonb
claim_release(p_resource text, p_fence bigint, p_project text?) jsonb
claim_renew(p_resource text, p_fence bigint, p_ttl_s integer?, p_project text?) jsonb
claim_sweep(p_limit integer?) jsonb owner
claim_take(p_key text, p_session uuid, p_resource text, p_mode text?, p_ttl_s integer?, p_project text?) jsonb
claim_totals() jsonb owner
coordinator_poll(p_session uuid?, p_beat jsonb?, p_messages jsonb?, p_tasks jsonb?, p_project text?) json
coordinator_ready(p_inboxes text[]?, p_projects text[]?, p_queues text[]?, p_messages uuid[]?) jsonb owner
coordinator_waiting(p_inbox boolean?, p_queues text[]?, p_project text?) jsonb
credit_rate_set(p_nano_usd_per_credit bigint, p_markup_bp integer?, p_from timestamp with time zone?, p_project text?) jsonb owner
embedding_cache_get_many(p_model text, p_dims integer, p_hashes text[], p_revision text?, p_project text?, p_shared boolean?) jsonb
embedding_cache_put_many(p_model text, p_dims integer, p_hashes text[], p_vectors text[], p_revision text?, p_project text?, p_shareable boolean?) jsonb
embedding_changed(p_space text, p_items jsonb, p_tenant text?, p_source text?, p_project text?) jsonb
embedding_delete(p_space text, p_documents text[]?, p_tenant text?, p_source text?, p_limit integer?, p_project text?) jsonb
embedding_documents(p_space text, p_tenant text?, p_source text?, p_after text?, p_limit integer?, p_project text?) jsonb
embedding_due(p_provider text, p_limit integer?) jsonb owner
embedding_enable() jsonb owner
embedding_index_due(p_least bigint?, p_project text?, p_space text?, p_limit integer?, p_most bigint?) jsonb owner
embedding_index_set(p_generation bigint, p_state text, p_type text?) jsonb owner
embedding_migrate_begin(p_space text, p_provider text, p_model text, p_dims integer, p_revision text?, p_metric text?, p_swaps boolean?, p_project text?) jsonb
embedding_migrate_cancel(p_space text, p_project text?) jsonb
embedding_migrate_swap(p_space text, p_partial boolean?, p_project text?) jsonb
embedding_queue_claim(p_space text, p_limit integer?, p_lease_s integer?, p_generation bigint?, p_project text?) jsonb
embedding_queue_settle(p_space text, p_generation bigint, p_items bigint[], p_hashes text[], p_vectors text[], p_reason text?, p_project text?) jsonb
embedding_recall(p_space text, p_sample integer?, p_k integer?, p_recall text?, p_tenant text?, p_project text?) jsonb
embedding_search(p_space text, p_vector text?, p_text text?, p_mode text?, p_k integer?, p_filter jsonb?, p_tenant text?, p_source text?, p_recall text?, p_min_score double precision?, p_include text[]?, p_generation bigint?, p_project text?) jsonb
embedding_space_drop(p_space text, p_project text?) jsonb
embedding_space_list(p_project text?) jsonb
embedding_space_open(p_space text, p_provider text, p_model text, p_dims integer, p_revision text?, p_metric text?, p_language text?, p_project text?) jsonb
embedding_stats(p_space text, p_project text?) jsonb
embedding_sweep(p_keep interval?, p_keep_retired interval?, p_limit integer?) jsonb owner
embedding_totals() jsonb owner
embedding_upsert(p_space text, p_items jsonb, p_vectors text[]?, p_tenant text?, p_source text?, p_whole text[]?, p_generation bigint?, p_reason text?, p_project text?) jsonb
error_list(p_project text?, p_status text?, p_after text?, p_limit integer?) jsonb
error_record(p_groups jsonb) jsonb owner
error_trim(p_keep interval?, p_limit integer?) jsonb owner
error_update(p_id uuid, p_status text, p_project text?) jsonb
event_poll(p_after bigint, p_limit integer?, p_topics text[]?) jsonb
event_trim(p_keep interval?, p_limit integer?) jsonb owner
file_abort(p_upload uuid, p_project text?) jsonb
file_begin(p_key text, p_name text, p_size bigint, p_store text, p_content_type text?, p_ttl_s integer?, p_project text?, p_if_absent boolean?) jsonb owner
file_commit(p_upload uuid, p_size bigint, p_etag text, p_sha256 text?, p_project text?, p_if_absent boolean?) jsonb owner
file_elsewhere(p_store text, p_after text?, p_limit integer?) jsonb owner
file_get(p_name text, p_project text?) jsonb
file_list(p_prefix text?, p_after text?, p_limit integer?, p_project text?) jsonb
file_moved(p_project text, p_object uuid, p_name text, p_store text, p_etag text, p_sha256 text) jsonb owner
file_quota_set(p_project text, p_bytes bigint) jsonb owner
file_remove(p_name text, p_project text?) jsonb
file_stats() jsonb owner
file_sweep(p_stores text[], p_limit integer?) jsonb owner
file_swept(p_objects uuid[], p_stores text[]) jsonb owner
file_upload(p_upload uuid, p_project text?) jsonb
file_usage(p_project text?) jsonb
flag_clear(p_name text, p_project text?, p_if_match text[]?) jsonb
flag_list(p_project text?, p_after_version bigint?, p_limit integer?) jsonb
flag_set(p_name text, p_value jsonb, p_project text?, p_rollout_bp integer?, p_if_match text[]?) jsonb
health_history(p_period text?, p_before timestamp with time zone?, p_limit integer?, p_project text?) jsonb
health_list(p_after text?, p_limit integer?) jsonb
health_policy_get(p_project text?) jsonb
health_policy_set(p_policy jsonb, p_project text?, p_if_match text[]?) jsonb
health_sample(p_every_s integer?, p_keep_minutes interval?, p_keep_hours interval?, p_limit integer?) jsonb owner
health_stats() jsonb owner
insight_decide(p_insight uuid, p_decision text, p_effect_bp integer?, p_note text?, p_project text?) jsonb
insight_get(p_insight uuid, p_project text?) jsonb
insight_list(p_category text?, p_author text?, p_open boolean?, p_after uuid?, p_limit integer?, p_project text?) jsonb
insight_remove(p_insight uuid, p_project text?) jsonb
insight_share(p_key text, p_category text, p_title text, p_body text?, p_evidence jsonb?, p_expected_bp integer?, p_confidence_bp integer?, p_project text?) jsonb
insight_stats() jsonb owner
insight_sweep(p_keep interval?, p_limit integer?) jsonb owner
key_check(p_hash text, p_scope text?) jsonb
key_confirm(p_ids uuid[]) json owner
key_create(p_key text, p_hash text, p_hint text, p_project text?, p_name text?, p_caps text[]?, p_expires_at timestamp with time zone?) jsonb
key_get(p_id uuid) jsonb
key_list(p_project text?, p_after uuid?, p_limit integer?) jsonb
key_reroll(p_key text, p_id uuid, p_hash text, p_hint text, p_overlap_s integer?) jsonb
key_revoke(p_id uuid) jsonb
key_touch(p_uses jsonb) jsonb owner
key_update(p_id uuid, p_name text?, p_enabled boolean?, p_expires_at timestamp with time zone?, p_forever boolean?, p_if_match text[]?, p_add_defaults boolean?) jsonb
key_verify(p_hash text) jsonb owner
ledger_account_open(p_key text, p_account text, p_kind text?, p_parent text?, p_overdraft bigint?, p_metadata jsonb?, p_funding text?, p_debt_limit bigint?, p_over_bp integer?) jsonb
ledger_account_update(p_key text, p_account text, p_status text?, p_overdraft bigint?, p_metadata jsonb?, p_if_match text[]?, p_debt_limit bigint?, p_over_bp integer?) jsonb
ledger_accounts(p_parent text?, p_after text?, p_limit integer?) jsonb
ledger_alerts(p_after bigint?, p_limit integer?) jsonb
ledger_audit(p_account text?) jsonb
ledger_balance(p_account text, p_at timestamp with time zone?) jsonb
ledger_batch(p_ops jsonb, p_atomic boolean?) jsonb
ledger_batch_json(p_ops jsonb, p_atomic boolean?) json
ledger_budget_set(p_key text, p_account text, p_name text, p_period text, p_limit bigint, p_tz text?, p_carry_cap bigint?, p_floor bigint?, p_alert_bp integer[]?, p_if_match text[]?) jsonb
ledger_capture(p_key text, p_hold uuid, p_amount bigint) jsonb
ledger_charge(p_key text, p_account text, p_amount bigint, p_metadata jsonb?) jsonb
ledger_charges(p_account text, p_before bigint?, p_limit integer?) jsonb
ledger_expire_due(p_limit integer?) jsonb owner
ledger_extend(p_key text, p_hold uuid, p_add bigint?, p_min bigint?, p_ttl_s integer?) jsonb
ledger_grant(p_key text, p_account text, p_amount bigint, p_reason text?, p_metadata jsonb?) jsonb
ledger_history(p_account text, p_before bigint?, p_limit integer?, p_filter jsonb?) jsonb
ledger_hold_get(p_hold uuid) jsonb
ledger_holds(p_account text, p_status text?, p_before bigint?, p_limit integer?) jsonb
ledger_lease_close(p_key text, p_lease uuid) jsonb
ledger_lease_get(p_lease uuid) jsonb
ledger_lease_open(p_key text, p_account text, p_amount bigint, p_ttl_s integer, p_device text) jsonb
ledger_lease_report(p_lease uuid, p_seq integer, p_items jsonb) jsonb
ledger_leases(p_account text, p_before bigint?, p_limit integer?) jsonb
ledger_publish(p_limit integer?) jsonb owner
ledger_rebalance(p_key text, p_parent text, p_budget text, p_policy text?, p_dry_run boolean?, p_until timestamp with time zone?) jsonb
ledger_rebalance_due(p_at_bp integer?, p_limit integer?) jsonb owner
ledger_refund(p_key text, p_tx bigint, p_amount bigint?) jsonb
ledger_refund_hold(p_key text, p_hold uuid, p_amount bigint?) jsonb
ledger_refunds(p_account text, p_before bigint?, p_limit integer?) jsonb
ledger_reserve(p_key text, p_account text, p_amount bigint, p_hold uuid?, p_min bigint?, p_ttl_s integer?, p_over text?, p_metadata jsonb?) jsonb
ledger_seal(p_limit integer?) jsonb owner
ledger_settle(p_key text, p_hold uuid, p_amount bigint?, p_metadata jsonb?) jsonb
ledger_stats() jsonb owner
ledger_transfer(p_key text, p_from text, p_to text, p_amount bigint, p_mode text?) jsonb
ledger_usage(p_account text, p_from timestamp with time zone, p_to timestamp with time zone, p_bucket text, p_tz text?, p_children boolean?, p_by text[]?, p_after text?, p_limit integer?) jsonb
ledger_user_ensure(p_key text, p_user text, p_limit bigint, p_period text?, p_tz text?, p_project text?) jsonb
ledger_verify(p_from bigint?) jsonb owner
ledger_void(p_key text, p_hold uuid, p_reason text?) jsonb
limit_lease(p_wants jsonb, p_lease_ms bigint) jsonb owner
limit_trim(p_limit integer?) jsonb owner
lock_acquire(p_name text, p_holder text, p_ttl_s integer?, p_project text?) jsonb
lock_list(p_after text?, p_limit integer?, p_project text?) jsonb
lock_release(p_name text, p_fence bigint, p_project text?) jsonb
lock_renew(p_name text, p_fence bigint, p_ttl_s integer?, p_project text?) jsonb
lock_sweep(p_limit integer?) jsonb owner
lock_totals() jsonb owner
login_check(p_token_hash text) jsonb owner
login_end(p_key text, p_token_hash text?, p_issuer text?, p_subject text?, p_sid text?) jsonb owner
login_list(p_issuer text, p_subject text, p_limit integer?) jsonb owner
login_open(p_key text, p_token_hash text, p_issuer text, p_subject text, p_sid text?, p_claims jsonb?, p_ttl_s integer?, p_idle_s integer?) jsonb owner
login_sweep(p_limit integer?) jsonb owner
manifest(p_after text?, p_limit integer?) jsonb
manifest_place(p_capabilities text[]?, p_limit integer?) jsonb
manifest_sweep(p_limit integer?) jsonb owner
member_add(p_key text, p_project text, p_subject text, p_role text, p_name text?) jsonb
member_get(p_project text, p_subject text) jsonb
member_list(p_project text, p_after text?, p_limit integer?) jsonb
member_remove(p_project text, p_subject text) jsonb
member_roles(p_subject text) jsonb owner
member_set(p_project text, p_subject text, p_role text, p_name text?, p_if_match text[]?) jsonb
member_update(p_project text, p_subject text, p_role text?, p_name text?, p_if_match text[]?) jsonb
message_ack(p_deliveries uuid[], p_fences bigint[], p_project text?) jsonb
message_extend(p_deliveries uuid[], p_fences bigint[], p_visible_s integer?, p_project text?) jsonb
message_get(p_message uuid, p_project text?) jsonb
message_list(p_box text?, p_type text?, p_with text?, p_before uuid?, p_limit integer?, p_project text?) jsonb
message_nack(p_delivery uuid, p_fence bigint, p_error text?, p_outcome text?, p_delay_ms bigint?, p_project text?) jsonb
message_receive(p_limit integer?, p_visible_s integer?, p_holder text?, p_project text?) jsonb
message_reply(p_message uuid, p_project text?) jsonb
message_retry(p_delivery uuid, p_project text?) jsonb
message_send(p_key text, p_type text, p_to text?, p_payload jsonb?, p_priority text?, p_ttl_s integer?, p_reply_to uuid?, p_ordered boolean?, p_await boolean?, p_max_attempts integer?, p_project text?) jsonb
message_stats(p_project text?) jsonb
message_sweep(p_keep interval?, p_limit integer?) jsonb owner
message_totals() jsonb owner
price_book(p_after_version bigint?, p_limit integer?, p_project text?) jsonb
price_import(p_source text, p_cards jsonb, p_dry_run boolean?) jsonb owner
price_list(p_provider text?, p_model text?, p_at timestamp with time zone?, p_after text?, p_limit integer?, p_project text?) jsonb
price_quote(p_provider text, p_model text, p_usage jsonb, p_at timestamp with time zone?, p_project text?, p_tier text?, p_unknown text?) jsonb
price_set(p_provider text, p_model text, p_rates jsonb, p_from timestamp with time zone?, p_project text?) jsonb owner
project_archive(p_name text) jsonb
project_create(p_key text, p_name text, p_version text?, p_capabilities jsonb?, p_endpoints jsonb?, p_metadata jsonb?) jsonb
project_get(p_name text) jsonb
project_list() jsonb
project_register(p_name text, p_version text?, p_capabilities jsonb?, p_endpoints jsonb?, p_metadata jsonb?, p_if_match text[]?) jsonb
project_restore(p_name text) jsonb
project_update(p_name text, p_version text?, p_capabilities jsonb?, p_endpoints jsonb?, p_metadata jsonb?, p_if_match text[]?) jsonb
provider_list(p_project text?) jsonb
provider_remove(p_name text, p_project text?) jsonb
provider_set(p_name text, p_kind text, p_base_url text?, p_secret text?, p_settings jsonb?, p_project text?, p_if_match text[]?) jsonb
restore_finish() jsonb owner
restore_status() jsonb owner
route_list(p_project text?, p_after text?, p_limit integer?) jsonb
route_remove(p_name text, p_project text?) jsonb
route_set(p_name text, p_targets jsonb, p_policy jsonb?, p_project text?, p_if_match text[]?) jsonb
router_answer(p_project text, p_key_hash text) jsonb owner
router_answer_put(p_project text, p_key_hash text, p_request_hash text, p_sealed text) jsonb owner
router_calls(p_before bigint?, p_limit integer?, p_filter jsonb?, p_project text?) jsonb
router_calls_put(p_calls jsonb) jsonb owner
router_content(p_call text, p_project text?) jsonb
router_contents_put(p_contents jsonb) jsonb owner
router_cool(p_target text, p_ms integer, p_reason text) jsonb owner
router_recover(p_limit integer?, p_after_s integer?, p_crash text?) jsonb owner
router_response(p_project text, p_id_hash text) jsonb owner
router_response_put(p_project text, p_id_hash text, p_provider text, p_model text, p_tokens bigint, p_provider_project text?, p_sealed text?) jsonb owner
router_response_remove(p_project text, p_id_hash text) jsonb owner
router_snapshot(p_version bigint?) jsonb owner
router_sweep(p_limit integer?, p_days integer?) jsonb owner
secret_list(p_project text?) jsonb
secret_put(p_name text, p_sealed text, p_version uuid, p_project text?) jsonb
secret_remove(p_name text, p_project text?) jsonb
secret_rewrap(p_name text, p_version uuid, p_sealed text, p_project text?) jsonb owner
secret_sealed(p_name text, p_project text?) jsonb owner
secret_stale(p_key_id text, p_limit integer?) jsonb owner
session_beat(p_session uuid, p_status text?, p_metrics jsonb?, p_idle_ms bigint?, p_project text?) jsonb
session_beats(p_beats jsonb) json owner
session_close(p_session uuid, p_project text?) jsonb
session_list(p_after uuid?, p_limit integer?, p_project text?) jsonb
session_open(p_key text, p_fingerprint text, p_kind text?, p_name text?, p_version text?, p_status text?, p_ttl_s integer?, p_project text?) jsonb
session_sweep(p_limit integer?) jsonb owner
session_totals() jsonb owner
share_list(p_project text?, p_received boolean?, p_after bigint?, p_limit integer?) jsonb
share_remove(p_kind text, p_name text, p_grantee text, p_project text?) jsonb
share_set(p_kind text, p_name text, p_grantee text, p_rights text[], p_project text?, p_if_match text[]?) jsonb
system_info() jsonb owner
task_beat(p_tasks uuid[], p_fences bigint[], p_lease_s integer?, p_progress jsonb?, p_project text?) jsonb
task_cancel(p_task uuid, p_project text?) jsonb
task_claim(p_queues text[], p_worker text, p_limit integer?, p_lease_s integer?, p_session uuid?, p_project text?) json
task_complete(p_task uuid, p_fence bigint, p_result jsonb?, p_project text?) jsonb
task_enqueue(p_queue text, p_tasks jsonb, p_project text?) json
task_fail(p_task uuid, p_fence bigint, p_error text, p_retry boolean?, p_delay_ms bigint?, p_project text?) jsonb
task_get(p_task uuid, p_project text?) jsonb
task_group_set(p_queue text, p_group text, p_concurrency integer, p_project text?) jsonb
task_list(p_queue text?, p_status text?, p_before uuid?, p_limit integer?, p_project text?) jsonb
task_release(p_task uuid, p_fence bigint, p_project text?) jsonb
task_retry(p_task uuid, p_project text?) jsonb
task_settle(p_items jsonb, p_project text?) json
task_stats(p_project text?) jsonb
task_sweep(p_keep interval?, p_limit integer?) jsonb owner
task_totals() jsonb owner
topic_list(p_project text?) jsonb
topic_subscribe(p_topic text, p_project text?) jsonb
topic_unsubscribe(p_topic text, p_project text?) jsonb
webhook_claim(p_limit integer?, p_lease_s integer?, p_per_project integer?) jsonb owner
webhook_list(p_project text?) jsonb
webhook_put(p_name text, p_url text, p_topics text[], p_secret text, p_enabled boolean?, p_project text?) jsonb
webhook_remove(p_name text, p_project text?) jsonb
webhook_replay(p_key text, p_name text, p_after bigint, p_topics text[]?, p_project text?) jsonb
webhook_report(p_webhook uuid, p_topic text, p_lease uuid, p_through bigint, p_delivered integer, p_status integer?, p_error text?, p_retry_after_s integer?) jsonb owner
webhook_rewrap(p_webhook uuid, p_from text, p_to text) jsonb owner
webhook_rotate(p_key text, p_name text, p_secret text, p_overlap_s integer?, p_project text?) jsonb
webhook_stale(p_key_id text, p_limit integer?) jsonb owner
webhook_target(p_name text, p_project text) jsonb owner
`

export const coreSignatures = lines.trim().split('\n').map(parseSignature)
