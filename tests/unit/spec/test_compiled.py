"""A checked file is kept as what it means, for as long as it is the same file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dinobase.core.errors import SpecError
from dinobase.core.settings import Paths
from dinobase.spec import compiled
from dinobase.spec.load import load_connector
from dinobase.sync import sources

PACKAGED = Path(sources.__file__).parent / "configs"

MINIMAL = 'name: acme\nclient: {base_url: "http://a.test/"}\nresources:\n- {name: rows, endpoint: {params: {a: 1}}}\n'


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "workspace")


def _acme(tmp_path: Path, text: str = MINIMAL) -> Path:
    path = tmp_path / "acme.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_kept_means_the_same(path: Path, paths: Paths) -> None:
    first = compiled.load(path, paths)
    again = compiled.load(path, paths)
    assert first == again == load_connector(path)
    assert again is not first
    assert again.model_dump_json() == first.model_dump_json()


def test_tuples_stay_tuples_and_given_keys_stay_given(tmp_path: Path, paths: Paths) -> None:
    path = _acme(tmp_path, MINIMAL.replace("{name: rows", "{name: rows, empty_statuses: [409]"))
    compiled.load(path, paths)
    again = compiled.load(path, paths)
    assert again.resources[0].empty_statuses == (409,)
    assert again.resources[0].model_fields_set == load_connector(path).resources[0].model_fields_set


def test_a_changed_file_is_read_anew(tmp_path: Path, paths: Paths) -> None:
    path = _acme(tmp_path)
    compiled.load(path, paths)
    _acme(tmp_path, MINIMAL.replace("a: 1", "a: 2"))
    assert compiled.load(path, paths).resources[0].endpoint.params == {"a": 2}


def test_a_file_that_became_faulty_is_refused(tmp_path: Path, paths: Paths) -> None:
    path = _acme(tmp_path)
    compiled.load(path, paths)
    _acme(tmp_path, MINIMAL + "nonsense: 1\n")
    with pytest.raises(SpecError, match="1 problem"):
        compiled.load(path, paths)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seal": 1}', "null"])
def test_a_damaged_copy_is_no_copy(tmp_path: Path, paths: Paths, text: str) -> None:
    path = _acme(tmp_path)
    compiled.load(path, paths)
    copy = paths.cache / "definitions" / "acme.json"
    copy.write_text(text, "utf-8")
    assert compiled.load(path, paths) == load_connector(path)
    assert json.loads(copy.read_text("utf-8"))["definition"]


def test_a_copy_with_fields_that_are_not_there_is_no_copy(tmp_path: Path, paths: Paths) -> None:
    path = _acme(tmp_path)
    compiled.load(path, paths)
    copy = paths.cache / "definitions" / "acme.json"
    copy.write_text(copy.read_text("utf-8").replace('"base_url"', '"gone"'), "utf-8")
    assert compiled.load(path, paths) == load_connector(path)


def test_a_folder_that_cannot_be_written_costs_the_copy_alone(tmp_path: Path, paths: Paths) -> None:
    paths.root.mkdir()
    paths.cache.write_text("a file where the folder would be", "utf-8")
    assert compiled.load(_acme(tmp_path), paths).name == "acme"


def test_the_copy_spares_yaml_and_pydantic(tmp_path: Path, paths: Paths) -> None:
    path = _acme(tmp_path)
    compiled.load(path, paths)
    script = (
        "import sys; from pathlib import Path; from dinobase.core.settings import Paths\n"
        "from dinobase.spec import compiled\n"
        f"print(compiled.load(Path({str(path)!r}), Paths(Path({str(paths.root)!r}))).name)\n"
        "print(sorted({'yaml', 'pydantic', 'pydantic_core', 'ruamel'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "acme\n[]\n"
