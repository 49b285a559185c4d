"""Messages as the prompt that a chat model and a base model are given."""

from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerBase

from stindex.llm.base import Message
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
