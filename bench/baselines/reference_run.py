"""Sets up the public dinobase 0.2.9: the connector file among its packaged ones, and the entry that `add` stores."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

CONFIG = "connectors:\n  bench:\n    type: bench\n    credentials: {api_key: bench-token}\n"


def main() -> None:
    """Its `add` refuses names that its registry does not list, so what it would store is written here."""
    import dinobase

    connector, folder = map(Path, sys.argv[1:])
    shutil.copy(connector, Path(dinobase.__file__).parent / "sync" / "sources" / "configs" / "bench.yaml")
    (folder / "config.yaml").write_text(CONFIG)


if __name__ == "__main__":
    main()
