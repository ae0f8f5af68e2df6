"""The closed list of auth kinds; a new one is a file here and a line below."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dinobase.kinds.auth.api_key import ApiKey
from dinobase.kinds.auth.bearer import Bearer
from dinobase.kinds.auth.google_service_account import GoogleServiceAccount
from dinobase.kinds.auth.http_basic import HttpBasic
from dinobase.kinds.auth.none import NoAuth
from dinobase.kinds.auth.oauth2 import OAuth2
from dinobase.kinds.base import ByTag

Auth: TypeAlias = Annotated[Bearer | HttpBasic | ApiKey | OAuth2 | GoogleServiceAccount | NoAuth, ByTag("type")]
