"""The same documents, decoded by others: which of them are faster, and by how much.

`python -m benchmarks.peers --output FILE` decodes the documents of `benchmarks.decode` at batch 8
with this project's engine, with plain `generate`, with fixed batches in file order (the older
way), and with each peer that is installed; it names those that are not. A peer that has to live in
an environment of its own is named with its interpreter: `--python vllm=/path/to/python`. Each peer
runs in a process of its own, one after the other; loading and compiling are not counted. All have
answered two other documents before the clock starts, and who keeps what prompts begin with has it
by then; with `--cold` they forget it again. `--table FILE` prints the table of a stored result;
`--smoke` shows that it works.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import torch

from benchmarks.decode import DRAFTS, GENERATE, Bench, machine, options_of, prepared
from stindex.llm.decoding.batches import Failure
from stindex.llm.decoding.grammar import grammar_text
from stindex.llm.decoding.plain import Decoded, decode_batch
from stindex.llm.decoding.row import Prompt
from stindex.prompts import load_prompt

OLDER = "fixed batches, file order"
OURS = {"float32": (DRAFTS, GENERATE, OLDER), "bfloat16": (DRAFTS,)}
PEERS = {"float32": ("vllm", "lm-eval"), "bfloat16": ("vllm",)}
_OTHERS = 2  # documents that all answer before the clock starts
_MODULES = {"lm-eval": "lm_eval", "vllm": "vllm"}

# Each script gets a file with `_job`'s dictionary and prints, as its last line, a JSON object:
# seconds, tokens, threads, versions and, where it has them, the token ids of each answer.
_VLLM = """
import ctypes.util, json, os, sys, time
from importlib.metadata import version
# Its documentation asks for these two on a CPU.
wanted = [ctypes.util.find_library("tcmalloc_minimal"), os.path.join(sys.prefix, "lib/libiomp5.so")]
preloaded = [name for name in wanted if name and (os.sep not in name or os.path.exists(name))]
if preloaded and "LD_PRELOAD" not in os.environ:
    os.environ["LD_PRELOAD"] = ":".join(preloaded)
    os.execv(sys.executable, sys.orig_argv)
job = json.load(open(sys.argv[1]))
for name, value in {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_NO_USAGE_STATS": "1",
                    "VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
                    "OMP_NUM_THREADS": str(job["threads"])}.items():
    os.environ.setdefault(name, value)
import torch, vllm
from vllm import LLM, SamplingParams
from vllm.sampling_params import StructuredOutputsParams
longest = max(map(len, job["prompts"])) + job["tokens"] + 1
llm = LLM(model=job["model"], dtype=job["dtype"], max_model_len=longest, generation_config="vllm",
          max_num_seqs=job["batch"], enable_prefix_caching=True,
          structured_outputs_config={"backend": "xgrammar"})
grammar = StructuredOutputsParams(grammar=job["grammar"])
settings = SamplingParams(temperature=0, max_tokens=job["tokens"], structured_outputs=grammar,
                          stop_token_ids=job["end_ids"])
asked = [{"prompt_token_ids": ids} for ids in job["prompts"]]
llm.generate([{"prompt_token_ids": ids} for ids in job["others"]], settings, use_tqdm=False)
if job["cold"] and not llm.reset_prefix_cache():
    raise RuntimeError("Error: the prefix cache was not emptied")
start = time.perf_counter()
written = llm.generate(asked, settings, use_tqdm=False)
seconds = time.perf_counter() - start
ids = [list(one.outputs[0].token_ids) for one in written]
print(json.dumps({"seconds": seconds, "tokens": sum(map(len, ids)), "ids": ids,
                  "threads": torch.get_num_threads(), "versions": {
                  "vllm": vllm.__version__, "torch": torch.__version__,
                  "xgrammar": version("xgrammar")},
                  "preloaded": [os.path.basename(name) for name in preloaded]}))
