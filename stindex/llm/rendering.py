"""Chat messages ─▶ the prompt that a model is given, as text and as token ids.

A chat model is prompted through its chat template; a base model gets the messages as plain text
with its worked examples one after the other. What is known about thinking is read from the
template, never from a model's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from stindex.errors import UserError
from stindex.llm.base import Message, without_system
from stindex.llm.decoding.row import Prompt

Thinking = Literal["auto", "on", "off"]

_PLAIN_HEADINGS = {"user": "### Input", "assistant": "### Output"}
# A base model goes on with a next example; no JSON has a raw line break before a heading.
PLAIN_STOP_TEXT = "\n###"


@dataclass(frozen=True, slots=True)
class ThinkingStyle:
    """How a model thinks, as its chat template shows.

    Attributes:
        thinks: the template knows `<think>`.
        switch: the template has `enable_thinking`.
        always: the prompt opens a thought without being asked.
    """

    thinks: bool
    switch: bool
    always: bool


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders messages for one tokenizer and one setting of thinking."""

    tokenizer: PreTrainedTokenizerBase
    style: ThinkingStyle
    thinking: Thinking

    def prompt(self, key: str, messages: Sequence[Message]) -> Prompt:
        """Return the prompt that `messages` make. Raises `ValueError` where the template fails."""
        own_text = messages[-1]["content"] if messages else ""
        if not self.tokenizer.chat_template:
            text = plain_text(messages)
            ids = self.tokenizer(text).input_ids  # with the beginning-of-text token, if there is
            return Prompt(key, tuple(ids), stop_text=PLAIN_STOP_TEXT, own_text=own_text)
        text = self._chat_text(messages)
        # The template has written the special tokens already.
        ids = self.tokenizer(text, add_special_tokens=False).input_ids
        return Prompt(key, tuple(ids), thinking=self._thinking_of(text), own_text=own_text)

    def _chat_text(self, messages: Sequence[Message]) -> str:
        switch = {} if self.thinking == "auto" else {"enable_thinking": self.thinking == "on"}
        try:
            return chat_text(self.tokenizer, messages, switch)
        except TemplateError as first:
            # Some templates refuse a system message: it then opens the first user message.
            try:
                return chat_text(self.tokenizer, without_system(messages), switch)
            except TemplateError:
                raise ValueError(f"the chat template refuses these messages: {first}") from None

    def _thinking_of(self, text: str) -> Literal["none", "possible", "required", "open"]:
        if opens_thought(text):
            return "open"
        if not self.style.thinks or self.thinking == "off":
            return "none"
        return "required" if self.thinking == "on" else "possible"


def renderer(tokenizer: PreTrainedTokenizerBase, thinking: Thinking) -> Renderer:
    """Return the renderer for a tokenizer.

    Raises:
        UserError: `thinking` is `on` and the model has no thinking mode, or `off` and it cannot be
            switched off.
    """
    style = thinking_style(tokenizer)
    if thinking == "on" and not style.thinks:
        raise UserError(
            "--thinking on: this model has no thinking mode (its chat template knows no <think>); "
            "use --thinking auto."
        )
    if thinking == "off" and style.always and not style.switch:
        raise UserError(
            "--thinking off: this model opens a thought in every answer and its chat template has "
            "no enable_thinking; use --thinking auto."
        )
    return Renderer(tokenizer, style, thinking)


def thinking_style(tokenizer: PreTrainedTokenizerBase) -> ThinkingStyle:
    """Return how a model thinks, from its chat template and a rendered prompt."""
    template = tokenizer.chat_template
    source = "\n".join(template.values()) if isinstance(template, dict) else template or ""
    switch = "enable_thinking" in source
    try:
        rendered = chat_text(tokenizer, [{"role": "user", "content": "?"}], {}) if source else ""
    except TemplateError:
        rendered = ""
    always = opens_thought(rendered)
    return ThinkingStyle(switch or always or "<think>" in source, switch, always)


def opens_thought(text: str) -> bool:
    """Return whether a prompt ends inside a thought."""
    return text.rstrip().endswith("<think>")


def chat_text(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], options: dict[str, Any]
) -> str:
    """Return the messages in the tokenizer's chat template, up to where the answer begins."""
    text = tokenizer.apply_chat_template(
        [dict(message) for message in messages],
        tokenize=False,
        add_generation_prompt=True,
        **options,
    )
    return str(text)


def plain_text(messages: Sequence[Message]) -> str:
    """Return the messages for a model without a chat template: instruction, examples, question."""
    parts = []
    for message in messages:
        heading = _PLAIN_HEADINGS.get(message["role"])
        parts.append(f"{heading}\n{message['content']}" if heading else message["content"])
    return "\n\n".join([*parts, "### Output\n"])
