"""config.yaml: what it says, how it is changed without losing people's words, the compiled copy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dinobase.core.errors import RequestError, SpecError
from dinobase.core.settings import Paths
from dinobase.spec import config_cache
from dinobase.spec.config import Config, ConnectorConfig, StorageConfig, load_config
from dinobase.spec.config_edit import create_config, drop_connector, put_connector
from dinobase.spec.config_plain import plain_config

SPEC = """\
storage: {url: "s3://bucket/dinobase/", catalog: "postgresql://host/db"}   # both optional
retention: 30d
connectors:                      # `sources:` is read as the same
  stripe: {type: stripe, sync_interval: 1h, freshness: 1h, resources: [customers, charges], params: {}}
writes:
  default: {approval: agent, max_rows: 50}       # auto | agent | human | deny
  rules:                                         # first match wins
    - {source: stripe, operation: delete, approval: deny}
    - {source: "*", operation: delete, approval: human}
access:                          # who
  default: {sources: ["*"], pii: show}
  support-bot:
    sources: [zendesk, stripe.customers]         # connectors or tables
    hide: [stripe.customers.tax_id]              # these columns neither
    rows: {stripe.charges: "livemode = true"}    # only rows where this holds
    pii: mask                                    # every pii column
    columns: {stripe.customers.email: hash}      # one column
    writes: [zendesk.tickets]                    # default: what `writes` above allows
journal_retention: 90d
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def test_the_documented_file_is_read_whole(paths: Paths) -> None:
    paths.config.write_text(SPEC)
    config = load_config(paths)
    assert config.storage == StorageConfig(url="s3://bucket/dinobase/", catalog="postgresql://host/db")
    assert config.connectors["stripe"].resources == ["customers", "charges"]
    assert config.connectors["stripe"].sync_interval == "1h"
    assert config.writes.rules[1].approval == "human"
    assert config.access["support-bot"].columns == {"stripe.customers.email": "hash"}
    assert (config.retention, config.journal_retention) == ("30d", "90d")


def test_sources_is_read_as_connectors(paths: Paths) -> None:
    paths.config.write_text("sources:\n  a: {type: stripe}\n")
    assert load_config(paths).connectors == {"a": ConnectorConfig(type="stripe")}


def test_no_file_is_an_empty_workspace(paths: Paths) -> None:
    assert load_config(paths) == Config()
    assert plain_config(paths) == Config().model_dump()


@pytest.mark.parametrize("text", ["", "# only words\n", "connectors:\n", "connectors: {}\nwrites:\n"])
def test_empty_sections_are_an_empty_workspace(paths: Paths, text: str) -> None:
    paths.config.write_text(text)
    assert load_config(paths) == Config()


def test_a_connector_comes_and_goes_and_every_other_line_stays(paths: Paths) -> None:
    paths.config.write_text(SPEC)
    put_connector(paths, "github", ConnectorConfig(type="github", resources=["issues"]))
    added = paths.config.read_text()
    assert [line for line in added.splitlines() if line not in SPEC.splitlines()] == [
        "  github: {type: github, resources: [issues]}"
    ]
    drop_connector(paths, "github")
    assert paths.config.read_text() == SPEC


def test_comments_of_other_connectors_survive_a_removal(paths: Paths) -> None:
    paths.config.write_text(
        "connectors:\n  # the shop\n  a: {type: stripe}  # live\n  # the code\n  b:\n    type: github  # ours\n"
        "    freshness: 1d\n  # the desk\n  c: {type: zendesk}\n# the end\nretention: 7d\n"
    )
    drop_connector(paths, "b")
    text = paths.config.read_text()
    for comment in ("# the shop", "# live", "# the desk", "# the end"):
        assert comment in text
    assert list(load_config(paths).connectors) == ["a", "c"]
    drop_connector(paths, "a")
    drop_connector(paths, "c")
    assert "# the end\nretention: 7d" in paths.config.read_text()
    assert load_config(paths).connectors == {}


def test_a_name_that_is_there_needs_replace(paths: Paths) -> None:
    put_connector(paths, "a", ConnectorConfig(type="stripe"))
    with pytest.raises(RequestError, match="`a` is there already") as caught:
        put_connector(paths, "a", ConnectorConfig(type="github"))
    assert "--replace" in caught.value.hint
    assert put_connector(paths, "a", ConnectorConfig(type="github"), replace=True).connectors["a"].type == "github"


