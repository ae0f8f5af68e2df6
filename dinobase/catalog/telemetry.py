"""Spans and metrics by OpenTelemetry's SDK, where OTEL_* asks for them; imported only then.

An attribute holds names, counts, codes and times: never SQL, a path of an address, a value of a row, an error's text.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dinobase.core import clock
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import VERSION, env
from dinobase.core.values import Event, Observer

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Span, Tracer

_NAME = "dinobase"
_FLUSH_MS = 5_000


@dataclass(frozen=True, slots=True)
class _Tools:
    """What spans and numbers are given to; of one process, as nothing of it lives through a fork."""

    pid: int
    tracer: Tracer
    flushed: tuple[Any, ...]
    rows: Counter
    bytes: Counter
    requests: Counter
    retries: Counter
    sync_seconds: Histogram
    request_seconds: Histogram
    query_seconds: Histogram


_lock = threading.Lock()
_made: _Tools | None = None
_absent = False


def _tools() -> _Tools | None:
    """Return them, made on first use; None where the SDK is not installed."""
    global _made, _absent  # noqa: PLW0603 - one for the process
    with _lock:
        if _made is None or _made.pid != os.getpid():
            if _absent:
                return None
            try:
                _made = _make()
            except ImportError:  # OTEL_* may be meant for other programs
                _absent = True
                return None
        return _made


def _make() -> _Tools:
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    flushed: list[Any] = []
    tracing: trace.TracerProvider = trace.get_tracer_provider()
    if not isinstance(tracing, TracerProvider):  # else the program that we are part of has its own
        tracing = _tracing()
        flushed.append(tracing)
    metering: metrics.MeterProvider = metrics.get_meter_provider()
    if not isinstance(metering, MeterProvider):
        metering = _metering()
        flushed.append(metering)
    meter = metering.get_meter(_NAME, VERSION)
    return _Tools(
        os.getpid(),
        tracing.get_tracer(_NAME, VERSION),
        tuple(flushed),
        meter.create_counter("dinobase.sync.rows", "{row}", "Rows that came."),
        meter.create_counter("dinobase.sync.bytes", "By", "Bytes that came."),
        meter.create_counter("dinobase.sync.requests", "{request}", "Requests that were answered, or failed."),
        meter.create_counter("dinobase.sync.retries", "{retry}", "Requests that had to be sent again."),
        meter.create_histogram("dinobase.sync.duration", "s", "How long the sync of a connector took."),
        meter.create_histogram("http.client.request.duration", "s", "How long a request took."),
        meter.create_histogram("dinobase.query.duration", "s", "How long a query took."),
    )


def _resource() -> Any:
    from opentelemetry.sdk.resources import Resource

    own = {"service.version": VERSION}
    if not env("OTEL_SERVICE_NAME") and "service.name=" not in (env("OTEL_RESOURCE_ATTRIBUTES") or ""):
        own["service.name"] = _NAME
    return Resource.create(own)


def _tracing() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    if env("OTEL_TRACES_EXPORTER") != "none":
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _metering() -> Any:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    readers = [PeriodicExportingMetricReader(OTLPMetricExporter())] if env("OTEL_METRICS_EXPORTER") != "none" else []
    return MeterProvider(readers, resource=_resource(), shutdown_on_exit=False)


def flush() -> None:
    """Send what is still here, for some seconds at most: a command ends without taking anything down."""
    if _made is not None and _made.pid == os.getpid():
        for provider in _made.flushed:
            with suppress(Exception):  # a collector that is away is nobody's fault
                provider.force_flush(_FLUSH_MS)


def _parent() -> Context | None:
    """Return the context of whoever started this process, as TRACEPARENT tells; None where there is one here."""
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    given = env("TRACEPARENT")
    if not given or trace.get_current_span().get_span_context().is_valid:
        return None
    return TraceContextTextMapPropagator().extract({"traceparent": given})


@contextmanager
def query() -> Iterator[None]:
    """Tell of one query: how long it took, and the code of what went wrong."""
    tools = _tools()
    if tools is None:
        yield
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    began = clock.monotonic()
    about: dict[str, str] = {"db.system.name": "duckdb"}
    span = tools.tracer.start_span("dinobase.query", _parent(), SpanKind.INTERNAL, about)
    try:
        yield
    except BaseException as error:
        about["error.type"] = error.error_code if isinstance(error, DinobaseError) else type(error).__name__
        span.set_attribute("error.type", about["error.type"])
        span.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        span.end()
        tools.query_seconds.record(clock.monotonic() - began, about)


@contextmanager
def sync(observe: Observer) -> Iterator[Watch | None]:
    """Tell of the syncs within; None where nothing can be told."""
    tools = _tools()
    if tools is None:
        yield None
        return
    watch = Watch(tools, observe)
    try:
        yield watch
    finally:
        watch.end()
        flush()


class Watch:
    """Makes spans of what an observer hears; events come from several threads."""

    def __init__(self, tools: _Tools, observe: Observer) -> None:
        self._tools, self._observe = tools, observe
        self._lock = threading.Lock()
        self._root = tools.tracer.start_span("dinobase.sync", _parent())
        self._spans: dict[tuple[str, str], Span] = {}

    def __call__(self, event: Event) -> None:
        """Hear an event, and pass it on."""
        with self._lock:
            self._heard(event)
        if event.kind != "request":
            self._observe(event)

    def connector(self, name: str, status: str, seconds: float, code: str) -> None:
        """End a connector's span; `code`: of the error where none of its tables could be tried."""
        with self._lock:
            span = self._span(name)
            if code:
                span.set_attribute("error.type", code)
            self._close((name, ""), status)
            self._tools.sync_seconds.record(seconds, {"dinobase.connector": name, "dinobase.status": status})

    def end(self) -> None:
        """End what is left."""
        with self._lock:
            for place in list(self._spans):
                self._close(place, "error")
            self._root.end()

    def _heard(self, event: Event) -> None:
        tools = self._tools
        told = {"dinobase.connector": event.connector, "dinobase.table": event.resource}
        if event.kind == "started":
            self._span(event.connector, event.resource)
        elif event.kind == "page":
            tools.rows.add(event.rows, told)
            tools.bytes.add(event.bytes, told)
        elif event.kind in {"retry", "waiting"}:
            tools.retries.add(1, told)
            self._span(event.connector, event.resource).add_event(event.kind, {"seconds": event.seconds})
        elif event.kind == "request":
            self._request(event, told)
        elif event.kind == "finished":
            self._span(event.connector, event.resource).set_attribute("dinobase.rows", event.rows)
            self._close((event.connector, event.resource), event.status)

    def _request(self, event: Event, told: Mapping[str, str]) -> None:
        from opentelemetry.trace import SpanKind

        method, _, host = event.reason.partition(" ")
        about: dict[str, Any] = {"http.request.method": method, "server.address": host}
        about["http.response.status_code" if event.status.isdigit() else "error.type"] = (
            int(event.status) if event.status.isdigit() else event.status
        )
        ended = int(clock.now().timestamp() * 1e9)
        context = self._within(self._span(event.connector, event.resource))
        began = ended - int(event.seconds * 1e9)
        span = self._tools.tracer.start_span(method, context, SpanKind.CLIENT, about, start_time=began)
        span.set_attribute("http.response.body.size", event.bytes)
        self._fail(span, not event.status.isdigit() or int(event.status) >= 400)
        span.end(ended)
        self._tools.requests.add(1, told)
        self._tools.request_seconds.record(event.seconds, about)

    def _span(self, connector: str, table: str = "") -> Span:
        found = self._spans.get((connector, table))
        if found is None:
            above = self._span(connector) if table else self._root
            about = {"dinobase.connector": connector, **({"dinobase.table": table} if table else {})}
            name = "dinobase.sync.table" if table else "dinobase.sync.connector"
            found = self._tools.tracer.start_span(name, self._within(above), attributes=about)
            self._spans[connector, table] = found
        return found

    def _close(self, place: tuple[str, str], status: str) -> None:
        span = self._spans.pop(place, None)
        if span is not None:
            span.set_attribute("dinobase.status", status)
            self._fail(span, status in {"error", "partial"})
            span.end()

    @staticmethod
    def _within(span: Span) -> Context:
        from opentelemetry.trace import set_span_in_context

        return set_span_in_context(span)

    @staticmethod
    def _fail(span: Span, failed: bool) -> None:  # noqa: FBT001 - says whether
        from opentelemetry.trace import Status, StatusCode

        if failed:
            span.set_status(Status(StatusCode.ERROR))
