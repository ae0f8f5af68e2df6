"""A workspace to which databases are added, and a MariaDB server; the way tests look at what came."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinobase.lake import reader
from dinobase.sync.report import TableReport
from dinobase.workspace import Workspace


class Desk:
    """One workspace."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace.open(root)

    def add(self, kind: str, name: str = "db", **given: str) -> list[str]:
        """Connect a database; returns its tables."""
        return list(self.workspace.add(kind, name=name, given=given).resources)

    def sync(self, name: str = "db", *, full: bool = False) -> dict[str, TableReport]:
        """Sync, and return what came of each table."""
        report = self.workspace.sync([name], full_refresh=full)
        [connector] = report.connectors
        assert connector.error is None, connector.error
        return {table.name: table for table in connector.tables}

    def good(self, name: str = "db", *, full: bool = False) -> dict[str, TableReport]:
        """Sync, where every table must succeed."""
        tables = self.sync(name, full=full)
        failed = [t.error for t in tables.values() if t.error]
        assert not failed, failed
        return tables

    def rows(self, sql: str, name: str = "db") -> list[tuple[Any, ...]]:
        """Ask the lake itself, without the gate and its conversions."""
        connection = reader.open_reader(reader.Limits())
        try:
            reader.attach_lakes(connection, [(self.workspace.storage().lake(name), None)])
            return list(connection.execute(sql).fetchall())
        finally:
            connection.close()

    def types(self, table: str, name: str = "db") -> dict[str, str]:
        """Return column -> type in the lake."""
        return {
            c: t.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for c, t, *_ in self.rows(f"DESCRIBE {table}", name)
        }


@dataclass(frozen=True)
class InDatabase:
    """Runs SQL in one database of a server."""

    server: Maria
    name: str

    @property
    def url(self) -> str:
        """Where it is."""
        return f"mysql://root@127.0.0.1:{self.server.port}/{self.name}"

    def __call__(self, sql: str) -> str:
        """Run statements."""
        return self.server.run(sql, self.name)


class Maria:
    """A MariaDB server in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "s.sock"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        """Make the data folder and wait until the server answers."""
        user = ["--user=root"] if os.geteuid() == 0 else []
        data = f"--datadir={self._folder / 'data'}"
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                data,
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *user,
            ],
            check=True,
            capture_output=True,
        )
        self._process = subprocess.Popen(
            [
                "mariadbd", "--no-defaults", data, f"--socket={self._socket}", f"--port={self.port}",
                "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M",
                "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", *user,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "TZ": "Asia/Tokyo"},  # InnoDB notes when a transaction began by the machine's clock
        )  # fmt: skip
        said = self._process.stderr
        assert said is not None
        lines = []
        for line in said:
            lines.append(line)
            if b"ready for connections" in line:
                return
        raise AssertionError(b"".join(lines).decode())

    def run(self, sql: str, database: str = "") -> str:
        """Run statements; returns what the client prints."""
        done = subprocess.run(
            [
                "mariadb",
                "--no-defaults",
                "--default-character-set=utf8mb4",
                "--init-command=SET time_zone = '+00:00'",
                f"--socket={self._socket}",
                "-uroot",
                "-N",
                "-B",
                *([database] if database else []),
            ],
            input=sql.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def in_database(self, name: str) -> InDatabase:
        """Return what runs SQL in a database."""
        return InDatabase(self, name)

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
