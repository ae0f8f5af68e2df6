"""A file on a web server: read where it is by ranges, or copied; nothing else of the server can be reached."""

from __future__ import annotations

import datetime as dt
import functools
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dinobase.core.clock import now
from dinobase.core.errors import DinobaseError, FetchError
from tests.files_in_place.conftest import There


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server on loopback; its address and its folder."""
    folder = tmp_path / "web"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("mode", ["", "copy"])
def test_a_file_is_a_table_called_after_it(web: tuple[str, Path], there: There, mode: str) -> None:
    url, folder = web
    given = {"mode": mode} if mode else {}
    (folder / "Sales 2026.csv").write_text("id,v\n1,007\n2,8\n")
    (folder / "logs.ndjson").write_text('{"id": 1, "a": {"b": "c"}}\n')
    duckdb.sql(f"COPY (SELECT 7 AS n) TO '{folder / 'p.parquet'}' (FORMAT parquet)")
    assert there.add("csv", f"{url}/Sales%202026.csv?signature=not-for-you", **given) == ["sales_2026"]
    assert there.add("json", f"{url}/logs.ndjson", name="logs", **given) == ["logs"]
    assert there.add("parquet", f"{url}/p.parquet", name="p", **given) == ["p"]
    if mode:
        there.workspace.sync([])
    assert there.rows("SELECT * FROM shop.sales_2026 ORDER BY id") == [
        ("Sales 2026.csv", 1, "007"), ("Sales 2026.csv", 2, "8"),
    ]  # fmt: skip
    assert there.rows("SELECT _file, id, a__b FROM logs.logs") == [("logs.ndjson", 1, "c")]
    assert there.rows("SELECT n, _file FROM p.p") == [(7, "p.parquet")]


def test_a_certificate_is_asked_for(web: tuple[str, Path], there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = web
    (folder / "a.csv").write_text("id\n1\n")
    certificate, key = certify(folder.parent)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://127.0.0.1:{server.server_address[1]}/a.csv"
    try:
        with pytest.raises(FetchError):
            there.add("csv", url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        there.add("csv", url)
        assert there.rows("SELECT id FROM shop.a") == [(1,)]
    finally:
        server.shutdown()
        server.server_close()


def certify(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate of it for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    begun = now() - dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + dt.timedelta(days=9))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(text)
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "certificate.pem", folder / "key.pem"


def test_nothing_else_of_the_server_is_reached_and_what_is_gone_is_said(web: tuple[str, Path], there: There) -> None:
    url, folder = web
    (folder / "a.csv").write_text("id\n1\n")
    (folder / "secret.csv").write_text("word\nwombat\n")
    there.add("csv", f"{url}/a.csv")
    for sql in (f"SELECT * FROM '{url}/secret.csv'", f"SELECT * FROM read_csv('{url}/secret.csv')"):
        with pytest.raises(DinobaseError):
            there.rows(sql)
    (folder / "a.csv").unlink()
    with pytest.raises(FetchError, match="there is no such file"):
        there.rows("SELECT * FROM shop.a")
    with pytest.raises(FetchError):
        there.add("csv", "http://127.0.0.1:9/a.csv", name="other")


def test_the_signature_of_an_address_is_in_no_error(there: There) -> None:
    with pytest.raises(FetchError) as caught:
        there.add("csv", "http://127.0.0.1:9/a.csv?sig=s1gn4ture%3D")
    assert "http://127.0.0.1:9/a.csv?***" in caught.value.message
    assert "s1gn4ture" not in str(caught.value.as_dict())
