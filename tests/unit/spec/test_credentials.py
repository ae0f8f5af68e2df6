"""Which value a credential has, and where it rests."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import keyring
import pytest

from dinobase.core import secrets
from dinobase.core.errors import CredentialMissing, RequestError
from dinobase.core.settings import Paths, paths
from dinobase.spec import credentials
from dinobase.spec.models import Credential
from dinobase.spec.vault import Vault
from tests.servers.file_keyring import Keyring

KEY = Credential(name="api_key", flag="--api-key", env="SHOP_KEY", prompt="Key")
SITE = Credential(name="site", env="SHOP_SITE", secret=False, default="https://shop.test")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.delenv("SHOP_KEY", raising=False)
    secrets.forget_all()


@pytest.fixture
def workspace(tmp_path: Path) -> Paths:
    return paths(tmp_path / "w")


def test_the_order_is_flag_env_prompt_default(monkeypatch: pytest.MonkeyPatch) -> None:
    def origin(given: dict[str, str], *, asked: bool) -> tuple[str, str]:
        answer = credentials.gather("shop", [KEY], given, (lambda _: "typed") if asked else None)["api_key"]
        return answer.origin, answer.value

    assert origin({}, asked=True) == ("prompt", "typed")
    monkeypatch.setenv("SHOP_KEY", "from-env")
    assert origin({}, asked=True) == ("env", "from-env")
    assert origin({"api_key": "from-flag"}, asked=True) == ("flag", "from-flag")
    assert credentials.gather("shop", [SITE], {}, None)["site"].origin == "default"


def test_an_empty_environment_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "")
    with pytest.raises(CredentialMissing):
        credentials.gather("shop", [KEY], {}, None)


def test_an_optional_credential_without_a_value_is_empty_text() -> None:
    optional = Credential(name="team", required=False)
    answers = credentials.gather("shop", [optional], {}, None)
    assert credentials.values([optional], answers) == {"team": ""}


def test_every_resolved_secret_is_registered_for_redaction() -> None:
    credentials.gather("shop", [KEY, SITE], {"api_key": "s3cr3t/+x", "site": "https://eu.shop.test"}, None)
    assert secrets.redact("key s3cr3t/+x, url s3cr3t%2F%2Bx, site https://eu.shop.test") == (
        "key ***, url ***, site https://eu.shop.test"
    )


def test_what_is_no_secret_goes_to_config_and_the_rest_to_the_vault() -> None:
    answers = credentials.gather("shop", [KEY, SITE], {"api_key": "k-123", "site": "https://eu.shop.test"}, None)
    assert credentials.secret_items(answers) == {"api_key": "k-123"}
    assert credentials.plain_items(answers) == {"site": "https://eu.shop.test"}


def test_a_default_is_not_stored_so_that_a_better_one_is_used_later() -> None:
    answers = credentials.gather("shop", [SITE], {}, None)
    assert credentials.plain_items(answers) == {}


def test_later_the_override_wins_then_what_is_stored_then_the_default(
    workspace: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault(workspace)
    vault.put("shop", {"api_key": "stored-key"})
    recalled = credentials.recall("shop", [KEY, SITE], vault, {"site": "https://eu.shop.test"})
    assert {n: (a.origin, a.value) for n, a in recalled.items()} == {
        "api_key": ("stored", "stored-key"),
        "site": ("stored", "https://eu.shop.test"),
    }
    monkeypatch.setenv("DINOBASE_SHOP_API_KEY", "override")
    assert credentials.recall("shop", [KEY, SITE], vault, {})["api_key"].value == "override"
    assert credentials.recall("shop", [KEY, SITE], vault, {})["site"].value == "https://shop.test"


def test_later_a_missing_one_names_the_variable_that_can_give_it(workspace: Paths) -> None:
    with pytest.raises(CredentialMissing) as missing:
        credentials.recall("shop_eu", [KEY], Vault(workspace), {})
    assert "DINOBASE_SHOP_EU_API_KEY" in missing.value.message


def test_a_reference_to_a_variable_that_is_not_set_says_so() -> None:
    with pytest.raises(CredentialMissing) as missing:
        credentials.gather("shop", [KEY], {"api_key": "${NOT_THERE}"}, None)
    assert "NOT_THERE" in missing.value.message


def test_the_file_is_its_owners_alone_whatever_the_umask(workspace: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    before = os.umask(0)
    try:
        assert Vault(workspace).put("shop", {"api_key": "k-123"}) == "file"
    finally:
        os.umask(before)
    assert stat.S_IMODE(workspace.credentials.stat().st_mode) == 0o600
    assert [p.name for p in workspace.root.iterdir() if p.name.startswith(".")] == []


def test_one_connector_is_forgotten_and_the_others_stay(workspace: Paths) -> None:
    vault = Vault(workspace)
    vault.put("shop", {"api_key": "k-123"})
    vault.put("other", {"api_key": "k-456"})
    vault.delete("shop")
    assert vault.get("shop") == {}
    assert vault.get("other") == {"api_key": "k-456"}


def test_a_faulty_file_is_named_and_not_overwritten(workspace: Paths) -> None:
    workspace.make(workspace.root)
    workspace.credentials.write_text("{not json")
    with pytest.raises(RequestError) as faulty:
        Vault(workspace).put("shop", {"api_key": "k"})
    assert str(workspace.credentials) in faulty.value.message
    assert workspace.credentials.read_text() == "{not json"


def _use_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "ring.json"
    monkeypatch.setenv("FILE_KEYRING", str(file))
    monkeypatch.setattr(keyring, "get_keyring", Keyring)
    return file


def test_where_a_keyring_works_the_secret_is_there_and_not_in_the_file(
    workspace: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = _use_ring(tmp_path, monkeypatch)
    vault = Vault(workspace)
    assert vault.put("shop", {"api_key": "k-in-ring", "other": "${VAR}"}) == "keyring"
    assert json.loads(workspace.credentials.read_text()) == {
        "shop": {"api_key": {"keyring": True}, "other": {"value": "${VAR}"}}
    }
    assert "k-in-ring" in ring.read_text()
    assert vault.get("shop") == {"api_key": "k-in-ring", "other": "${VAR}"}
    vault.keep_token("shop", "t1", "token-in-ring")
    vault.keep_token("shop", "t1", "token-renewed")
    assert "token-renewed" in ring.read_text()
    assert "token" not in workspace.credentials.read_text()
    assert (vault.token("shop", "t1"), set(vault.get("shop"))) == ("token-renewed", {"api_key", "other"})
    vault.delete("shop")
    assert json.loads(ring.read_text()) == {}


def test_a_keyring_that_lost_the_secret_is_said(
    workspace: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = _use_ring(tmp_path, monkeypatch)
    Vault(workspace).put("shop", {"api_key": "k-in-ring"})
    ring.write_text("{}")
    with pytest.raises(CredentialMissing) as missing:
        Vault(workspace).get("shop")
    assert "--replace" in missing.value.hint


def test_a_keyring_that_forgets_at_once_is_not_used(workspace: Paths) -> None:
    assert Vault(workspace).put("shop", {"api_key": "k"}) == "file"