"""
# It has no grammar: its answers are free, up to the same number of tokens.
_LM_EVAL = """
import json, sys, time
import torch, transformers
from importlib.metadata import version
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
job = json.load(open(sys.argv[1]))
torch.set_num_threads(job["threads"])
model = HFLM(pretrained=job["model"], device="cpu", dtype=job["dtype"], batch_size=job["batch"])
how = {"until": ["\\n\\n\\n"], "max_gen_toks": job["tokens"], "do_sample": False}
def made(texts):
    return [Instance("generate_until", {}, (text, how), i) for i, text in enumerate(texts)]
model.generate_until(made(job["other_texts"]), disable_tqdm=True)
asked = made(job["texts"])
start = time.perf_counter()
written = model.generate_until(asked, disable_tqdm=True)
seconds = time.perf_counter() - start
tokens = sum(len(model.tok_encode(one)) for one in written)
print(json.dumps({"seconds": seconds, "tokens": tokens, "threads": torch.get_num_threads(),
                  "versions": {"lm_eval": version("lm_eval"), "torch": torch.__version__,
                               "transformers": transformers.__version__}}))
"""
_SCRIPTS = {"lm-eval": _LM_EVAL, "vllm": _VLLM}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all that are installed, print a table and write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--python", action="append", default=[], metavar="PEER=INTERPRETER")
    parser.add_argument("--dtypes", nargs="+", choices=tuple(OURS), default=list(OURS))
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--table", metavar="FILE")
    own, rest = parser.parse_known_args(arguments)
    if own.table:
        print(table(json.loads(Path(own.table).read_text(encoding="utf-8"))))
        return
    options = options_of(["--samples", "24", "--max-tokens", "128", "--batch", "8", *rest])
    torch.set_num_threads(options.threads)
    interpreters = dict(part.split("=", 1) for part in own.python)
    options.cold = own.cold
    rows = [row for dtype in own.dtypes for row in measured(options, dtype, interpreters)]
    result = {
        "machine": machine(options),
        "command": _command(options, own.dtypes, interpreters),
        "shared_beginning": "cold" if own.cold else "warm",
        "batch": options.batch[-1],
        "samples": options.samples,
        "rows": rows,
    }
    if options.output:
        Path(options.output).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(table(result))


def _command(
    options: argparse.Namespace, dtypes: Sequence[str], interpreters: Iterable[str]
) -> str:
    """Return how this was called, without the paths of this machine."""
    said = [f"--samples {options.samples}", f"--max-tokens {options.max_tokens}"]
    said += [f"--batch {options.batch[-1]}", f"--threads {options.threads}"]
    said += [f"--dtypes {' '.join(dtypes)}", *(["--cold"] if options.cold else [])]
    said += [f"--python {peer}=PYTHON" for peer in interpreters]
    return " ".join(["python -m benchmarks.peers", *said])


def measured(
    options: argparse.Namespace, dtype: str, interpreters: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each way of decoding with weights of that number format."""
    options.dtype = dtype
    options.samples += _OTHERS
    bench, prompts = prepared(options)
    options.samples -= _OTHERS
    others, prompts = prompts[options.samples :], prompts[: options.samples]
    # No other program has the rule that ends a list that goes in circles.
    limits = replace(bench.settings.limits, copies=None)
    bench.settings = replace(bench.settings, limits=limits)
    batch = options.batch[-1]
    ours: list[list[int]] = []
    for name in OURS[dtype]:
        _warmed(bench, name, others, options)
        row, ids = _own(bench, name, prompts, batch)
        ours = ours or ids
        yield _noted({"name": name, "dtype": dtype, "threads": options.threads, **row}, ids, ours)
    with tempfile.TemporaryDirectory() as directory:
        job = Path(directory) / "job.json"
        job.write_text(json.dumps(_job(bench, prompts, others, options)), encoding="utf-8")
        for peer in PEERS[dtype]:
            row = _peer(peer, interpreters.get(peer, sys.executable), job)
            ids = row.pop("ids", [])
            yield _noted({"name": peer, "dtype": dtype, **row}, ids, ours)


