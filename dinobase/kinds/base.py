"""What every kind is: a closed model whose fields are the documentation and whose methods do no I/O."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Kind(BaseModel):
    """Fields come from a connector file; unknown keys are errors; strings may hold `{placeholders}` until rendered."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=False, defer_build=True)
