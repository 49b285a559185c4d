"""The chat-completions protocol: a request ─▶ the body that is sent; a reply's body ─▶ a `Reply`.

Pure functions of JSON. A server that does not know a parameter says so, and `Dialect` leaves it
out from then on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from stindex.llm.base import DecodingSettings, Message, Request, request_seed, without_system
from stindex.llm.server.prices import Used
from stindex.schema import FinishReason

_MOST_SAID = 300  # characters of a server's message that are kept
_MOST_READ = 10_000  # characters of a page in which a message is looked for
_TAG = re.compile(r"<[^>]*>")
# Keywords that steer nothing and that strict servers refuse.
_LEFT_OUT = ("title", "default", "maxLength", "description")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered to one request.

    Attributes:
        raw_text: the thought in `<think>` tags, where the server returns one, and the answer.
        ending: the finish reason in the server's own word.
        model, fingerprint: what the server says has answered; empty where it does not.
    """

    raw_text: str
    finish_reason: FinishReason
    ending: str
    used: Used
    thought_tokens: int
    model: str
    fingerprint: str


class ReplyError(ValueError):
    """The body is no chat completion."""


@dataclass(slots=True)
class Dialect:
    """What a server has been found not to take; changes as refusals come in.

    Attributes:
        renamed: whether `max_tokens` has to be called `max_completion_tokens`.
        folded: whether the system message has to open the first message of the user.
        dropped: parameters that are left out.
    """

    renamed: bool = False
    folded: bool = False
    dropped: set[str] = field(default_factory=set)

    @property
    def left_out(self) -> list[str]:
        """Return what requests lack, sorted."""
        return sorted([*self.dropped, *(["system message"] if self.folded else [])])

    def learn(self, status: int, message: str) -> bool:
        """Take a refusal to heart; return whether the next request will be another."""
        if status not in {400, 422}:
            return False
        if "max_completion_tokens" in message and not self.renamed:
            self.renamed = True
            return True
        if "system role" in message.lower() and not self.folded:
            self.folded = True
            return True
        for name in ("temperature", "seed", "chat_template_kwargs"):
            if f"'{name}'" in message and name not in self.dropped:
                self.dropped.add(name)
                return True
        return False

    def spoken(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body as this server takes it."""
        kept = {name: value for name, value in body.items() if name not in self.dropped}
        if self.renamed and "max_tokens" in kept:
            kept["max_completion_tokens"] = kept.pop("max_tokens")
        if self.folded:
            kept["messages"] = without_system(kept["messages"])
        return kept


@dataclass(frozen=True, slots=True)
class Chat:
    """Makes the bodies of a run's requests; what is the same for all of them is made once."""

    model: str
    decoding: DecodingSettings
    response_format: Mapping[str, Any] | None

    @classmethod
    def of(cls, model: str, response_model: type[BaseModel], decoding: DecodingSettings) -> Chat:
        """Return what asks a model for answers of a schema."""
        asked = {
            "type": "json_schema",
            "json_schema": {
                "name": "extraction",
                "strict": True,
                "schema": strict_schema(response_model),
            },
        }
        return cls(model, decoding, asked if decoding.constrained else None)

    def body(self, request: Request) -> dict[str, Any]:
        """Return the body of one request."""
        decoding = self.decoding
        thinking = decoding.thinking == "on"
        body: dict[str, Any] = {
            "model": self.model,
            "messages": _messages(request.messages),
            "max_tokens": decoding.max_tokens + (decoding.thinking_tokens if thinking else 0),
            "temperature": decoding.temperature or 0,
        }
        if decoding.temperature:
            body["seed"] = request_seed(decoding.seed, request.key)
        if self.response_format is not None:
            body["response_format"] = self.response_format
        if decoding.thinking != "auto":
            body["chat_template_kwargs"] = {"enable_thinking": thinking}
        return body


def _messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [dict(message) for message in messages]


def strict_schema(response_model: type[BaseModel]) -> dict[str, Any]:
    """Return a JSON Schema that servers take as strict: every key required, no others allowed."""
    schema: dict[str, Any] = _strict(response_model.model_json_schema())
    return schema


def _strict(node: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {
        key: {name: _strict(part) for name, part in value.items()}
        if key in {"properties", "$defs"}
        else _strict(value)
        for key, value in node.items()
        if key not in _LEFT_OUT
    }
    if "properties" in made:
        made |= {"required": list(made["properties"]), "additionalProperties": False}
    return made


def read_reply(body: bytes) -> Reply:
    """Read a chat completion.

    Raises:
        ReplyError: it is none.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        why = f"it is no JSON: {refusal(body, 60)}" if body else "it is empty"
        raise ReplyError(f"the reply is no chat completion ({why})") from None
    try:
        return _reply(content)
    except (LookupError, TypeError, AttributeError):
        told = isinstance(content, dict) and bool(content.get("error"))
        why = refusal(body) if told else "it has no message in `choices`"
        raise ReplyError(f"the reply is no chat completion ({why})") from None


def _reply(content: Any) -> Reply:  # noqa: ANN401 (JSON)
    choice = content["choices"][0]
    message = choice["message"]
    answer = _text(message.get("content") or message.get("refusal"))
    thought = _text(message.get("reasoning_content") or message.get("reasoning"))
    usage = content.get("usage") or {}
    details = usage.get("completion_tokens_details") or {}
    return Reply(
        f"<think>{thought}</think>{answer}" if thought else answer,
        "length" if choice.get("finish_reason") == "length" else "stop",
        str(choice.get("finish_reason"))[:40],
        _used(usage),
        _count(details.get("reasoning_tokens")),
        str(content.get("model") or ""),
        str(content.get("system_fingerprint") or ""),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("its content is no text")
    return value


def _used(usage: Mapping[str, Any]) -> Used:
    prompt = _count(usage.get("prompt_tokens"))
    details = usage.get("prompt_tokens_details") or {}
    cached = min(prompt, _count(details.get("cached_tokens")))
    return Used(prompt, cached, _count(usage.get("completion_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def refusal(body: bytes, most: int = _MOST_SAID) -> str:
    """Return what a server says is wrong, on one line and not too long; a page without its tags."""
    text = body.decode("utf-8", "replace")
    try:
        content = json.loads(text)
        found = content.get("error", content) if isinstance(content, dict) else content
        message = found.get("message", found) if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        message = _TAG.sub(" ", text[:_MOST_READ]) if "<html" in text[:200].lower() else text
    line = " ".join(str(message).split())
    return line if len(line) <= most else line[: most - 1] + "…"