def test_an_edit_that_would_break_the_file_leaves_it_as_it_was(paths: Paths) -> None:
    create_config(paths)
    before = paths.config.read_text()
    with pytest.raises(SpecError):
        put_connector(paths, "Not-A-Name", ConnectorConfig(type="stripe"))
    with pytest.raises(SpecError):
        put_connector(paths, "a", ConnectorConfig(type="stripe", freshness="soon"))
    assert paths.config.read_text() == before
    assert list(paths.root.glob(".config*")) == []


def test_a_faulty_file_is_not_edited(paths: Paths) -> None:
    paths.config.write_text("connectors: {a: {typ: x}}\n")
    with pytest.raises(SpecError):
        put_connector(paths, "b", ConnectorConfig(type="stripe"))
    assert paths.config.read_text() == "connectors: {a: {typ: x}}\n"


def test_creating_sets_the_storage_and_keeps_the_rest(paths: Paths) -> None:
    paths.config.write_text("# mine\nretention: 5d\nconnectors: {a: {type: stripe}}\n")
    config = create_config(paths, StorageConfig(url="s3://bucket/x/"))
    assert config.storage.url == "s3://bucket/x/"
    assert paths.config.read_text().startswith("# mine\nretention: 5d\n")
    assert config.connectors.keys() == {"a"}


def test_a_new_file_and_its_folder_belong_to_the_user_alone(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "work")
    create_config(paths)
    assert paths.config.stat().st_mode & 0o777 == 0o600
    assert paths.root.stat().st_mode & 0o777 == 0o700


def test_two_writers_lose_nothing(paths: Paths) -> None:
    code = (
        "import sys; from pathlib import Path; from dinobase.core.settings import Paths\n"
        "from dinobase.spec.config_edit import put_connector; from dinobase.spec.config import ConnectorConfig\n"
        "for n in range(8):\n"
        "    put_connector(Paths(Path(sys.argv[1])), f'{sys.argv[2]}{n}', ConnectorConfig(type='stripe'))"
    )
    root = Path(__file__).parents[3]
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(paths.root), who], cwd=root) for who in ("left", "right")
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    names = load_config(paths).connectors.keys()
    assert names == {f"{who}{n}" for who in ("left", "right") for n in range(8)}


def test_the_compiled_copy_holds_for_the_very_bytes_only(paths: Paths) -> None:
    paths.config.write_text(SPEC)
    assert config_cache.current(paths) is None
    config = load_config(paths)
    assert config_cache.current(paths) == config.model_dump() == plain_config(paths)
    paths.config.write_text(SPEC.replace("30d", "31d", 1))
    assert config_cache.current(paths) is None
    assert plain_config(paths)["retention"] == "31d"
    assert config_cache.current(paths) is not None


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "null", '{"format": "0/0", "source": "", "config": {}}', '{"format": 5}']
)
def test_a_damaged_copy_is_made_again(paths: Paths, damage: str) -> None:
    paths.config.write_text(SPEC)
    load_config(paths)
    (paths.cache / "config.json").write_text(damage)
    assert plain_config(paths)["retention"] == "30d"
    assert json.loads((paths.cache / "config.json").read_text())["source"] == SPEC


def test_a_faulty_file_is_refused_on_the_fast_way_too(paths: Paths) -> None:
    paths.config.write_text(SPEC)
    load_config(paths)
    paths.config.write_text(SPEC + "more: x\n")
    with pytest.raises(SpecError):
        plain_config(paths)


def test_reading_the_compiled_copy_imports_neither_yaml_nor_pydantic(paths: Paths) -> None:
    paths.config.write_text(SPEC)
    load_config(paths)
    code = (
        "import sys; from pathlib import Path; from dinobase.core.settings import Paths\n"
        "from dinobase.spec.config_plain import plain_config\n"
        "print(plain_config(Paths(Path(sys.argv[1])))['retention'])\n"
        "print(sorted({'yaml', 'pydantic', 'ruamel', 'filelock', 'hashlib', 'jsonpath'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code, str(paths.root)], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "30d\n[]\n"
