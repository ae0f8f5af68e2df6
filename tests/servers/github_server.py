"""GitHub on loopback: Link headers, limits in every answer, a 403 once they are used up, ETags, `since`."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode

from tests.servers.vendor import Received, Reply, VendorServer

Json: TypeAlias = Any

TOKEN = "ghp_loopback"
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


def at(number: int) -> str:
    """Return the time of the record of that number as GitHub writes it: one a minute."""
    return f"{BEGINNING + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"


def user(number: int) -> dict[str, Json]:
    """A small user object."""
    return {"login": f"user{number}", "id": 100 + number, "type": "User", "site_admin": False}


class GithubServer(VendorServer):
    """`acme/web` with `n` issues, `acme/empty` without a commit, `acme/docs` with issues disabled; `others` by name."""

    def __init__(self, n: int = 250) -> None:
        super().__init__()
        self.limit = 5000
        self.remaining = 5000
        self.reset_in = 1
        self.names = ["web", "empty", "docs"]
        self.others: dict[str, list[dict[str, Json]]] = {}
        self.issues = [self._issue(i) for i in range(1, n + 1)]
        self.pulls = [self._pull(i) for i in range(1, n // 5 + 1)]
        self.comments = [self._comment(i) for i in range(1, n // 2 + 1)]
        self.commits = [self._commit(i) for i in range(1, n // 2 + 1)]
        self.releases = [{"id": 7000 + i, "tag_name": f"v{i}", "draft": False, "assets": []} for i in range(1, 4)]

    def repository(self, number: int, name: str) -> dict[str, Json]:
        """Return a repository; one that is asked for alone has the same shape."""
        return {
            "id": number,
            "name": name,
            "full_name": f"acme/{name}",
            "owner": user(0) | {"login": "acme", "type": "Organization"},
            "private": False,
            "description": None,
            "url": f"{self.url}/repos/acme/{name}",
            "topics": ["sql", "data"],
            "has_issues": name != "docs",
            "open_issues_count": len(self.issues),
            "pushed_at": at(0),
            "created_at": at(0),
            "updated_at": at(0),
        }

    def answer(self, request: Received) -> Reply:
        """Answer a GET as GitHub does."""
        if not request.headers.get("user-agent"):
            return self._reply({"message": "Request forbidden by administrative rules."}, 403)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._reply({"message": "Bad credentials", "status": "401"}, 401)
        if self.remaining <= 0:
            if self.reset_in > 0:
                self.reset_in -= 1
                return self._reply({"message": "API rate limit exceeded for user ID 1."}, 403)
            self.remaining = self.limit
        self.remaining -= 1
        found = self._records(request)
        if isinstance(found, Reply):
            return found
        return self._page(request, found)

    def _records(self, request: Received) -> list[dict[str, Json]] | Reply:
        match request.path.strip("/").split("/"):
            case ["user", "repos"] | ["orgs", "acme", "repos"]:
                return [self.repository(i, name) for i, name in enumerate([*self.names, *self.others], 1)]
            case ["repos", "acme", name] if name in self.names:
                return self._reply(self.repository(1, name))
            case ["repos", "acme", "empty", "commits"]:
                return self._reply({"message": "Git Repository is empty."}, 409)
            case ["repos", "acme", "docs", "issues"]:
                return self._reply({"message": "Issues has been disabled in this repository."}, 410)
            case ["repos", "acme", "web", "issues"]:
                return self._since(request, [r | {"body": "x"} for r in self.issues if _in_state(r, request)])
            case ["repos", "acme", "web", "issues", "comments"]:
                return self._since(request, self.comments)
            case ["repos", "acme", "web", "pulls"]:
                root = f"{self.url}/repos/acme/web/pulls"
                found = [r | {"url": f"{root}/{r['number']}"} for r in self.pulls if _in_state(r, request)]
                return sorted(found, key=lambda r: -r["number"])
            case ["repos", "acme", "web", "pulls", number, "reviews"]:
                review = {"id": 9000 + int(number), "state": "APPROVED", "user": user(1), "submitted_at": at(1)}
                return [review | {"pull_request_url": f"{self.url}/repos/acme/web/pulls/{number}"}]
            case ["repos", "acme", "web", "commits"]:
                since = request.get("since")
                kept = [r for r in self.commits if r["commit"]["committer"]["date"] >= since]
                return sorted(kept, key=lambda r: r["commit"]["committer"]["date"], reverse=True)
            case ["repos", "acme", "web", "releases"]:
                return self.releases
            case ["repos", "acme", name, "issues"] if name in self.others:
                return self._since(request, self.others[name])
            case ["repos", "acme", "empty" | "docs", _] | ["repos", "acme", "empty" | "docs", _, _]:
                return []
        return self._reply({"message": "Not Found", "status": "404"}, 404)

    def _since(self, request: Received, records: list[dict[str, Json]]) -> list[dict[str, Json]]:
        since, key = request.get("since"), f"{request.get('sort', 'created')}_at"
        kept = [r for r in records if r["updated_at"] >= since]
        return sorted(kept, key=lambda r: (r[key], r["id"]), reverse=request.get("direction", "desc") == "desc")

    def _page(self, request: Received, records: list[dict[str, Json]]) -> Reply:
        size, page = min(int(request.get("per_page", "30")), 100), int(request.get("page", "1"))
        last = max((len(records) + size - 1) // size, 1)
        links = {"next": page + 1, "last": last} if page < last else {}
        links |= {"prev": page - 1, "first": 1} if page > 1 else {}
        parts = []
        for rel, number in links.items():
            query = [*((k, v) for k, v in request.query if k != "page"), ("page", str(number))]
            parts.append(f'<{self.url}{request.path}?{urlencode(query)}>; rel="{rel}"')
        body = records[(page - 1) * size : page * size]
        tag = 'W/"' + hashlib.sha256(json.dumps(body).encode()).hexdigest() + '"'
        headers = {"ETag": tag} | ({"Link": ", ".join(parts)} if parts else {})
        if request.headers.get("if-none-match") == tag:
            self.remaining += 1
            return self._reply(None, 304, headers)
        return self._reply(body, 200, headers)

    def _reply(self, body: Json, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        limits = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.limit - self.remaining),
            "X-RateLimit-Reset": str(int(time.time()) + 1),
            "X-RateLimit-Resource": "core",
        }
        return Reply(body, status, limits | (headers or {}))

    def _issue(self, number: int) -> dict[str, Json]:
        return {
            "id": 1000 + number,
            "number": number,
            "title": f"Issue {number}",
            "state": "closed" if number % 2 else "open",
            "state_reason": "completed" if number % 2 else None,
            "user": user(number % 7),
            "labels": [{"id": 1, "name": "bug", "color": "d73a4a"}] if number % 3 == 0 else [],
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "locked": False,
            "comments": 0,
            "pull_request": {"url": f"pulls/{number}", "merged_at": None} if number % 5 == 0 else None,
            "closed_at": None,
            "created_at": at(number),
            "updated_at": at(number),
            "author_association": "NONE",
            "reactions": {"total_count": 0, "+1": 0, "-1": 0},
        }

    def _pull(self, number: int) -> dict[str, Json]:
        branch = {"label": f"acme:b{number}", "ref": f"b{number}", "sha": f"{number:040x}", "repo": {"id": 1}}
        return {
            "id": 5000 + number,
            "number": number,
            "title": f"Pull {number}",
            "state": "open",
            "draft": False,
            "head": branch,
            "base": branch | {"ref": "main"},
            "user": user(1),
            "labels": [],
            "created_at": at(number),
            "updated_at": at(number),
            "merged_at": None,
        }

    def _comment(self, number: int) -> dict[str, Json]:
        times = {"created_at": at(number), "updated_at": at(number)}
        return {"id": 3000 + number, "body": f"Comment {number}", "user": user(2), **times}

    def _commit(self, number: int) -> dict[str, Json]:
        person = {"name": "Ada", "email": "ada@example.com", "date": at(number)}
        commit = {"message": f"Change {number}", "author": person, "committer": person, "comment_count": 0}
        return {"sha": f"{number:040x}", "commit": commit, "author": user(1), "committer": None, "parents": []}


def _in_state(record: dict[str, Json], request: Received) -> bool:
    state = request.get("state", "open")
    return state in {"all", record["state"]}
