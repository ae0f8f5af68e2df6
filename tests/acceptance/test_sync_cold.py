"""What a sync imports is part of what it takes: this is not among it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.json_api import JsonApi, serve

NEVER = {
    "yaml", "ruamel", "pydantic", "mcp", "rich", "keyring", "sqlglot", "psycopg", "pyarrow", "duckdb",
    "dinobase.workspace.results", "dinobase.workspace.servers", "dinobase.workspace.python_kinds", "dinobase.spec.load",
    "dinobase.extract.mcp_client", "dinobase.sync.reading", "dinobase.mutate",
}  # fmt: skip
_PROBE = """
import os, sys
from dinobase.cli import main
real = os._exit
def ending(code):
    sys.stderr.write("LOADED " + " ".join(sys.modules))
    sys.stderr.flush()
    real(code)
os._exit = ending
main.main(["sync", "shop"])
"""


def test_a_sync_imports_what_it_needs_and_no_more(tmp_path: Path) -> None:
    with serve(JsonApi(page_size=500)) as api:
        api.tables["items"] = [{"id": n, "name": f"item {n}"} for n in range(250)]
        (tmp_path / "connectors").mkdir()
        (tmp_path / "connectors" / "shop.yaml").write_text(
            f'name: shop\nclient: {{base_url: "{api.url}"}}\n'
            "resources:\n- {name: items, primary_key: id, endpoint: {data_selector: data}}\n"
        )
        env = {**os.environ, "DINOBASE_DIR": str(tmp_path), "NO_COLOR": "1"}
        add = [sys.executable, "-m", "dinobase", "add", "shop", "--no-check"]
        subprocess.run(add, env=env, check=True, capture_output=True)
        done = subprocess.run([sys.executable, "-c", _PROBE], env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = set(done.stderr.rpartition("LOADED ")[2].split())
    assert {"_duckdb", "aiohttp", "msgspec"} <= loaded
    assert sorted(loaded & NEVER) == []
