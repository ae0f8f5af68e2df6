"""Files behind a real OpenSSH server: read in place, copied, and refused where the host or the user is not known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dinobase.core.errors import DinobaseError
from tests.databases.desk import Desk
from tests.files.conftest import Write
from tests.files.far import Sshd
from tests.files_in_place.conftest import There
from tests.servers.process import running


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    yield from running(Sshd, tmp_path_factory.mktemp("sshd"))


@pytest.fixture
def there(desk: Desk, tmp_path: Path) -> There:
    del desk
    return There(tmp_path / "workspace")


def test_a_folder_behind_ssh_is_read_where_it_is_and_as_it_is_now(sshd: Sshd, there: There, write: Write) -> None:
    folder = write("in/s-1.csv", "id,v\n1,007\n2,x,y\n").parent
    write("in/deep/s-2.csv.gz", _packed(b"id,v\n3,z\n"))
    write("in/notes.md", "no table\n")
    given = sshd.given(folder)
    there.add("csv", given.pop("path"), **given)
    assert there.rows("SELECT _file, id, v FROM shop.in_ ORDER BY id") == [
        ("s-1.csv", 1, "007"), ("deep/s-2.csv.gz", 3, "z"),
    ]  # fmt: skip
    assert there.rows("SELECT line, text FROM shop.in__rejects") == [(3, "2,x,y")]
    write("in/s-3.csv", "id,v\n4,new\n")
    assert there.rows("SELECT v FROM shop.in_ WHERE id = 4") == [("new",)]


def test_parquet_is_read_in_pieces_by_several_threads(sshd: Sshd, there: There, tmp_path: Path) -> None:
    path = tmp_path / "big.parquet"
    duckdb.sql(
        f"COPY (SELECT range AS n, md5(range::VARCHAR) AS t FROM range(200000)) TO '{path}' (ROW_GROUP_SIZE 20000)"
    )
    given = sshd.given(path)
    there.add("parquet", given.pop("path"), **given)
    [found] = there.rows("SELECT count(*), sum(n), count(DISTINCT t), min(t) FROM shop.big")
    [wanted] = duckdb.sql(
        "SELECT count(*), sum(range), count(*), min(md5(range::VARCHAR)) FROM range(200000)"
    ).fetchall()
    assert [str(v) for v in found] == [str(v) for v in wanted]


def test_a_copy_reads_new_and_changed_files_only(sshd: Sshd, desk: Desk, write: Write) -> None:
    folder = write("in/a.csv", "id\n1\n").parent
    write("in/b.csv", "id\n2\n")
    desk.add("csv", name="db", mode="copy", **sshd.given(folder, table="t"))
    assert desk.good()["t"].rows == 2
    assert desk.good()["t"].status == "unchanged"
    write("in/b.csv", "id\n20\n21\n")
    (folder / "a.csv").unlink()
    assert desk.good()["t"].rows == 2
    assert desk.rows("SELECT id FROM db.t ORDER BY 1") == [(20,), (21,)]


def test_a_key_may_be_locked(sshd: Sshd, desk: Desk, write: Write) -> None:
    path = write("a.csv", "id\n1\n")
    assert desk.add("csv", **sshd.given(path, "locked", key_passphrase="open sesame")) == ["a"]
    kept = desk.workspace.paths.config.read_text()
    assert "open sesame" not in kept


@pytest.mark.parametrize(
    ("key", "hosts", "more", "code", "message"),
    [
        ("key", "other_hosts", {}, "sftp.host_key", "shows another key"),
        ("key", "none", {}, "sftp.host_key", "stands not in"),
        ("stranger", "known_hosts", {}, "fetch.refused", "lets .* not in"),
        ("locked", "known_hosts", {"key_passphrase": "wrong"}, None, "not in|cannot be reached"),
    ],
)
def test_who_and_what_is_not_known_is_refused(
    sshd: Sshd, desk: Desk, write: Write, key: str, hosts: str, more: dict[str, str], code: str | None, message: str
) -> None:
    path = write("a.csv", "id\n1\n")
    with pytest.raises(DinobaseError, match=message) as raised:
        desk.add("csv", **sshd.given(path, key, hosts, **more))
    assert code is None or raised.value.error_code == code
    assert "wrong" not in str(raised.value.as_dict())


def test_a_password_in_the_address_and_an_unknown_scheme_are_refused(desk: Desk) -> None:
    with pytest.raises(DinobaseError, match="a password stands in the address") as raised:
        desk.add("csv", path="sftp://me:s3cret@127.0.0.1/data/")
    assert "s3cret" not in str(raised.value.as_dict())
    with pytest.raises(DinobaseError, match="files at ftp:// cannot be read") as raised:
        desk.add("csv", path="ftp://127.0.0.1/data/")
    assert "sftp://" in raised.value.hint


def test_what_is_not_there_and_a_server_that_is_gone_are_said(sshd: Sshd, desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(DinobaseError, match="no such file at sftp://"):
        desk.add("csv", **sshd.given(tmp_path / "none.csv"))
    with pytest.raises(DinobaseError, match="cannot be reached"):
        desk.add("csv", **{**sshd.given(tmp_path / "none.csv"), "path": "sftp://127.0.0.1:1/none.csv"})


def _packed(text: bytes) -> bytes:
    import gzip

    return gzip.compress(text)
