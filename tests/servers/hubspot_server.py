"""HubSpot on loopback: `paging.next.after`, only the properties named, searches that end at 10,000 with a 400."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from tests.servers.vendor import Received, Reply, VendorServer

Json: TypeAlias = Any

TOKEN = "pat-eu1-loopback"
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
CAP = 10_000

_OBJECTS = ("contacts", "companies", "deals", "tickets", "products", "line_items", "quotes")
_ACTIVITIES = ("calls", "emails", "meetings", "notes", "tasks")
_DEFAULT = {"contacts": {"email", "firstname", "lastname", "createdate", "lastmodifieddate", "hs_object_id"}}


def at(number: int) -> str:
    """Return the time of the record of that number as HubSpot writes it: one a minute."""
    return (BEGINNING + timedelta(minutes=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def modified(kind: str) -> str:
    """Return the property that holds the time of the last change."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def field(name: str, label: str, description: str = "", *, own: bool = False, **more: Json) -> dict[str, Json]:
    """Return a property as the properties API lists it; `hubspotDefined` stands at HubSpot's own alone."""
    shared: dict[str, Json] = {
        "updatedAt": at(0), "createdAt": at(0), "name": name, "label": label, "type": "string", "fieldType": "text",
        "description": description, "groupName": "information", "options": [], "displayOrder": -1, "calculated": False,
        "externalOptions": False, "hasUniqueValue": False, "hidden": False, "formField": True,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": not own, "readOnlyValue": False},
        "dataSensitivity": "non_sensitive",
    }  # fmt: skip
    return {**shared, **({} if own else {"hubspotDefined": True}), **more}


def options(**labels: str) -> list[dict[str, Json]]:
    """Return the options of an enumeration."""
    return [
        {"label": label, "value": value, "description": "", "displayOrder": place, "hidden": False}
        for place, (value, label) in enumerate(labels.items())
    ]


