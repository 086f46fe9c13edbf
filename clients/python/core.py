"""Core for Python: one file, standard library only, Python 3.9 or later.

    from core import Core, credits

    core = Core("http://127.0.0.1:4400", key)
    with core.hold("smart_layer", max=credits(2)) as hold:
        answer = call_a_model()
        hold.meter(credits(answer.price))

core.rpc has a method for each function of core_api that a key may call; amounts are whole micro-credits.
Made by packages/sdk/scripts/generate.ts. Do not edit.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from decimal import ROUND_CEILING, Decimal
from typing import Any, Optional, Sequence, TypedDict

UNSET: Any = object()
MAX_AMOUNT = 2**53 - 1
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def credits(amount: "float | int | str | Decimal") -> int:
    """Whole micro-credits of an amount in credits, rounded up: 2.5 is 2500000."""
    try:
        micro = int((Decimal(str(amount)) * 1_000_000).to_integral_value(rounding=ROUND_CEILING))
    except (ArithmeticError, ValueError):
        raise ValueError(f"{amount!r} is not a number of credits") from None
    if not 0 <= micro <= MAX_AMOUNT:
        raise ValueError(f"{amount} credits are not from 0 to 2^53 - 1 micro-credits")
    return micro


class Problem(TypedDict, total=False):
    """What the database says of a call that it refuses."""

    code: str
    message: str
    details: Optional[str]
    hint: Optional[str]


class CoreError(Exception):
    """A call that failed. With `retryable`, the same call with the same key may succeed."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.get("message") or f"status {status}")
        self.status = status
        self.code = problem.get("code") or ""
        self.fix = problem.get("hint")
        self.details = problem.get("details")
        self.retryable = status in (0, 408, 429, 500, 502, 503, 504)


