"""A language model of any provider, asked through pydantic-ai (the extra `models`), which is imported when one is.

A model is named `provider:model`; its key and address are the provider's own environment variables.
"""

from __future__ import annotations

import asyncio
import importlib.util
from dataclasses import dataclass

from dinobase.core import errors

_LIBRARY = "pydantic_ai"
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and what it took."""

    text: str
    input_tokens: int
    output_tokens: int


class Model:
    """One model; raises UsageError where it is named otherwise, or the library is not there."""

    def __init__(self, name: str) -> None:
        provider, _, model = name.partition(":")
        if not provider or not model:
            raise errors.UsageError(
                f"`{name}` names no model",
                code="model.name",
                hint="A provider, then its model: openai-chat:gpt-4.1-mini, anthropic:claude-haiku-4-5.",
            )
        if importlib.util.find_spec(_LIBRARY) is None:
            raise errors.UsageError(
                "Models are asked through pydantic-ai, which is not installed",
                code="model.missing",
                hint="pip install 'dinobase[models]'",
            )
        self._name = name
        self._provider, self._model = provider.removesuffix("-chat").removesuffix("-responses"), model

    def price(self, input_tokens: int, output_tokens: int) -> float | None:
        """Return what so many tokens cost in US dollars, None where no price is known; asks nobody."""
        from genai_prices import Usage, calc_price

        try:
            found = calc_price(
                Usage(input_tokens=input_tokens, output_tokens=output_tokens),
                model_ref=self._model,
                provider_id=self._provider,
            )
        except (LookupError, ValueError):
            return None
        return round(float(found.total_price), 6)

    def ask(self, task: str, text: str) -> Answer:
        """Send one request; raises FetchError."""
        from pydantic_ai.exceptions import AgentRunError, UserError

        try:
            return asyncio.run(self._asked(task, text))
        except (AgentRunError, UserError, ImportError) as error:
            reason = str(error).split("\n", maxsplit=1)[0]
            raise errors.FetchError(
                f"{self._name} did not answer: {reason[:300]}",
                code="model.failed",
                hint="Its key and address are the provider's environment variables, such as OPENAI_API_KEY.",
            ) from None

    async def _asked(self, task: str, text: str) -> Answer:
        from pydantic_ai.direct import model_request
        from pydantic_ai.messages import ModelRequest, TextPart, UserPromptPart
        from pydantic_ai.models import infer_model
        from pydantic_ai.settings import ModelSettings

        request = ModelRequest(parts=[UserPromptPart(text)], instructions=task)
        async with infer_model(self._name) as model:
            answer = await model_request(model, [request], model_settings=ModelSettings(timeout=_SECONDS))
        told = "".join(part.content for part in answer.parts if isinstance(part, TextPart))
        return Answer(told, answer.usage.input_tokens, answer.usage.output_tokens)
