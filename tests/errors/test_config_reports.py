"""Bad config.yaml files, each with its exact report: `config/NAME.yaml` is the file, `config/NAME.txt` what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import SpecError
from dinobase.core.settings import Paths
from dinobase.spec.config import load_config
from dinobase.spec.config_check import validate_config

CASES = Path(__file__).parent / "config"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_gets_exactly_its_report(name: str) -> None:
    loaded = validate_config((CASES / f"{name}.yaml").read_bytes(), "config.yaml")
    lines = [f"error    {problem}\n" for problem in loaded.errors]
    lines += [f"warning  {problem}\n" for problem in loaded.warnings]
    assert "".join(lines) == (CASES / f"{name}.txt").read_text(encoding="utf-8")
    assert (loaded.config is None) == bool(loaded.errors)


def test_the_table_is_as_long_as_promised() -> None:
    assert len(NAMES) >= 10


def test_a_faulty_file_is_never_half_read(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.config.write_text("retentoin: 1d\nconnectors: {stripe: {type: stripe}}\n")
    with pytest.raises(SpecError, match="has 1 problem"):
        load_config(paths)
    assert not (paths.cache / "config.json").exists()
