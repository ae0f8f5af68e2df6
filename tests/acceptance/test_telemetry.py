"""OpenTelemetry over real processes and a collector that speaks OTLP/HTTP: what is told, and what never is."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.acceptance.cli_process import Cli
from tests.acceptance.conftest import TOKEN
from tests.servers.json_api import Fault, JsonApi, Seen, serve


class Collector(JsonApi):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.raw: list[bytes] = []
        self.spans: list[Any] = []
        self.metrics: dict[str, Any] = {}
        self.services: set[str] = set()

    def answer(self, seen: Seen) -> Fault:
        """Take spans and metrics."""
        body = gzip.decompress(seen.body) if seen.headers.get("content-encoding") == "gzip" else seen.body
        self.raw.append(body)
        if seen.path == "v1/traces":
            for found in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.services |= {a.value.string_value for a in found.resource.attributes if a.key == "service.name"}
                self.spans += [span for scope in found.scope_spans for span in scope.spans]
        elif seen.path == "v1/metrics":
            for found in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.metrics |= {metric.name: metric for scope in found.scope_metrics for metric in scope.metrics}
        return Fault(200, b"", {"Content-Type": "application/x-protobuf"})

    def named(self, name: str) -> list[tuple[Any, dict[str, Any]]]:
        """Return spans of a name, each with its attributes."""
        return [(s, {a.key: _value(a.value) for a in s.attributes}) for s in self.spans if s.name == name]


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


@pytest.fixture
def collector() -> Iterator[Collector]:
    with serve(Collector()) as found:
        assert isinstance(found, Collector)
        yield found


@pytest.fixture
def told(connected: Cli, collector: Collector) -> Cli:
    connected.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url.rstrip("/")
    return connected


def test_a_sync_tells_of_its_connectors_tables_and_requests(
    told: Cli,
    collector: Collector,
    api: JsonApi,
) -> None:
    api.fail("users", Fault(503))
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    told.ok("sync", env={"TRACEPARENT": parent})
    [(root, _)] = collector.named("dinobase.sync")
    assert root.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert root.parent_span_id.hex() == "b7ad6b7169203331"
    [(connector, about)] = collector.named("dinobase.sync.connector")
    assert connector.parent_span_id == root.span_id
    assert about == {"dinobase.connector": "acme", "dinobase.status": "success"}
    tables = {a["dinobase.table"]: (s, a) for s, a in collector.named("dinobase.sync.table")}
    assert {n: (a["dinobase.rows"], a["dinobase.status"]) for n, (_, a) in tables.items()} == {
        "users": (5, "success"), "orders": (3, "success"),
    }  # fmt: skip
    users = tables["users"][0]
    assert users.parent_span_id == connector.span_id
    assert [e.name for e in users.events] == ["retry"] or [e.name for e in users.events] == ["waiting"]
    requests = [(s, a) for s, a in collector.named("GET") if s.parent_span_id == users.span_id]
    assert max(a["http.response.status_code"] for _, a in requests) == 503
    assert {(a["http.request.method"], a["server.address"]) for _, a in requests} == {("GET", "127.0.0.1")}
    assert all(
        users.start_time_unix_nano - 10**9 <= s.start_time_unix_nano <= s.end_time_unix_nano for s, _ in requests
    )
    assert {"dinobase.sync.rows", "dinobase.sync.requests", "dinobase.sync.retries", "dinobase.sync.duration",
            "http.client.request.duration"} <= set(collector.metrics)  # fmt: skip
    rows = collector.metrics["dinobase.sync.rows"].sum.data_points
    assert sum(point.as_int for point in rows) == 8
    assert collector.services == {"dinobase"}
    sent = b"".join(collector.raw)
    assert TOKEN.encode() not in sent
    assert b"user 1" not in sent
    assert b"Oslo" not in sent


def test_a_query_tells_how_it_ended_and_nothing_of_what_it_asked(told: Cli, collector: Collector) -> None:
    told.env["OTEL_SERVICE_NAME"] = "ours"
    told.ok("sync")
    collector.spans.clear()
    collector.raw.clear()
    collector.services.clear()
    told.ok("query", "SELECT name FROM acme.users WHERE name = 'user 2'")
    assert told("query", "SELECT nothing_there FROM acme.users").code == 2
    good, bad = collector.named("dinobase.query")
    assert good[1] == {"db.system.name": "duckdb"}
    assert bad[1]["error.type"] == "unknown.column"
    assert "dinobase.query.duration" in collector.metrics
    assert collector.services == {"ours"}
    sent = b"".join(collector.raw)
    assert b"user 2" not in sent
    assert b"nothing_there" not in sent


def test_a_failed_connector_tells_its_code(told: Cli, collector: Collector, api: JsonApi) -> None:
    api.token = "another"
    assert told("sync").code == 1
    [(connector, about)] = collector.named("dinobase.sync.connector")
    assert connector.status.code == 2
    assert about["dinobase.status"] == "error"
    assert TOKEN.encode() not in b"".join(collector.raw)


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_SERVICE_NAME": "x", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_imported_where_nobody_asks(connected: Cli, env: dict[str, str]) -> None:
    code = (
        "import os, sys, dinobase.cli.main as m\n"
        "def end(code):\n"
        "    print([n for n in sys.modules if 'telemetry' in n], file=sys.stderr)\n"
        "    sys.stderr.flush(); left(code)\n"
        "left, os._exit = os._exit, end\n"
        "m.main(['query', 'select 1'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=connected.environment(env), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"


def test_a_collector_that_is_away_spoils_nothing(connected: Cli) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    done = connected("sync", env=env)
    assert done.code == 0
    assert done.json["status"] == "success"