def _own(
    bench: Bench, name: str, prompts: Sequence[Prompt], batch: int
) -> tuple[dict[str, Any], list[list[int]]]:
    decode: Callable[[], Iterable[tuple[int, Decoded | Failure | None]]]
    if name == OLDER:
        decode = lambda: _in_file_order(bench, prompts, batch)  # noqa: E731
    else:
        decode = lambda: (  # noqa: E731
            (result.index, result.decoded) for result in bench.results(name, prompts, batch)
        )
    started = time.perf_counter()
    decoded = dict(decode())
    seconds = time.perf_counter() - started
    ids: list[list[int]] = [[] for _ in prompts]
    for index, one in decoded.items():
        if isinstance(one, Decoded):
            ids[index] = list(one.token_ids)
    return {"seconds": seconds, "tokens": sum(map(len, ids))}, ids


def _warmed(bench: Bench, name: str, others: Sequence[Prompt], options: argparse.Namespace) -> None:
    """Answer other documents first; with `--cold` forget what all prompts begin with."""
    _own(bench, name, others, options.batch[-1])
    if options.cold and name == DRAFTS:
        bench.engine(name, options.batch[-1]).release()


def _in_file_order(
    bench: Bench, prompts: Sequence[Prompt], batch: int
) -> Iterator[tuple[int, Decoded | None]]:
    for start in range(0, len(prompts), batch):
        some = prompts[start : start + batch]
        decoded = decode_batch(bench.loaded.model, some, bench.settings, Event())
        yield from enumerate(decoded, start)


def _noted(row: dict[str, Any], ids: list[list[int]], ours: list[list[int]]) -> dict[str, Any]:
    """Print a row and add how many answers are this engine's, token for token."""
    if ids:
        row["identical"] = sum(a == b for a, b in zip(ids, ours, strict=True))
    print(json.dumps(row), flush=True)
    return row


def _job(
    bench: Bench, prompts: Sequence[Prompt], others: Sequence[Prompt], options: argparse.Namespace
) -> dict[str, Any]:
    decode = bench.loaded.vocabulary.decode
    return {
        "model": str(bench.directory),
        "prompts": [list(prompt.token_ids) for prompt in prompts],
        "others": [list(prompt.token_ids) for prompt in others],
        "texts": [decode(list(prompt.token_ids)) for prompt in prompts],
        "other_texts": [decode(list(prompt.token_ids)) for prompt in others],
        "cold": options.cold,
        "tokens": options.max_tokens,
        "batch": options.batch[-1],
        "dtype": options.dtype,
        "threads": options.threads,
        "end_ids": sorted(bench.loaded.vocabulary.end_ids),
        "grammar": grammar_text(load_prompt("iso").response_model),
    }


def _peer(peer: str, python: str, job: Path) -> dict[str, Any]:
    """Run one peer in its interpreter; `missing` where it is not installed there."""
    search = (
        f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({_MODULES[peer]!r}))"
    )
    if subprocess.run([python, "-c", search], check=False, capture_output=True).returncode:
        return {"missing": "not installed"}
    done = subprocess.run(
        [python, "-c", _SCRIPTS[peer], str(job)],
        capture_output=True,
        text=True,
        check=False,
        cwd=job.parent,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith('{"seconds"')]
    if not found:
        lines = [line for line in done.stderr.splitlines() if "Error" in line] or ["no message"]
        return {"failed": lines[-1].strip()[:200]}
    measured_there: dict[str, Any] = json.loads(found[-1])
    return measured_there


def table(result: Mapping[str, Any]) -> str:
    """Return the rows as a table in Markdown, with ratios to this engine in samples a second."""
    samples = result["samples"]
    lines = [
        "| | weights | tokens/s | samples/s | this engine is | same tokens |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        head = f"| {row['name']} | `{row['dtype']}` |"
        if "seconds" not in row:
            lines.append(f"{head} {row.get('missing') or row['failed']} | | | |")
            continue
        base = next(
            r["seconds"]
            for r in result["rows"]
            if r["name"] == DRAFTS and r["dtype"] == row["dtype"]
        )
        same = f"{row['identical']}/{samples}" if "identical" in row else "no grammar"
        lines.append(
            f"{head} {row['tokens'] / row['seconds']:.0f} | {samples / row['seconds']:.2f} | "
            f"{row['seconds'] / base:.2f} x | {same} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
