"""A service account's key signs a statement that the token endpoint can check; the key itself goes nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from dinobase.core.errors import FetchRefused
from dinobase.workspace import Workspace
from tests.api.extract.api import Answer, Asked, Bench, Clock, FakeApi, serving

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
SCOPES = ["https://api.test/read", "https://api.test/more"]


def google(seen: list[dict[str, Any]]) -> Any:
    """A token endpoint that verifies what it is told, and an API behind it."""

    def answer(asked: Asked) -> Any:
        if asked.path != "/token":
            return [{"id": 1}] if asked.headers["authorization"] == "Bearer at-1" else Answer({}, 401)
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        assert form.pop("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        statement = form.pop("assertion")
        assert form == {}
        audience = f"http://{asked.headers['host']}/token"
        claims = jwt.decode(
            statement,
            KEY.public_key(),
            ["RS256"],
            audience=audience,
            options={"verify_iat": False, "verify_exp": False},
        )
        seen.append({**claims, **jwt.get_unverified_header(statement)})
        return {"access_token": "at-1", "expires_in": 3599, "token_type": "Bearer"}

    return answer


def key_of(api: FakeApi, **facts: Any) -> str:
    made = {
        "type": "service_account",
        "client_email": "robot@project.test",
        "private_key": PEM,
        "private_key_id": "k1",
        "token_uri": f"{api.url}/token",
        **facts,
    }
    return json.dumps({name: value for name, value in made.items() if value is not None})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "state", Clock())


def auth(key_file: str) -> dict[str, Any]:
    return {"auth": {"type": "google_service_account", "key_file": key_file, "scopes": SCOPES}}


@pytest.mark.parametrize("as_path", [True, False])
async def test_a_signed_statement_buys_one_token_for_all_runs(bench: Bench, tmp_path: Path, as_path: bool) -> None:
    seen: list[dict[str, Any]] = []
    async with serving(google(seen)) as api:
        file = tmp_path / "key.json"
        file.write_text(key_of(api))
        client = auth(str(file) if as_path else key_of(api))
        for _ in range(2):
            assert await bench.rows(api, client=client) == [{"id": 1}]
    (claims,) = seen
    now = int(bench.clock.seconds())
    assert (claims["iss"], claims["kid"], claims["alg"]) == ("robot@project.test", "k1", "RS256")
    assert claims["scope"] == " ".join(SCOPES)
    assert now - 120 <= claims["iat"] < now < claims["exp"] <= claims["iat"] + 3600
    for kept in bench.state.rglob("*"):
        assert not kept.is_file() or b"PRIVATE KEY" not in kept.read_bytes()


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"type": "authorized_user"}, "of type `authorized_user`, not `service_account`"),
        ({"type": None}, "without a type"),
        ({"client_email": None}, "no `client_email`"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}, "cannot be read"),
        ({"private_key": 7}, "cannot be read"),
    ],
)
async def test_a_key_file_that_is_not_one_says_what_it_is(bench: Bench, facts: dict[str, Any], message: str) -> None:
    async with serving(google([])) as api:
        with pytest.raises(FetchRefused, match=message) as refused:
            await bench.rows(api, client=auth(key_of(api, **facts)))
        assert refused.value.error_code == "auth.key_file"
        assert api.asked == []


async def test_a_key_file_that_is_not_there_is_named_without_its_folder(bench: Bench, tmp_path: Path) -> None:
    async with serving(google([])) as api:
        with pytest.raises(FetchRefused, match=r"`gone\.json` cannot be read: No such file") as refused:
            await bench.rows(api, client=auth(str(tmp_path / "gone.json")))
    assert refused.value.error_code == "auth.key_file"


async def test_a_file_that_is_no_json_is_said_to_be_that(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "key.p12").write_bytes(b"\xff\x00\x01")
    (tmp_path / "key.txt").write_text("hello")
    async with serving(google([])) as api:
        with pytest.raises(FetchRefused, match="it is not text"):
            await bench.rows(api, client=auth(str(tmp_path / "key.p12")))
        with pytest.raises(FetchRefused, match="is not JSON"):
            await bench.rows(api, client=auth(str(tmp_path / "key.txt")))


async def test_an_account_that_was_deleted_is_refused_with_the_servers_reason(bench: Bench) -> None:
    said = Answer({"error": "invalid_grant", "error_description": "Invalid grant: account not found"}, 400)
    async with serving(lambda _: said) as api:
        with pytest.raises(FetchRefused, match="account not found") as refused:
            await bench.rows(api, client=auth(key_of(api)))
    assert "key" in refused.value.hint
    assert PEM[40:80] not in str(refused.value.as_dict())


def test_add_keeps_where_the_key_file_is_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "workspace"
    (root / "connectors").mkdir(parents=True)
    definition = {
        "name": "sheet",
        "credentials": [{"name": "key_file"}],
        "client": {"base_url": "http://127.0.0.1:1/", **auth("{key_file}")},
        "resources": [{"name": "rows"}],
    }
    (root / "connectors" / "sheet.yaml").write_text(json.dumps(definition))
    monkeypatch.chdir(tmp_path)
    workspace = Workspace.open(root)
    workspace.add("sheet", given={"key_file": "key.json"}, check=False)
    kept = json.loads((root / "credentials.json").read_text())["sheet"]["key_file"]["value"]
    assert kept == str(tmp_path / "key.json")
    workspace.add("sheet", given={"key_file": '{"type": "service_account"}'}, check=False, replace=True)
    kept = json.loads((root / "credentials.json").read_text())["sheet"]["key_file"]["value"]
    assert kept == '{"type": "service_account"}'