class Denied(Exception):
    """The ledger did not allow it: `code` is insufficient_credits, budget_exhausted, account_not_found, …"""

    def __init__(self, answer: "dict[str, Any]") -> None:
        super().__init__(str(answer.get("code")))
        self.code = str(answer.get("code"))
        self.answer = answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key goes to the address it was given for and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Rpc:
    """A method for each function of core_api. Calls that were lost are sent again: they have a key, or may run twice."""

    def __init__(self, url: str, key: str, timeout: float, attempts: int) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("the URL must be https, or http on this machine: a key in clear can be read on the way")
        if parts.username or parts.query or parts.fragment:
            raise ValueError("the URL has a user, a query or a fragment: give the address alone, and the key beside it")
        if not re.fullmatch("[!-~]+", key):
            raise ValueError("the key is empty or holds characters that no header can carry: copy it again")
        self._base = url.rstrip("/") + "/rest/v1/rpc/"
        self._key = key
        self._timeout = timeout
        self._attempts = attempts
        self._opener = urllib.request.build_opener(_NoRedirect)

    def _call(self, name: str, args: "dict[str, Any]", timeout: Optional[float]) -> Any:
        body = json.dumps({field: value for field, value in args.items() if value is not UNSET}, allow_nan=False).encode()
        ends = time.monotonic() + (timeout or self._timeout)
        for attempt in range(1, self._attempts + 1):
            try:
                return self._send(name, body, max(0.001, ends - time.monotonic()))
            except CoreError as error:
                pause = random.uniform(0, min(2.0, 0.1 * 2**attempt))
                if not error.retryable or attempt == self._attempts or time.monotonic() + pause >= ends:
                    raise
                time.sleep(pause)
        raise AssertionError("every attempt returns or raises")

    def _send(self, name: str, body: bytes, timeout: float) -> Any:
        request = urllib.request.Request(self._base + name, data=body, method="POST")
        for header, value in (
            ("Authorization", f"Bearer {self._key}"),
            ("apikey", self._key),
            ("Content-Profile", "core_api"),
            ("Content-Type", "application/json"),
        ):
            request.add_header(header, value)
        try:
            with self._opener.open(request, timeout=timeout) as response:
                text = response.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise CoreError(error.code, _problem(error.read(), error.reason)) from None
        except (OSError, ValueError) as error:
            raise CoreError(0, {"message": f"no answer: {error}"}) from error

    def audit_log(self, *, p_project: Optional[str] = UNSET, p_before: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, p_filter: Optional[Any] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("audit_log", {"p_project": p_project, "p_before": p_before, "p_limit": p_limit, "p_filter": p_filter}, timeout)

    def cache_clear(self, *, p_namespace: str, p_origin: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_clear", {"p_namespace": p_namespace, "p_origin": p_origin, "p_project": p_project}, timeout)

    def cache_delete(self, *, p_namespace: str, p_keys: Sequence[str], p_origin: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_delete", {"p_namespace": p_namespace, "p_keys": p_keys, "p_origin": p_origin, "p_project": p_project}, timeout)

    def cache_expire(self, *, p_namespace: str, p_keys: Sequence[str], p_origin: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_expire", {"p_namespace": p_namespace, "p_keys": p_keys, "p_origin": p_origin, "p_project": p_project}, timeout)

    def cache_get_many(self, *, p_namespace: str, p_keys: Sequence[str], p_holder: Optional[str] = UNSET, p_lease_ms: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_get_many", {"p_namespace": p_namespace, "p_keys": p_keys, "p_holder": p_holder, "p_lease_ms": p_lease_ms, "p_project": p_project}, timeout)

    def cache_hint(self, *, p_namespace: str, p_origin: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_hint", {"p_namespace": p_namespace, "p_origin": p_origin, "p_project": p_project}, timeout)

    def cache_invalidate_tags(self, *, p_namespace: str, p_tags: Sequence[str], p_origin: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_invalidate_tags", {"p_namespace": p_namespace, "p_tags": p_tags, "p_origin": p_origin, "p_project": p_project}, timeout)

    def cache_list(self, *, p_namespace: str, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_list", {"p_namespace": p_namespace, "p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def cache_poll(self, *, p_cursor: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, p_namespaces: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_poll", {"p_cursor": p_cursor, "p_limit": p_limit, "p_project": p_project, "p_namespaces": p_namespaces}, timeout)

    def cache_put_many(self, *, p_namespace: str, p_entries: Any, p_origin: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_put_many", {"p_namespace": p_namespace, "p_entries": p_entries, "p_origin": p_origin, "p_project": p_project}, timeout)

    def cache_release(self, *, p_namespace: str, p_key: str, p_token: int, p_failure: Optional[str] = UNSET, p_backoff_ms: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_release", {"p_namespace": p_namespace, "p_key": p_key, "p_token": p_token, "p_failure": p_failure, "p_backoff_ms": p_backoff_ms, "p_project": p_project}, timeout)

    def cache_renew(self, *, p_namespace: str, p_key: str, p_token: int, p_lease_ms: int, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_renew", {"p_namespace": p_namespace, "p_key": p_key, "p_token": p_token, "p_lease_ms": p_lease_ms, "p_project": p_project}, timeout)

    def cache_stats(self, *, p_namespace: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_stats", {"p_namespace": p_namespace, "p_project": p_project}, timeout)

    def cache_sweep(self, *, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("cache_sweep", {"p_limit": p_limit, "p_project": p_project}, timeout)

    def claim_list(self, *, p_after: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("claim_list", {"p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def claim_release(self, *, p_resource: str, p_fence: int, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("claim_release", {"p_resource": p_resource, "p_fence": p_fence, "p_project": p_project}, timeout)

    def claim_renew(self, *, p_resource: str, p_fence: int, p_ttl_s: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("claim_renew", {"p_resource": p_resource, "p_fence": p_fence, "p_ttl_s": p_ttl_s, "p_project": p_project}, timeout)

    def claim_take(self, *, p_key: str, p_session: str, p_resource: str, p_mode: Optional[str] = UNSET, p_ttl_s: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("claim_take", {"p_key": p_key, "p_session": p_session, "p_resource": p_resource, "p_mode": p_mode, "p_ttl_s": p_ttl_s, "p_project": p_project}, timeout)

    def coordinator_poll(self, *, p_session: Optional[str] = UNSET, p_beat: Optional[Any] = UNSET, p_messages: Optional[Any] = UNSET, p_tasks: Optional[Any] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("coordinator_poll", {"p_session": p_session, "p_beat": p_beat, "p_messages": p_messages, "p_tasks": p_tasks, "p_project": p_project}, timeout)

    def coordinator_waiting(self, *, p_inbox: Optional[bool] = UNSET, p_queues: Optional[Sequence[str]] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("coordinator_waiting", {"p_inbox": p_inbox, "p_queues": p_queues, "p_project": p_project}, timeout)

    def embedding_cache_get_many(self, *, p_model: str, p_dims: int, p_hashes: Sequence[str], p_revision: Optional[str] = UNSET, p_project: Optional[str] = UNSET, p_shared: Optional[bool] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_cache_get_many", {"p_model": p_model, "p_dims": p_dims, "p_hashes": p_hashes, "p_revision": p_revision, "p_project": p_project, "p_shared": p_shared}, timeout)

    def embedding_cache_put_many(self, *, p_model: str, p_dims: int, p_hashes: Sequence[str], p_vectors: Sequence[str], p_revision: Optional[str] = UNSET, p_project: Optional[str] = UNSET, p_shareable: Optional[bool] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_cache_put_many", {"p_model": p_model, "p_dims": p_dims, "p_hashes": p_hashes, "p_vectors": p_vectors, "p_revision": p_revision, "p_project": p_project, "p_shareable": p_shareable}, timeout)

    def embedding_changed(self, *, p_space: str, p_items: Any, p_tenant: Optional[str] = UNSET, p_source: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_changed", {"p_space": p_space, "p_items": p_items, "p_tenant": p_tenant, "p_source": p_source, "p_project": p_project}, timeout)

    def embedding_delete(self, *, p_space: str, p_documents: Optional[Sequence[str]] = UNSET, p_tenant: Optional[str] = UNSET, p_source: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_delete", {"p_space": p_space, "p_documents": p_documents, "p_tenant": p_tenant, "p_source": p_source, "p_limit": p_limit, "p_project": p_project}, timeout)

    def embedding_documents(self, *, p_space: str, p_tenant: Optional[str] = UNSET, p_source: Optional[str] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_documents", {"p_space": p_space, "p_tenant": p_tenant, "p_source": p_source, "p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def embedding_migrate_begin(self, *, p_space: str, p_provider: str, p_model: str, p_dims: int, p_revision: Optional[str] = UNSET, p_metric: Optional[str] = UNSET, p_swaps: Optional[bool] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_migrate_begin", {"p_space": p_space, "p_provider": p_provider, "p_model": p_model, "p_dims": p_dims, "p_revision": p_revision, "p_metric": p_metric, "p_swaps": p_swaps, "p_project": p_project}, timeout)

    def embedding_migrate_cancel(self, *, p_space: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_migrate_cancel", {"p_space": p_space, "p_project": p_project}, timeout)

    def embedding_migrate_swap(self, *, p_space: str, p_partial: Optional[bool] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_migrate_swap", {"p_space": p_space, "p_partial": p_partial, "p_project": p_project}, timeout)

    def embedding_queue_claim(self, *, p_space: str, p_limit: Optional[int] = UNSET, p_lease_s: Optional[int] = UNSET, p_generation: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_queue_claim", {"p_space": p_space, "p_limit": p_limit, "p_lease_s": p_lease_s, "p_generation": p_generation, "p_project": p_project}, timeout)

    def embedding_queue_settle(self, *, p_space: str, p_generation: int, p_items: Sequence[int], p_hashes: Sequence[str], p_vectors: Sequence[str], p_reason: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_queue_settle", {"p_space": p_space, "p_generation": p_generation, "p_items": p_items, "p_hashes": p_hashes, "p_vectors": p_vectors, "p_reason": p_reason, "p_project": p_project}, timeout)

    def embedding_recall(self, *, p_space: str, p_sample: Optional[int] = UNSET, p_k: Optional[int] = UNSET, p_recall: Optional[str] = UNSET, p_tenant: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_recall", {"p_space": p_space, "p_sample": p_sample, "p_k": p_k, "p_recall": p_recall, "p_tenant": p_tenant, "p_project": p_project}, timeout)

    def embedding_search(self, *, p_space: str, p_vector: Optional[str] = UNSET, p_text: Optional[str] = UNSET, p_mode: Optional[str] = UNSET, p_k: Optional[int] = UNSET, p_filter: Optional[Any] = UNSET, p_tenant: Optional[str] = UNSET, p_source: Optional[str] = UNSET, p_recall: Optional[str] = UNSET, p_min_score: Optional[float] = UNSET, p_include: Optional[Sequence[str]] = UNSET, p_generation: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_search", {"p_space": p_space, "p_vector": p_vector, "p_text": p_text, "p_mode": p_mode, "p_k": p_k, "p_filter": p_filter, "p_tenant": p_tenant, "p_source": p_source, "p_recall": p_recall, "p_min_score": p_min_score, "p_include": p_include, "p_generation": p_generation, "p_project": p_project}, timeout)

    def embedding_space_drop(self, *, p_space: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_space_drop", {"p_space": p_space, "p_project": p_project}, timeout)

    def embedding_space_list(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_space_list", {"p_project": p_project}, timeout)

    def embedding_space_open(self, *, p_space: str, p_provider: str, p_model: str, p_dims: int, p_revision: Optional[str] = UNSET, p_metric: Optional[str] = UNSET, p_language: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_space_open", {"p_space": p_space, "p_provider": p_provider, "p_model": p_model, "p_dims": p_dims, "p_revision": p_revision, "p_metric": p_metric, "p_language": p_language, "p_project": p_project}, timeout)

    def embedding_stats(self, *, p_space: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_stats", {"p_space": p_space, "p_project": p_project}, timeout)

    def embedding_upsert(self, *, p_space: str, p_items: Any, p_vectors: Optional[Sequence[str]] = UNSET, p_tenant: Optional[str] = UNSET, p_source: Optional[str] = UNSET, p_whole: Optional[Sequence[str]] = UNSET, p_generation: Optional[int] = UNSET, p_reason: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("embedding_upsert", {"p_space": p_space, "p_items": p_items, "p_vectors": p_vectors, "p_tenant": p_tenant, "p_source": p_source, "p_whole": p_whole, "p_generation": p_generation, "p_reason": p_reason, "p_project": p_project}, timeout)

    def error_list(self, *, p_project: Optional[str] = UNSET, p_status: Optional[str] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("error_list", {"p_project": p_project, "p_status": p_status, "p_after": p_after, "p_limit": p_limit}, timeout)

    def error_update(self, *, p_id: str, p_status: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("error_update", {"p_id": p_id, "p_status": p_status, "p_project": p_project}, timeout)

    def event_poll(self, *, p_after: int, p_limit: Optional[int] = UNSET, p_topics: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("event_poll", {"p_after": p_after, "p_limit": p_limit, "p_topics": p_topics}, timeout)

    def file_abort(self, *, p_upload: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("file_abort", {"p_upload": p_upload, "p_project": p_project}, timeout)

    def file_get(self, *, p_name: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("file_get", {"p_name": p_name, "p_project": p_project}, timeout)

    def file_list(self, *, p_prefix: Optional[str] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("file_list", {"p_prefix": p_prefix, "p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def file_remove(self, *, p_name: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("file_remove", {"p_name": p_name, "p_project": p_project}, timeout)

    def file_upload(self, *, p_upload: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("file_upload", {"p_upload": p_upload, "p_project": p_project}, timeout)

    def file_usage(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("file_usage", {"p_project": p_project}, timeout)

    def flag_clear(self, *, p_name: str, p_project: Optional[str] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("flag_clear", {"p_name": p_name, "p_project": p_project, "p_if_match": p_if_match}, timeout)

    def flag_list(self, *, p_project: Optional[str] = UNSET, p_after_version: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("flag_list", {"p_project": p_project, "p_after_version": p_after_version, "p_limit": p_limit}, timeout)

    def flag_set(self, *, p_name: str, p_value: Any, p_project: Optional[str] = UNSET, p_rollout_bp: Optional[int] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("flag_set", {"p_name": p_name, "p_value": p_value, "p_project": p_project, "p_rollout_bp": p_rollout_bp, "p_if_match": p_if_match}, timeout)

    def health_history(self, *, p_period: Optional[str] = UNSET, p_before: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("health_history", {"p_period": p_period, "p_before": p_before, "p_limit": p_limit, "p_project": p_project}, timeout)

    def health_list(self, *, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("health_list", {"p_after": p_after, "p_limit": p_limit}, timeout)

    def health_policy_get(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("health_policy_get", {"p_project": p_project}, timeout)

    def health_policy_set(self, *, p_policy: Any, p_project: Optional[str] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("health_policy_set", {"p_policy": p_policy, "p_project": p_project, "p_if_match": p_if_match}, timeout)

    def insight_decide(self, *, p_insight: str, p_decision: str, p_effect_bp: Optional[int] = UNSET, p_note: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("insight_decide", {"p_insight": p_insight, "p_decision": p_decision, "p_effect_bp": p_effect_bp, "p_note": p_note, "p_project": p_project}, timeout)

    def insight_get(self, *, p_insight: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("insight_get", {"p_insight": p_insight, "p_project": p_project}, timeout)

    def insight_list(self, *, p_category: Optional[str] = UNSET, p_author: Optional[str] = UNSET, p_open: Optional[bool] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("insight_list", {"p_category": p_category, "p_author": p_author, "p_open": p_open, "p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def insight_remove(self, *, p_insight: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("insight_remove", {"p_insight": p_insight, "p_project": p_project}, timeout)

    def insight_share(self, *, p_key: str, p_category: str, p_title: str, p_body: Optional[str] = UNSET, p_evidence: Optional[Any] = UNSET, p_expected_bp: Optional[int] = UNSET, p_confidence_bp: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("insight_share", {"p_key": p_key, "p_category": p_category, "p_title": p_title, "p_body": p_body, "p_evidence": p_evidence, "p_expected_bp": p_expected_bp, "p_confidence_bp": p_confidence_bp, "p_project": p_project}, timeout)

    def key_check(self, *, p_hash: str, p_scope: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("key_check", {"p_hash": p_hash, "p_scope": p_scope}, timeout)

    def key_create(self, *, p_key: str, p_hash: str, p_hint: str, p_project: Optional[str] = UNSET, p_name: Optional[str] = UNSET, p_caps: Optional[Sequence[str]] = UNSET, p_expires_at: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("key_create", {"p_key": p_key, "p_hash": p_hash, "p_hint": p_hint, "p_project": p_project, "p_name": p_name, "p_caps": p_caps, "p_expires_at": p_expires_at}, timeout)

    def key_get(self, *, p_id: str, timeout: Optional[float] = None) -> Any:
        return self._call("key_get", {"p_id": p_id}, timeout)

    def key_list(self, *, p_project: Optional[str] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("key_list", {"p_project": p_project, "p_after": p_after, "p_limit": p_limit}, timeout)

    def key_reroll(self, *, p_key: str, p_id: str, p_hash: str, p_hint: str, p_overlap_s: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("key_reroll", {"p_key": p_key, "p_id": p_id, "p_hash": p_hash, "p_hint": p_hint, "p_overlap_s": p_overlap_s}, timeout)

    def key_revoke(self, *, p_id: str, timeout: Optional[float] = None) -> Any:
        return self._call("key_revoke", {"p_id": p_id}, timeout)

    def key_update(self, *, p_id: str, p_name: Optional[str] = UNSET, p_enabled: Optional[bool] = UNSET, p_expires_at: Optional[str] = UNSET, p_forever: Optional[bool] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, p_add_defaults: Optional[bool] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("key_update", {"p_id": p_id, "p_name": p_name, "p_enabled": p_enabled, "p_expires_at": p_expires_at, "p_forever": p_forever, "p_if_match": p_if_match, "p_add_defaults": p_add_defaults}, timeout)

    def ledger_account_open(self, *, p_key: str, p_account: str, p_kind: Optional[str] = UNSET, p_parent: Optional[str] = UNSET, p_overdraft: Optional[int] = UNSET, p_metadata: Optional[Any] = UNSET, p_funding: Optional[str] = UNSET, p_debt_limit: Optional[int] = UNSET, p_over_bp: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_account_open", {"p_key": p_key, "p_account": p_account, "p_kind": p_kind, "p_parent": p_parent, "p_overdraft": p_overdraft, "p_metadata": p_metadata, "p_funding": p_funding, "p_debt_limit": p_debt_limit, "p_over_bp": p_over_bp}, timeout)

    def ledger_account_update(self, *, p_key: str, p_account: str, p_status: Optional[str] = UNSET, p_overdraft: Optional[int] = UNSET, p_metadata: Optional[Any] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, p_debt_limit: Optional[int] = UNSET, p_over_bp: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_account_update", {"p_key": p_key, "p_account": p_account, "p_status": p_status, "p_overdraft": p_overdraft, "p_metadata": p_metadata, "p_if_match": p_if_match, "p_debt_limit": p_debt_limit, "p_over_bp": p_over_bp}, timeout)

    def ledger_accounts(self, *, p_parent: Optional[str] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_accounts", {"p_parent": p_parent, "p_after": p_after, "p_limit": p_limit}, timeout)

    def ledger_alerts(self, *, p_after: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_alerts", {"p_after": p_after, "p_limit": p_limit}, timeout)

    def ledger_audit(self, *, p_account: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_audit", {"p_account": p_account}, timeout)

    def ledger_balance(self, *, p_account: str, p_at: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_balance", {"p_account": p_account, "p_at": p_at}, timeout)

    def ledger_batch(self, *, p_ops: Any, p_atomic: Optional[bool] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_batch", {"p_ops": p_ops, "p_atomic": p_atomic}, timeout)

    def ledger_batch_json(self, *, p_ops: Any, p_atomic: Optional[bool] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_batch_json", {"p_ops": p_ops, "p_atomic": p_atomic}, timeout)

    def ledger_budget_set(self, *, p_key: str, p_account: str, p_name: str, p_period: str, p_limit: int, p_tz: Optional[str] = UNSET, p_carry_cap: Optional[int] = UNSET, p_floor: Optional[int] = UNSET, p_alert_bp: Optional[Sequence[int]] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_budget_set", {"p_key": p_key, "p_account": p_account, "p_name": p_name, "p_period": p_period, "p_limit": p_limit, "p_tz": p_tz, "p_carry_cap": p_carry_cap, "p_floor": p_floor, "p_alert_bp": p_alert_bp, "p_if_match": p_if_match}, timeout)

    def ledger_capture(self, *, p_key: str, p_hold: str, p_amount: int, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_capture", {"p_key": p_key, "p_hold": p_hold, "p_amount": p_amount}, timeout)

    def ledger_charge(self, *, p_key: str, p_account: str, p_amount: int, p_metadata: Optional[Any] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_charge", {"p_key": p_key, "p_account": p_account, "p_amount": p_amount, "p_metadata": p_metadata}, timeout)

    def ledger_charges(self, *, p_account: str, p_before: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_charges", {"p_account": p_account, "p_before": p_before, "p_limit": p_limit}, timeout)

    def ledger_extend(self, *, p_key: str, p_hold: str, p_add: Optional[int] = UNSET, p_min: Optional[int] = UNSET, p_ttl_s: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_extend", {"p_key": p_key, "p_hold": p_hold, "p_add": p_add, "p_min": p_min, "p_ttl_s": p_ttl_s}, timeout)

    def ledger_grant(self, *, p_key: str, p_account: str, p_amount: int, p_reason: Optional[str] = UNSET, p_metadata: Optional[Any] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_grant", {"p_key": p_key, "p_account": p_account, "p_amount": p_amount, "p_reason": p_reason, "p_metadata": p_metadata}, timeout)

    def ledger_history(self, *, p_account: str, p_before: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, p_filter: Optional[Any] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_history", {"p_account": p_account, "p_before": p_before, "p_limit": p_limit, "p_filter": p_filter}, timeout)

    def ledger_hold_get(self, *, p_hold: str, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_hold_get", {"p_hold": p_hold}, timeout)

    def ledger_holds(self, *, p_account: str, p_status: Optional[str] = UNSET, p_before: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_holds", {"p_account": p_account, "p_status": p_status, "p_before": p_before, "p_limit": p_limit}, timeout)

    def ledger_lease_close(self, *, p_key: str, p_lease: str, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_lease_close", {"p_key": p_key, "p_lease": p_lease}, timeout)

    def ledger_lease_get(self, *, p_lease: str, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_lease_get", {"p_lease": p_lease}, timeout)

    def ledger_lease_open(self, *, p_key: str, p_account: str, p_amount: int, p_ttl_s: int, p_device: str, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_lease_open", {"p_key": p_key, "p_account": p_account, "p_amount": p_amount, "p_ttl_s": p_ttl_s, "p_device": p_device}, timeout)

    def ledger_lease_report(self, *, p_lease: str, p_seq: int, p_items: Any, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_lease_report", {"p_lease": p_lease, "p_seq": p_seq, "p_items": p_items}, timeout)

    def ledger_leases(self, *, p_account: str, p_before: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_leases", {"p_account": p_account, "p_before": p_before, "p_limit": p_limit}, timeout)

    def ledger_rebalance(self, *, p_key: str, p_parent: str, p_budget: str, p_policy: Optional[str] = UNSET, p_dry_run: Optional[bool] = UNSET, p_until: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_rebalance", {"p_key": p_key, "p_parent": p_parent, "p_budget": p_budget, "p_policy": p_policy, "p_dry_run": p_dry_run, "p_until": p_until}, timeout)

    def ledger_refund(self, *, p_key: str, p_tx: int, p_amount: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_refund", {"p_key": p_key, "p_tx": p_tx, "p_amount": p_amount}, timeout)

    def ledger_refund_hold(self, *, p_key: str, p_hold: str, p_amount: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_refund_hold", {"p_key": p_key, "p_hold": p_hold, "p_amount": p_amount}, timeout)

    def ledger_refunds(self, *, p_account: str, p_before: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_refunds", {"p_account": p_account, "p_before": p_before, "p_limit": p_limit}, timeout)

    def ledger_reserve(self, *, p_key: str, p_account: str, p_amount: int, p_hold: Optional[str] = UNSET, p_min: Optional[int] = UNSET, p_ttl_s: Optional[int] = UNSET, p_over: Optional[str] = UNSET, p_metadata: Optional[Any] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_reserve", {"p_key": p_key, "p_account": p_account, "p_amount": p_amount, "p_hold": p_hold, "p_min": p_min, "p_ttl_s": p_ttl_s, "p_over": p_over, "p_metadata": p_metadata}, timeout)

    def ledger_settle(self, *, p_key: str, p_hold: str, p_amount: Optional[int] = UNSET, p_metadata: Optional[Any] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_settle", {"p_key": p_key, "p_hold": p_hold, "p_amount": p_amount, "p_metadata": p_metadata}, timeout)

    def ledger_transfer(self, *, p_key: str, p_from: str, p_to: str, p_amount: int, p_mode: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_transfer", {"p_key": p_key, "p_from": p_from, "p_to": p_to, "p_amount": p_amount, "p_mode": p_mode}, timeout)

    def ledger_usage(self, *, p_account: str, p_from: str, p_to: str, p_bucket: str, p_tz: Optional[str] = UNSET, p_children: Optional[bool] = UNSET, p_by: Optional[Sequence[str]] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_usage", {"p_account": p_account, "p_from": p_from, "p_to": p_to, "p_bucket": p_bucket, "p_tz": p_tz, "p_children": p_children, "p_by": p_by, "p_after": p_after, "p_limit": p_limit}, timeout)

    def ledger_user_ensure(self, *, p_key: str, p_user: str, p_limit: int, p_period: Optional[str] = UNSET, p_tz: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_user_ensure", {"p_key": p_key, "p_user": p_user, "p_limit": p_limit, "p_period": p_period, "p_tz": p_tz, "p_project": p_project}, timeout)

    def ledger_void(self, *, p_key: str, p_hold: str, p_reason: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("ledger_void", {"p_key": p_key, "p_hold": p_hold, "p_reason": p_reason}, timeout)

    def lock_acquire(self, *, p_name: str, p_holder: str, p_ttl_s: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("lock_acquire", {"p_name": p_name, "p_holder": p_holder, "p_ttl_s": p_ttl_s, "p_project": p_project}, timeout)

    def lock_list(self, *, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("lock_list", {"p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def lock_release(self, *, p_name: str, p_fence: int, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("lock_release", {"p_name": p_name, "p_fence": p_fence, "p_project": p_project}, timeout)

    def lock_renew(self, *, p_name: str, p_fence: int, p_ttl_s: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("lock_renew", {"p_name": p_name, "p_fence": p_fence, "p_ttl_s": p_ttl_s, "p_project": p_project}, timeout)

    def manifest(self, *, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("manifest", {"p_after": p_after, "p_limit": p_limit}, timeout)

    def manifest_place(self, *, p_capabilities: Optional[Sequence[str]] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("manifest_place", {"p_capabilities": p_capabilities, "p_limit": p_limit}, timeout)

    def member_add(self, *, p_key: str, p_project: str, p_subject: str, p_role: str, p_name: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("member_add", {"p_key": p_key, "p_project": p_project, "p_subject": p_subject, "p_role": p_role, "p_name": p_name}, timeout)

    def member_get(self, *, p_project: str, p_subject: str, timeout: Optional[float] = None) -> Any:
        return self._call("member_get", {"p_project": p_project, "p_subject": p_subject}, timeout)

    def member_list(self, *, p_project: str, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("member_list", {"p_project": p_project, "p_after": p_after, "p_limit": p_limit}, timeout)

    def member_remove(self, *, p_project: str, p_subject: str, timeout: Optional[float] = None) -> Any:
        return self._call("member_remove", {"p_project": p_project, "p_subject": p_subject}, timeout)

    def member_set(self, *, p_project: str, p_subject: str, p_role: str, p_name: Optional[str] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("member_set", {"p_project": p_project, "p_subject": p_subject, "p_role": p_role, "p_name": p_name, "p_if_match": p_if_match}, timeout)

    def member_update(self, *, p_project: str, p_subject: str, p_role: Optional[str] = UNSET, p_name: Optional[str] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("member_update", {"p_project": p_project, "p_subject": p_subject, "p_role": p_role, "p_name": p_name, "p_if_match": p_if_match}, timeout)

    def message_ack(self, *, p_deliveries: Sequence[str], p_fences: Sequence[int], p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_ack", {"p_deliveries": p_deliveries, "p_fences": p_fences, "p_project": p_project}, timeout)

    def message_extend(self, *, p_deliveries: Sequence[str], p_fences: Sequence[int], p_visible_s: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_extend", {"p_deliveries": p_deliveries, "p_fences": p_fences, "p_visible_s": p_visible_s, "p_project": p_project}, timeout)

    def message_get(self, *, p_message: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_get", {"p_message": p_message, "p_project": p_project}, timeout)

    def message_list(self, *, p_box: Optional[str] = UNSET, p_type: Optional[str] = UNSET, p_with: Optional[str] = UNSET, p_before: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_list", {"p_box": p_box, "p_type": p_type, "p_with": p_with, "p_before": p_before, "p_limit": p_limit, "p_project": p_project}, timeout)

    def message_nack(self, *, p_delivery: str, p_fence: int, p_error: Optional[str] = UNSET, p_outcome: Optional[str] = UNSET, p_delay_ms: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_nack", {"p_delivery": p_delivery, "p_fence": p_fence, "p_error": p_error, "p_outcome": p_outcome, "p_delay_ms": p_delay_ms, "p_project": p_project}, timeout)

    def message_receive(self, *, p_limit: Optional[int] = UNSET, p_visible_s: Optional[int] = UNSET, p_holder: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_receive", {"p_limit": p_limit, "p_visible_s": p_visible_s, "p_holder": p_holder, "p_project": p_project}, timeout)

    def message_reply(self, *, p_message: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_reply", {"p_message": p_message, "p_project": p_project}, timeout)

    def message_retry(self, *, p_delivery: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_retry", {"p_delivery": p_delivery, "p_project": p_project}, timeout)

    def message_send(self, *, p_key: str, p_type: str, p_to: Optional[str] = UNSET, p_payload: Optional[Any] = UNSET, p_priority: Optional[str] = UNSET, p_ttl_s: Optional[int] = UNSET, p_reply_to: Optional[str] = UNSET, p_ordered: Optional[bool] = UNSET, p_await: Optional[bool] = UNSET, p_max_attempts: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_send", {"p_key": p_key, "p_type": p_type, "p_to": p_to, "p_payload": p_payload, "p_priority": p_priority, "p_ttl_s": p_ttl_s, "p_reply_to": p_reply_to, "p_ordered": p_ordered, "p_await": p_await, "p_max_attempts": p_max_attempts, "p_project": p_project}, timeout)

    def message_stats(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("message_stats", {"p_project": p_project}, timeout)

    def price_book(self, *, p_after_version: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("price_book", {"p_after_version": p_after_version, "p_limit": p_limit, "p_project": p_project}, timeout)

    def price_list(self, *, p_provider: Optional[str] = UNSET, p_model: Optional[str] = UNSET, p_at: Optional[str] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("price_list", {"p_provider": p_provider, "p_model": p_model, "p_at": p_at, "p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def price_quote(self, *, p_provider: str, p_model: str, p_usage: Any, p_at: Optional[str] = UNSET, p_project: Optional[str] = UNSET, p_tier: Optional[str] = UNSET, p_unknown: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("price_quote", {"p_provider": p_provider, "p_model": p_model, "p_usage": p_usage, "p_at": p_at, "p_project": p_project, "p_tier": p_tier, "p_unknown": p_unknown}, timeout)

    def project_archive(self, *, p_name: str, timeout: Optional[float] = None) -> Any:
        return self._call("project_archive", {"p_name": p_name}, timeout)

    def project_create(self, *, p_key: str, p_name: str, p_version: Optional[str] = UNSET, p_capabilities: Optional[Any] = UNSET, p_endpoints: Optional[Any] = UNSET, p_metadata: Optional[Any] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("project_create", {"p_key": p_key, "p_name": p_name, "p_version": p_version, "p_capabilities": p_capabilities, "p_endpoints": p_endpoints, "p_metadata": p_metadata}, timeout)

    def project_get(self, *, p_name: str, timeout: Optional[float] = None) -> Any:
        return self._call("project_get", {"p_name": p_name}, timeout)

    def project_list(self, timeout: Optional[float] = None) -> Any:
        return self._call("project_list", {}, timeout)

    def project_register(self, *, p_name: str, p_version: Optional[str] = UNSET, p_capabilities: Optional[Any] = UNSET, p_endpoints: Optional[Any] = UNSET, p_metadata: Optional[Any] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("project_register", {"p_name": p_name, "p_version": p_version, "p_capabilities": p_capabilities, "p_endpoints": p_endpoints, "p_metadata": p_metadata, "p_if_match": p_if_match}, timeout)

    def project_restore(self, *, p_name: str, timeout: Optional[float] = None) -> Any:
        return self._call("project_restore", {"p_name": p_name}, timeout)

    def project_update(self, *, p_name: str, p_version: Optional[str] = UNSET, p_capabilities: Optional[Any] = UNSET, p_endpoints: Optional[Any] = UNSET, p_metadata: Optional[Any] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("project_update", {"p_name": p_name, "p_version": p_version, "p_capabilities": p_capabilities, "p_endpoints": p_endpoints, "p_metadata": p_metadata, "p_if_match": p_if_match}, timeout)

    def provider_list(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("provider_list", {"p_project": p_project}, timeout)

    def provider_remove(self, *, p_name: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("provider_remove", {"p_name": p_name, "p_project": p_project}, timeout)

    def provider_set(self, *, p_name: str, p_kind: str, p_base_url: Optional[str] = UNSET, p_secret: Optional[str] = UNSET, p_settings: Optional[Any] = UNSET, p_project: Optional[str] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("provider_set", {"p_name": p_name, "p_kind": p_kind, "p_base_url": p_base_url, "p_secret": p_secret, "p_settings": p_settings, "p_project": p_project, "p_if_match": p_if_match}, timeout)

    def route_list(self, *, p_project: Optional[str] = UNSET, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("route_list", {"p_project": p_project, "p_after": p_after, "p_limit": p_limit}, timeout)

    def route_remove(self, *, p_name: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("route_remove", {"p_name": p_name, "p_project": p_project}, timeout)

    def route_set(self, *, p_name: str, p_targets: Any, p_policy: Optional[Any] = UNSET, p_project: Optional[str] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("route_set", {"p_name": p_name, "p_targets": p_targets, "p_policy": p_policy, "p_project": p_project, "p_if_match": p_if_match}, timeout)

    def router_calls(self, *, p_before: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, p_filter: Optional[Any] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("router_calls", {"p_before": p_before, "p_limit": p_limit, "p_filter": p_filter, "p_project": p_project}, timeout)

    def router_content(self, *, p_call: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("router_content", {"p_call": p_call, "p_project": p_project}, timeout)

    def secret_list(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("secret_list", {"p_project": p_project}, timeout)

    def secret_put(self, *, p_name: str, p_sealed: str, p_version: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("secret_put", {"p_name": p_name, "p_sealed": p_sealed, "p_version": p_version, "p_project": p_project}, timeout)

    def secret_remove(self, *, p_name: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("secret_remove", {"p_name": p_name, "p_project": p_project}, timeout)

    def session_beat(self, *, p_session: str, p_status: Optional[str] = UNSET, p_metrics: Optional[Any] = UNSET, p_idle_ms: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("session_beat", {"p_session": p_session, "p_status": p_status, "p_metrics": p_metrics, "p_idle_ms": p_idle_ms, "p_project": p_project}, timeout)

    def session_close(self, *, p_session: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("session_close", {"p_session": p_session, "p_project": p_project}, timeout)

    def session_list(self, *, p_after: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("session_list", {"p_after": p_after, "p_limit": p_limit, "p_project": p_project}, timeout)

    def session_open(self, *, p_key: str, p_fingerprint: str, p_kind: Optional[str] = UNSET, p_name: Optional[str] = UNSET, p_version: Optional[str] = UNSET, p_status: Optional[str] = UNSET, p_ttl_s: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("session_open", {"p_key": p_key, "p_fingerprint": p_fingerprint, "p_kind": p_kind, "p_name": p_name, "p_version": p_version, "p_status": p_status, "p_ttl_s": p_ttl_s, "p_project": p_project}, timeout)

    def share_list(self, *, p_project: Optional[str] = UNSET, p_received: Optional[bool] = UNSET, p_after: Optional[int] = UNSET, p_limit: Optional[int] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("share_list", {"p_project": p_project, "p_received": p_received, "p_after": p_after, "p_limit": p_limit}, timeout)

    def share_remove(self, *, p_kind: str, p_name: str, p_grantee: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("share_remove", {"p_kind": p_kind, "p_name": p_name, "p_grantee": p_grantee, "p_project": p_project}, timeout)

    def share_set(self, *, p_kind: str, p_name: str, p_grantee: str, p_rights: Sequence[str], p_project: Optional[str] = UNSET, p_if_match: Optional[Sequence[str]] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("share_set", {"p_kind": p_kind, "p_name": p_name, "p_grantee": p_grantee, "p_rights": p_rights, "p_project": p_project, "p_if_match": p_if_match}, timeout)

    def task_beat(self, *, p_tasks: Sequence[str], p_fences: Sequence[int], p_lease_s: Optional[int] = UNSET, p_progress: Optional[Any] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_beat", {"p_tasks": p_tasks, "p_fences": p_fences, "p_lease_s": p_lease_s, "p_progress": p_progress, "p_project": p_project}, timeout)

    def task_cancel(self, *, p_task: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_cancel", {"p_task": p_task, "p_project": p_project}, timeout)

    def task_claim(self, *, p_queues: Sequence[str], p_worker: str, p_limit: Optional[int] = UNSET, p_lease_s: Optional[int] = UNSET, p_session: Optional[str] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_claim", {"p_queues": p_queues, "p_worker": p_worker, "p_limit": p_limit, "p_lease_s": p_lease_s, "p_session": p_session, "p_project": p_project}, timeout)

    def task_complete(self, *, p_task: str, p_fence: int, p_result: Optional[Any] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_complete", {"p_task": p_task, "p_fence": p_fence, "p_result": p_result, "p_project": p_project}, timeout)

    def task_enqueue(self, *, p_queue: str, p_tasks: Any, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_enqueue", {"p_queue": p_queue, "p_tasks": p_tasks, "p_project": p_project}, timeout)

    def task_fail(self, *, p_task: str, p_fence: int, p_error: str, p_retry: Optional[bool] = UNSET, p_delay_ms: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_fail", {"p_task": p_task, "p_fence": p_fence, "p_error": p_error, "p_retry": p_retry, "p_delay_ms": p_delay_ms, "p_project": p_project}, timeout)

    def task_get(self, *, p_task: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_get", {"p_task": p_task, "p_project": p_project}, timeout)

    def task_group_set(self, *, p_queue: str, p_group: str, p_concurrency: int, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_group_set", {"p_queue": p_queue, "p_group": p_group, "p_concurrency": p_concurrency, "p_project": p_project}, timeout)

    def task_list(self, *, p_queue: Optional[str] = UNSET, p_status: Optional[str] = UNSET, p_before: Optional[str] = UNSET, p_limit: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_list", {"p_queue": p_queue, "p_status": p_status, "p_before": p_before, "p_limit": p_limit, "p_project": p_project}, timeout)

    def task_release(self, *, p_task: str, p_fence: int, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_release", {"p_task": p_task, "p_fence": p_fence, "p_project": p_project}, timeout)

    def task_retry(self, *, p_task: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_retry", {"p_task": p_task, "p_project": p_project}, timeout)

    def task_settle(self, *, p_items: Any, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_settle", {"p_items": p_items, "p_project": p_project}, timeout)

    def task_stats(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("task_stats", {"p_project": p_project}, timeout)

    def topic_list(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("topic_list", {"p_project": p_project}, timeout)

    def topic_subscribe(self, *, p_topic: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("topic_subscribe", {"p_topic": p_topic, "p_project": p_project}, timeout)

    def topic_unsubscribe(self, *, p_topic: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("topic_unsubscribe", {"p_topic": p_topic, "p_project": p_project}, timeout)

    def webhook_list(self, *, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("webhook_list", {"p_project": p_project}, timeout)

    def webhook_put(self, *, p_name: str, p_url: str, p_topics: Sequence[str], p_secret: str, p_enabled: Optional[bool] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("webhook_put", {"p_name": p_name, "p_url": p_url, "p_topics": p_topics, "p_secret": p_secret, "p_enabled": p_enabled, "p_project": p_project}, timeout)

    def webhook_remove(self, *, p_name: str, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("webhook_remove", {"p_name": p_name, "p_project": p_project}, timeout)

    def webhook_replay(self, *, p_key: str, p_name: str, p_after: int, p_topics: Optional[Sequence[str]] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("webhook_replay", {"p_key": p_key, "p_name": p_name, "p_after": p_after, "p_topics": p_topics, "p_project": p_project}, timeout)

    def webhook_rotate(self, *, p_key: str, p_name: str, p_secret: str, p_overlap_s: Optional[int] = UNSET, p_project: Optional[str] = UNSET, timeout: Optional[float] = None) -> Any:
        return self._call("webhook_rotate", {"p_key": p_key, "p_name": p_name, "p_secret": p_secret, "p_overlap_s": p_overlap_s, "p_project": p_project}, timeout)

def _problem(body: bytes, reason: str) -> Problem:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"message": reason}


class Hold:
    """Credits that are set aside while work runs. `with` charges what was metered and gives the rest back."""

    def __init__(self, rpc: Rpc, account: str, max: int, key: str, ttl_seconds: int, metadata: "dict[str, Any]") -> None:
        self._rpc = rpc
        self._args = {"p_account": account, "p_amount": max, "p_ttl_s": ttl_seconds, "p_metadata": metadata}
        self._ttl_seconds = ttl_seconds
        self._stopped = threading.Event()
        self.key = key
        self.id = ""
        self.granted = 0
        self.metered = 0
        self.charged: Optional[int] = None
        self._has_metered = False

    def meter(self, amount: int) -> None:
        """Counts what the work has used so far."""
        self.metered += amount
        self._has_metered = True

    def __enter__(self) -> "Hold":
        answer = self._rpc.ledger_reserve(p_key=f"{self.key}:reserve", **self._args)
        if not answer["ok"]:
            raise Denied(answer)
        self.id = answer["hold"]
        self.granted = answer["granted"]
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Work that metered nothing is charged whole: forgetting to meter must not be free. Work that failed is charged
        what it had metered."""
        self._stopped.set()
        if kind is None or self.metered > 0:
            amount = self.metered if self._has_metered else UNSET
            answer = self._rpc.ledger_settle(p_key=f"{self.id}:settle", p_hold=self.id, p_amount=amount)
            if answer["ok"]:
                self.charged = answer["charged"]
            elif kind is None:
                raise Denied(answer)
        else:
            try:
                self._rpc.ledger_void(p_key=f"{self.id}:void", p_hold=self.id, p_reason="the work failed")
            except CoreError:
                pass  # the work's own error matters more, and the hold ends by its time

    def _beat(self) -> None:
        while not self._stopped.wait(self._ttl_seconds / 3):
            try:
                self._rpc.ledger_extend(
                    p_key=str(uuid.uuid4()), p_hold=self.id, p_add=0, p_ttl_s=self._ttl_seconds
                )
            except CoreError:
                pass  # the next one tries again


class Core:
    """A control plane, or PostgREST in front of the database, and a key of a project."""

    def __init__(self, url: str, key: str, *, timeout: float = 10.0, attempts: int = 4) -> None:
        self.rpc = Rpc(url, key, timeout, attempts)

    def hold(
        self,
        account: str,
        max: int,
        key: Optional[str] = None,
        *,
        ttl_seconds: int = 120,
        metadata: "Optional[dict[str, Any]]" = None,
    ) -> Hold:
        """Sets credits aside for the block of a `with`. The same key is the same work: it is charged once."""
        return Hold(self.rpc, account, max, key or str(uuid.uuid4()), ttl_seconds, metadata or {})
