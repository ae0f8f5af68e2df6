"""Files in Azure (Azurite) and Google Cloud Storage (fake-gcs-server): in place, copied, refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dinobase.core.errors import DinobaseError
from dinobase.extract.readers import file_listing, stores
from dinobase.extract.readers.stores import azure
from tests.databases.desk import Desk
from tests.files.far import ACCOUNT_KEY, Azurite, Gcs
from tests.files_in_place.conftest import There
from tests.servers.process import running


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    yield from running(Azurite, tmp_path_factory.mktemp("azurite"))


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gcs]:
    yield from running(Gcs, tmp_path_factory.mktemp("gcs"))


@pytest.fixture
def there(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> There:
    del desk
    monkeypatch.setattr(file_listing, "FRESH", -1e9)
    return There(tmp_path / "workspace")


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*azure.ACCOUNT, "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.torture  # Azurite takes 40 s to install
def test_blobs_are_read_where_they_are_and_copied(azurite: Azurite, there: There, desk: Desk, tmp_path: Path) -> None:
    azurite.put("sales")
    for year in (2025, 2026):
        azurite.put(f"sales/in/year={year}/f.parquet", _parquet(tmp_path, f"SELECT range + {year} AS v FROM range(3)"))
    azurite.put("sales/in/notes.txt", b"a\n1\n")
    azurite.put("sales/other/x.csv", b"a\n1\n")
    there.add("parquet", "az://sales/in/", **azurite.given)
    assert there.rows("SELECT year, sum(v) FROM shop.in_ GROUP BY 1 ORDER BY 1") == [(2025, "6078"), (2026, "6081")]
    assert there.rows("SELECT DISTINCT _file FROM shop.in_ WHERE year = 2026") == [("year=2026/f.parquet",)]
    azurite.put("sales/in/year=2027/f.parquet", _parquet(tmp_path, "SELECT 1::BIGINT AS v"))
    assert there.rows("SELECT v FROM shop.in_ WHERE year = 2027") == [(1,)]
    place = "abfss://sales@devstoreaccount1.dfs.core.windows.net/*/*.csv"
    endpoint = azurite.given["endpoint_url"]
    desk.add("csv", path=place, mode="copy", table="x", endpoint_url=endpoint, account_key=ACCOUNT_KEY)
    assert desk.good()["x"].rows == 1
    assert ACCOUNT_KEY not in desk.workspace.paths.config.read_text()


@pytest.mark.torture  # Azurite takes 40 s to install
def test_two_containers_with_other_keys_meet_in_one_query(azurite: Azurite, gcs: Gcs, there: There) -> None:
    azurite.put("left")
    azurite.put("left/a.csv", b"id,v\n1,l\n")
    gcs.bucket("right")
    gcs.put("right", "a.csv", b"id,w\n1,r\n")
    there.add("csv", "az://left/a.csv", name="l", **azurite.given)
    there.add("csv", "gs://right/a.csv", name="r", **gcs.given)
    assert there.rows("SELECT v, w FROM l.a JOIN r.a USING (id)") == [("l", "r")]
    with pytest.raises(DinobaseError):
        there.rows("SELECT * FROM read_csv('az://left/a.csv')")


def test_objects_of_a_bucket_are_listed_by_pattern_and_copied(gcs: Gcs, desk: Desk, there: There) -> None:
    gcs.bucket("lake")
    for name in ("in/s-1.ndjson", "in/s-2.ndjson", "in/more/s-3.ndjson", "in/t.ndjson"):
        gcs.put("lake", name, b'{"id": 1, "a": {"b": "c"}}\n')
    desk.add("json", name="db", path="gs://lake/in/s-*.ndjson", mode="copy", **gcs.given)
    assert desk.good()["s"].rows == 2
    there.add("json", "gs://lake/in/**/s-?.ndjson", name="deep", table="all_of_it", **gcs.given)
    assert there.rows("SELECT count(*) FROM deep.all_of_it") == [(3,)]


@pytest.mark.torture  # Azurite takes 40 s to install
def test_a_wrong_key_and_a_place_that_is_empty_are_said(azurite: Azurite, desk: Desk) -> None:
    azurite.put("closed")
    with pytest.raises(DinobaseError, match=r"the store refuses: .*403") as raised:
        desk.add("csv", path="az://closed/", **{**azurite.given, "account_key": "AAAA"})
    assert raised.value.error_code == "fetch.refused"
    with pytest.raises(DinobaseError, match=r"no file that ends in .* at az://closed/"):
        desk.add("csv", path="az://closed/", **azurite.given)


@pytest.mark.usefixtures("no_variables")
def test_azure_without_an_account_says_which_ways_there_are(desk: Desk) -> None:
    with pytest.raises(DinobaseError, match="which storage account"):
        desk.add("csv", path="az://closed/")


@pytest.mark.usefixtures("no_variables")
def test_a_connection_string_tells_account_key_and_place(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "AccountName=one;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/one;"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    known = {"account_name": "one", "account_key": "a2V5", "endpoint": "http://127.0.0.1:1/one"}
    assert azure.settings("az://c/x.csv", {}) == known
    assert azure.settings("az://c/x.csv", {"sas_token": "?sig=x"}) == {
        "account_name": "one", "sas_key": "sig=x", "endpoint": "http://127.0.0.1:1/one",
    }  # fmt: skip
    assert azure.settings("abfss://c@two.dfs.core.windows.net/x", {}) == {"account_name": "two"}


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("az://c/a/b.csv", "c/a/b.csv"),
        ("abfss://c@acc.dfs.core.windows.net/a/b.csv", "c/a/b.csv"),
        ("sftp://me@host:2222/a/b.csv", "host/a/b.csv"),
        ("gs://b", "b"),
    ],
)
def test_a_store_knows_a_path_by_its_bucket_or_host(path: str, inner: str) -> None:
    assert stores.rest(path) == inner


def _parquet(folder: Path, select: str) -> bytes:
    duckdb.sql(f"COPY ({select}) TO '{folder / 'x.parquet'}' (FORMAT parquet)")
    return (folder / "x.parquet").read_bytes()
