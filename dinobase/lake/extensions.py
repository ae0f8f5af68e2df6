"""Extensions are loaded by their path in site-packages: nothing is downloaded, copied or written."""

from __future__ import annotations

import os

import _duckdb

from dinobase.core.errors import LakeError

# Every instance of ours begins so. Unsigned, since each start would hash 36 MB: the wheels are pinned by their hashes.
SEALED = {
    "allow_unsigned_extensions": "true",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def extension_path(name: str) -> str:
    """Return where the extension's file is; its package is not imported (that costs more than loading it)."""
    version = f"v{_duckdb.__version__}"
    tail = (f"duckdb_extension_{name}", "extensions", version, f"{name}.duckdb_extension")
    beside = os.path.join(os.path.dirname(_duckdb.__file__), *tail)  # noqa: PTH118, PTH120 - pathlib is slower here
    if os.path.exists(beside):  # noqa: PTH110 - as above
        return beside
    return _search(name, tail)


def _search(name: str, tail: tuple[str, ...]) -> str:
    from importlib.util import find_spec

    package = f"duckdb_extension_{name}"
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = os.path.join(folder, *tail[1:])  # noqa: PTH118 - one style in this file
        if os.path.exists(path):  # noqa: PTH110 - as above
            return path
    extra = {"mysql_scanner": "pip install 'dinobase[mysql]'"}.get(name)
    raise LakeError(
        f"The DuckDB extension {name} {tail[2]} is not installed",
        code="lake.extension",
        hint=extra or f"pip install {package.replace('_', '-')}=={_duckdb.__version__}",
    )
