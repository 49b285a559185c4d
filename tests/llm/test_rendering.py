"""Messages as the prompt that a chat model and a base model are given."""

from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerBase

from stindex.errors import UserError
from stindex.llm.base import Message, Thinking
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.rendering import plain_text, renderer

pytestmark = pytest.mark.slow

MESSAGES: tuple[Message, ...] = (
    {"role": "system", "content": "Instruction."},
    {"role": "user", "content": "Question."},
    {"role": "assistant", "content": "Answer."},
    {"role": "user", "content": "Now?"},
)


@pytest.fixture
def tokenizer(smollm2: HuggingFaceLLM) -> PreTrainedTokenizerBase:
    """A tokenizer of its own, whose template a test may change."""
    loaded = type(smollm2.load().tokenizer).from_pretrained(str(smollm2.local.path))
    assert isinstance(loaded, PreTrainedTokenizerBase)
    return loaded


def test_a_base_model_reads_examples_one_after_the_other() -> None:
    assert plain_text(MESSAGES) == (
        "Instruction.\n\n### Input\nQuestion.\n\n### Output\nAnswer.\n\n### Input\nNow?\n\n"
        "### Output\n"
    )


def test_a_chat_model_is_prompted_through_its_template(tokenizer: PreTrainedTokenizerBase) -> None:
    prompt = renderer(tokenizer, "auto").prompt("key", MESSAGES)
    text = str(tokenizer.decode(list(prompt.token_ids)))
    assert text.startswith("<|im_start|>system\nInstruction.<|im_end|>\n<|im_start|>user\n")
    assert text.endswith("<|im_start|>user\nNow?<|im_end|>\n<|im_start|>assistant\n")
    assert (prompt.thinking, prompt.stop_text) == ("none", "")


def test_a_template_without_system_role_gets_it_in_the_first_question(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('No system') }}"
        "{% endif %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
    )
    prompt = renderer(tokenizer, "auto").prompt("key", MESSAGES)
    assert str(tokenizer.decode(list(prompt.token_ids))).startswith(
        "[user] Instruction.\n\nQuestion.\n[assistant] Answer.\n"
    )


def test_a_template_that_refuses_everything_is_that_samples_problem(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = "{{ raise_exception('Never') }}"
    with pytest.raises(ValueError, match="Never"):
        renderer(tokenizer, "auto").prompt("key", MESSAGES)


_TURNS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
# How templates of known families end; none of their text is copied.
_TEMPLATES = {
    "closes the thought when it is off": _TURNS
    + "{% if enable_thinking is defined and not enable_thinking %}"
    "<think>\n\n</think>\n\n{% endif %}",
    "says so to the model": (
        "{% if enable_thinking is not defined %}{% set enable_thinking = true %}{% endif %}"
        "/{{ 'think' if enable_thinking else 'no_think' }}\n"
        + _TURNS
        + "{% if not enable_thinking %}<think>\n\n</think>\n{% endif %}"
    ),
    "is off until asked": (
        "{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
        + _TURNS
        + "{% if thinking %}<think>{% else %}</think>{% endif %}"
    ),
    "always opens one": _TURNS + "<think>\n",
    "only strips old thoughts": (
        "{% for m in messages %}{{ m.content.split('</think>')[-1] }}\n{% endfor %}Answer:"
    ),
    "always closes it": _TURNS + "<think></think>",
    "has other tags": _TURNS + "<|channel|>analysis<|message|>",
}


@pytest.mark.parametrize(
    ("template", "auto", "on", "off"),
    [
        ("closes the thought when it is off", "possible", "required", "none"),
        ("says so to the model", "possible", "required", "none"),
        ("is off until asked", "none", "open", "none"),
        ("always opens one", "open", "open", None),
        ("only strips old thoughts", "possible", "required", "none"),
        ("always closes it", "none", None, "none"),
        ("has other tags", "none", None, "none"),
    ],
)
def test_each_kind_of_template_thinks_as_it_is_told(
    tokenizer: PreTrainedTokenizerBase, template: str, auto: str, on: str | None, off: str | None
) -> None:
    tokenizer.chat_template = _TEMPLATES[template]
    wanted: dict[Thinking, str | None] = {"auto": auto, "on": on, "off": off}
    for thinking, expected in wanted.items():
        if expected is None:
            with pytest.raises(UserError, match=f"--thinking {thinking}: this model"):
                renderer(tokenizer, thinking)
        else:
            assert renderer(tokenizer, thinking).prompt("k", MESSAGES).thinking == expected