class HubspotServer(VendorServer):
    """`n` contacts and a tenth of all else; `data[kind]` maps ids to records; a test may change it at any time."""

    def __init__(self, n: int = 250) -> None:
        super().__init__()
        self.before_search: Callable[[], None] = lambda: None
        self.fields: dict[str, list[dict[str, Json]]] = {}
        self.data: dict[str, dict[str, dict[str, Json]]] = {}
        for kind in (*_OBJECTS, *_ACTIVITIES):
            count = n if kind == "contacts" else max(n // 10, 1)
            self.data[kind] = {str(100 + i): self.record(kind, i) for i in range(count)}

    def record(self, kind: str, number: int) -> dict[str, Json]:
        """Return a record; all its properties are text, as HubSpot has them."""
        own: dict[str, dict[str, Json]] = {
            "contacts": {"email": f"c{number}@example.com", "firstname": f"C{number}", "lifecyclestage": "lead"},
            "companies": {"name": f"Company {number}", "annualrevenue": "1000000", "numberofemployees": "12"},
            "deals": {
                "dealname": f"Deal {number}",
                "amount": f"{number}.50",
                "dealstage": "won",
                "pipeline": "default",
            },
            "tickets": {"subject": f"Ticket {number}", "hs_pipeline": "0", "hs_pipeline_stage": "1"},
            "line_items": {"name": "Seat", "quantity": "3", "price": "9.99", "amount": "29.97"},
        }
        times = {"createdate": at(number), modified(kind): at(number), "hs_object_id": str(100 + number)}
        return {
            "id": str(100 + number),
            "properties": own.get(kind, {"hs_timestamp": at(number)}) | times | {"secret_score": "42"},
            "createdAt": at(number),
            "updatedAt": at(number),
            "archived": False,
        }

    def touch(self, kind: str, identity: str, minute: int, **properties: str) -> None:
        """Change a record at that minute."""
        record = self.data[kind][identity]
        record["properties"] |= {**properties, modified(kind): at(minute)}
        record["updatedAt"] = at(minute)

    def answer(self, request: Received) -> Reply:
        """Answer as HubSpot does."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")
        match request.path.strip("/").split("/"):
            case ["crm", "v3", "objects", kind, "search"] if kind in self.data and request.method == "POST":
                self.before_search()
                return self._search(kind, request.json)
            case ["crm", "v3", "objects", kind] if kind in self.data and request.method == "GET":
                return self._list(kind, request)
            case ["crm", "v3", "objects", kind, identity] if kind in self.data and request.method == "GET":
                found = self.data[kind].get(identity)
                named = set(request.get("properties").split(","))
                return Reply(_shown(found, named)) if found else _error(404, "resource not found", "OBJECT_NOT_FOUND")
            case ["crm", "v3", "properties", kind] if kind in self.data and request.method == "GET":
                return Reply({"results": self.fields.get(kind) or [field("hs_object_id", "Record ID")]})
            case ["crm", "v3", "owners"]:
                owner = {"email": "o@example.com", "firstName": "O", "lastName": "Ner", "userId": 7, "archived": False}
                return Reply({"results": [owner | {"id": "1", "createdAt": at(0), "updatedAt": at(0)}]})
            case ["crm", "v3", "pipelines", kind]:
                return Reply({"results": [_pipeline("default" if kind == "deals" else "0")]})
            case ["crm", "v3", "pipelines", _, identity, "stages"]:
                return Reply({"results": _pipeline(identity)["stages"]})
            case ["account-info", "v3", "details"]:
                return Reply({"portalId": 62515, "accountType": "STANDARD", "timeZone": "Europe/Berlin"})
        return _error(404, f"no {request.method} {request.path}", "NOT_FOUND")

    def _search(self, kind: str, body: Json) -> Reply:
        limit, after = int(body.get("limit", 10)), int(body.get("after") or 0)
        if limit > 200:
            return _error(400, "limit must be at most 200", "VALIDATION_ERROR")
        if after + limit > CAP:
            return _error(
                400, f"There was a problem with the request: after + limit is over {CAP}.", "VALIDATION_ERROR"
            )
        found = [r for r in self.data[kind].values() if not r["archived"] and _matches(r, body)]
        for sort in body.get("sorts", [])[:1]:
            down = sort["direction"] == "DESCENDING"
            found.sort(key=lambda r: str(r["properties"].get(sort["propertyName"], "")), reverse=down)
        page = [_shown(r, set(body.get("properties", _DEFAULT.get(kind, ())))) for r in found[after : after + limit]]
        following = {"paging": {"next": {"after": str(after + limit)}}} if after + limit < len(found) else {}
        return Reply({"total": len(found), "results": page} | following)

    def _list(self, kind: str, request: Received) -> Reply:
        limit, after = int(request.get("limit", "10")), int(request.get("after", "0"))
        if limit > 100:
            return _error(400, "limit must be at most 100", "VALIDATION_ERROR")
        rest = [r for key, r in sorted(self.data[kind].items(), key=lambda i: int(i[0])) if int(key) >= after]
        named = set(request.get("properties").split(",")) if request.get("properties") else _DEFAULT.get(kind, set())
        page = [_shown(r, named) | _associations(r, request.get("associations")) for r in rest[:limit]]
        following = {}
        if len(rest) > limit:
            link = f"{self.url}{request.path}?limit={limit}&after={rest[limit]['id']}"
            following = {"paging": {"next": {"after": rest[limit]["id"], "link": link}}}
        return Reply({"results": page} | following)


def _matches(record: dict[str, Json], body: Json) -> bool:
    groups = body.get("filterGroups") or [{"filters": []}]
    return any(all(_passes(record, one) for one in group["filters"]) for group in groups)


def _passes(record: dict[str, Json], condition: Json) -> bool:
    value = record["properties"].get(condition["propertyName"])
    if value is None:
        return False
    wanted = datetime.fromtimestamp(int(condition["value"]) / 1000, UTC)
    return condition["operator"] == "GTE" and datetime.fromisoformat(value) >= wanted


def _shown(record: dict[str, Json], named: set[str]) -> dict[str, Json]:
    kept = {name: record["properties"].get(name) for name in sorted(named | {"hs_object_id"}) if name}
    return record | {"properties": kept}


def _associations(record: dict[str, Json], wanted: str) -> dict[str, Json]:
    if not wanted or int(record["id"]) % 2:
        return {}
    first = wanted.split(",", maxsplit=1)[0]
    return {"associations": {first: {"results": [{"id": record["id"], "type": f"deal_to_{first}"}]}}}


def _pipeline(identity: str) -> dict[str, Json]:
    times = {"createdAt": at(0), "updatedAt": at(0), "archived": False}
    metadata = {"isClosed": "true", "probability": "1.0"}
    stages = [
        {"id": name, "label": name.title(), "displayOrder": 0, "metadata": metadata} | times for name in ("won", "1")
    ]
    return {"id": identity, "label": "Pipeline", "displayOrder": 0, "stages": stages} | times


def _error(status: int, message: str, category: str) -> Reply:
    return Reply({"status": "error", "message": message, "correlationId": "0-0", "category": category}, status)
