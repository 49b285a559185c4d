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
from stindex.llm.base import Message, Thinking, without_system
from stindex.llm.decoding.row import Prompt

# What templates call their switch: Qwen3 and SmolLM3 the one, DeepSeek and Granite the other.
_SWITCHES = ("enable_thinking", "thinking")
_PLAIN_HEADINGS = {"user": "### Input", "assistant": "### Output"}
# A base model goes on with a next example; no JSON has a raw line break before a heading.
PLAIN_STOP_TEXT = "\n###"


@dataclass(frozen=True, slots=True)
class ThinkingStyle:
    """How a model thinks, as its chat template shows.

    Attributes:
        thinks: the template knows `<think>`, and does not close it again where thoughts are on.
        always: the prompt opens a thought where thoughts are off, too.
    """

    thinks: bool
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
        try:
            return chat_text(self.tokenizer, messages, self.thinking)
        except TemplateError as first:
            # Some templates refuse a system message: it then opens the first user message.
            try:
                return chat_text(self.tokenizer, without_system(messages), self.thinking)
            except TemplateError:
                raise ValueError(f"the chat template refuses these messages: {first}") from None

    def _thinking_of(self, text: str) -> Literal["none", "possible", "required", "open"]:
        if opens_thought(text):
            return "open"
        if not self.style.thinks or self.thinking == "off" or closes_thought(text):
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
            "--thinking on: this model has no thinking mode (its chat template knows no <think>, "
            "or closes it at once); use --thinking auto."
        )
    if thinking == "off" and style.always:
        raise UserError(
            "--thinking off: this model opens a thought in every answer and its chat template has "
            "no switch for it (enable_thinking); use --thinking auto."
        )
    return Renderer(tokenizer, style, thinking)


def thinking_style(tokenizer: PreTrainedTokenizerBase) -> ThinkingStyle:
    """Return how a model thinks, from its chat template and rendered prompts."""
    template = tokenizer.chat_template
    source = "\n".join(template.values()) if isinstance(template, dict) else template or ""
    asked: list[Message] = [{"role": "user", "content": "?"}]
    try:
        on, off = (chat_text(tokenizer, asked, thinking) for thinking in ("on", "off"))
    except (TemplateError, ValueError):  # every sample is told, or there is no template
        on = off = ""
    return ThinkingStyle(
        thinks="think>" in source and not closes_thought(on), always=opens_thought(off)
    )


def opens_thought(text: str) -> bool:
    """Return whether a prompt ends inside a thought."""
    return text.rstrip().endswith("<think>")


def closes_thought(text: str) -> bool:
    """Return whether a prompt ends where a thought has ended, be it an empty one."""
    return text.rstrip().endswith("</think>")


def chat_text(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], thinking: Thinking
) -> str:
    """Return the messages in the tokenizer's chat template, up to where the answer begins."""
    switch: dict[str, Any] = (
        {} if thinking == "auto" else dict.fromkeys(_SWITCHES, thinking == "on")
    )
    text = tokenizer.apply_chat_template(
        [dict(message) for message in messages],
        tokenize=False,
        add_generation_prompt=True,
        **switch,
    )
    return str(text)


def plain_text(messages: Sequence[Message]) -> str:
    """Return the messages for a model without a chat template: instruction, examples, question."""
    parts = []
    for message in messages:
        heading = _PLAIN_HEADINGS.get(message["role"])
        parts.append(f"{heading}\n{message['content']}" if heading else message["content"])
    return "\n\n".join([*parts, "### Output\n"])
