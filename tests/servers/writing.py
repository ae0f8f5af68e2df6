"""The vendors' servers with their write endpoints: forms and idempotency keys, nested properties and batches, 422s."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from tests.servers.github_server import GithubServer
from tests.servers.hubspot_server import HubspotServer, modified
from tests.servers.stripe_server import StripeServer, _error, _is_authorized
from tests.servers.vendor import Json, Received, Reply

_TEXT = re.compile(r"[^\[\]]+")


class StripeWrites(StripeServer):
    """Form-encoded POST; a key in Idempotency-Key gives the first answer again, and what was asked counts once."""

    def __init__(self, n: int = 100) -> None:
        super().__init__(n)
        self.keys: dict[str, tuple[bytes, Reply]] = {}
        self.done: list[tuple[str, str, dict[str, Any]]] = []

    def answer(self, request: Received) -> Reply:
        if request.method == "GET":
            return super().answer(request)
        if not _is_authorized(request):
            return _error(401, "Invalid API Key provided: sk_****", "invalid_request_error")
        name, _, identity = request.path.removeprefix("/v1/").partition("/")
        if name not in self.data:
            return _error(404, "Unrecognized request URL", "invalid_request_error")
        if request.method == "DELETE":
            return self._delete(name, identity)
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return _error(400, "Invalid request: use form encoding", "invalid_request_error")
        key = request.headers.get("idempotency-key", "")
        if key in self.keys:
            body, reply = self.keys[key]
            if body != request.body:
                return _error(
                    400, "Keys for idempotent requests can only be used with the same parameters", "idempotency"
                )
            return reply
        reply = self._change(name, identity, nested(request.body))
        if key:
            self.keys[key] = (request.body, reply)
        return reply

    def _change(self, name: str, identity: str, values: dict[str, Any]) -> Reply:
        if identity:
            found = next((r for r in self.data[name] if r["id"] == identity), None)
            if found is None:
                return _error(404, f"No such {name[:-1]}: '{identity}'", "invalid_request_error")
        else:
            found = {**self.data[name][0], "id": f"{name[:3]}_new{len(self.data[name])}", "metadata": {}, "name": None}
            self.data[name].append(found)
        if "@" not in values.get("email", "@"):
            return _error(400, f"Invalid email address: {values['email']}", "invalid_request_error")
        for field, value in values.items():
            if field == "metadata" and isinstance(value, dict):
                merged = {**found["metadata"], **value}
                found["metadata"] = {k: v for k, v in merged.items() if v != ""}
            elif isinstance(value, dict) and isinstance(found.get(field), dict):
                found[field] = {**found[field], **value}
            elif field == "balance":
                found[field] = int(value)
            else:
                found[field] = None if value == "" else value
        self.done.append((name, found["id"], values))
        return Reply(found)

    def _delete(self, name: str, identity: str) -> Reply:
        kept = [r for r in self.data[name] if r["id"] != identity]
        if len(kept) == len(self.data[name]):
            return _error(404, f"No such {name[:-1]}: '{identity}'", "invalid_request_error")
        self.data[name] = kept
        return Reply({"id": identity, "object": name[:-1], "deleted": True})


def nested(body: bytes) -> dict[str, Any]:
    """Read `a[b]=c&d[0]=e` as Stripe does."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)):
        first, *rest = _TEXT.findall(name)
        place: Any = found
        steps = [first, *rest]
        for step, following in zip(steps, [*rest, None], strict=True):
            if following is None:
                place[step] = value
            else:
                place = place.setdefault(step, {})
    return {k: _listed(v) for k, v in found.items()}


def _listed(value: Any) -> Any:
    if isinstance(value, dict) and value and all(k.isdigit() for k in value):
        return [_listed(value[k]) for k in sorted(value, key=int)]
    return {k: _listed(v) for k, v in value.items()} if isinstance(value, dict) else value


