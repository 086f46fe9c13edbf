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

# Functions of core_api are generated here.

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