class HubspotWrites(HubspotServer):
    """Properties nested, a hundred inputs a call, and answers that hold a part of the record."""

    KNOWN = frozenset({"email", "firstname", "lastname", "phone", "company", "city", "lifecyclestage", "jobtitle"})

    def answer(self, request: Received) -> Reply:
        parts = request.path.strip("/").split("/")
        if request.method == "GET" or parts[-1] == "search" or parts[:3] != ["crm", "v3", "objects"]:
            return super().answer(request)
        kind, rest = parts[3], parts[4:]
        if rest[:1] == ["batch"]:
            return self._batch(kind, rest[1], request.json["inputs"])
        if request.method == "DELETE":
            self.data[kind].pop(rest[0], None)
            return Reply(None, 204)
        wrong = self._wrong(request.json["properties"])
        if wrong:
            return Reply({"status": "error", "message": wrong, "category": "VALIDATION_ERROR"}, 400)
        if request.method == "POST":
            return Reply(self._create(kind, request.json["properties"]), 201)
        if rest[0] not in self.data[kind]:
            return Reply({"status": "error", "message": "resource not found", "category": "OBJECT_NOT_FOUND"}, 404)
        return Reply(self._update(kind, rest[0], request.json["properties"]))

    def _batch(self, kind: str, what: str, inputs: list[dict[str, Json]]) -> Reply:
        if len(inputs) > 100:
            return Reply({"status": "error", "message": "over 100 inputs"}, 400)
        if what == "archive":
            for each in inputs:
                self.data[kind].pop(each["id"], None)
            return Reply(None, 204)
        results, errors = [], []
        for each in inputs:
            wrong = self._wrong(each["properties"])
            if wrong:
                errors.append({"status": "error", "message": wrong, "context": {"ids": [each.get("id")]}})
            elif what == "create":
                results.append(self._create(kind, each["properties"]))
            else:
                results.append(self._update(kind, each["id"], each["properties"]))
        body = {"status": "COMPLETE", "results": results} | (
            {"numErrors": len(errors), "errors": errors} if errors else {}
        )
        return Reply(body, 207 if errors else 201 if what == "create" else 200)

    def _wrong(self, properties: dict[str, Json]) -> str:
        unknown = set(properties) - self.KNOWN
        if unknown:
            return f'Property "{min(unknown)}" does not exist'
        return "Email address bad is invalid" if properties.get("email") == "bad" else ""

    def _update(self, kind: str, identity: str, properties: dict[str, Json]) -> dict[str, Json]:
        record = self.data[kind][identity]
        record["properties"] |= properties | {modified(kind): "2026-01-01T00:00:00.000Z"}
        shown = {**properties, "hs_object_id": identity, modified(kind): record["properties"][modified(kind)]}
        return record | {"properties": shown}

    def _create(self, kind: str, properties: dict[str, Json]) -> dict[str, Json]:
        identity = str(max(map(int, self.data[kind]), default=100) + 1)
        record = self.record(kind, int(identity) - 100)
        record["properties"] = {"hs_object_id": identity, "createdate": record["createdAt"], **properties}
        self.data[kind][identity] = record
        return record


class GithubWrites(GithubServer):
    """PATCH with JSON; a state that is none is a 422."""

    def answer(self, request: Received) -> Reply:
        parts = request.path.strip("/").split("/")
        if request.method == "GET":
            if parts[:4] == ["repos", "acme", "web", "issues"] and len(parts) == 5 and parts[4].isdigit():
                return self._issue_reply(int(parts[4]))
            return super().answer(request)
        values = json.loads(request.body) if request.body else {}
        match parts:
            case ["repos", "acme", "web", "issues", number]:
                found = next((r for r in self.issues if r["number"] == int(number)), None)
                if found is None:
                    return Reply({"message": "Not Found"}, 404)
                if values.get("state", "open") not in {"open", "closed"}:
                    errors = [{"resource": "Issue", "code": "invalid", "field": "state"}]
                    return Reply({"message": "Validation Failed", "errors": errors}, 422)
                if "labels" in values:
                    values["labels"] = [{"id": n, "name": name} for n, name in enumerate(values["labels"])]
                found |= values
                return self._issue_reply(int(number))
            case ["repos", "acme", "web", "issues"]:
                made = self._issue(max(r["number"] for r in self.issues) + 1) | {"state": "open", **values}
                self.issues.append(made)
                return Reply(made, 201)
        return Reply({"message": "Not Found"}, 404)

    def _issue_reply(self, number: int) -> Reply:
        found = next((r for r in self.issues if r["number"] == number), None)
        return Reply({"message": "Not Found"}, 404) if found is None else Reply({"body": "x", **found})
