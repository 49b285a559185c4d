"""The same documents, decoded by others: which of them are faster, and by how much.

`python -m benchmarks.peers` decodes the documents of `benchmarks.decode` with this project's
engine and with each peer that is installed, one after the other, and names those that are not. A
peer that has to live in an environment of its own is named with its interpreter:
`--python vllm=/path/to/python`. Each runs in a process of its own; loading is not counted.
`--smoke` shows that it works.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.decode import DRAFTS, GENERATE, Bench, machine, options_of, prepared
from stindex.llm.decoding.batches import Failure
from stindex.prompts import load_prompt

_MODULES = {"lm-eval": "lm_eval", "vllm": "vllm"}

# Each script gets a file of {"model", "prompts" (token ids), "texts", "tokens", "batch", "dtype",
# "schema"} and prints {"seconds", "tokens"} as the last line.
_VLLM = """
import json, os, sys, time
os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
from vllm import LLM, SamplingParams
from vllm.sampling_params import StructuredOutputsParams
job = json.load(open(sys.argv[1]))
longest = max(map(len, job["prompts"])) + job["tokens"] + 1
llm = LLM(model=job["model"], dtype=job["dtype"], max_model_len=longest,
          max_num_seqs=job["batch"], enable_prefix_caching=True,
          structured_outputs_config=dict(backend="xgrammar", disable_any_whitespace=True))
schema = StructuredOutputsParams(json=job["schema"])
settings = SamplingParams(temperature=0, max_tokens=job["tokens"], structured_outputs=schema)
asked = [{"prompt_token_ids": ids} for ids in job["prompts"]]
llm.generate(asked[:1], SamplingParams(temperature=0, max_tokens=1), use_tqdm=False)
start = time.perf_counter()
written = llm.generate(asked, settings, use_tqdm=False)
seconds = time.perf_counter() - start
tokens = sum(len(one.outputs[0].token_ids) for one in written)
print(json.dumps({"seconds": seconds, "tokens": tokens}))
"""
# It has no grammar: its answers are free, up to the same number of tokens.
_LM_EVAL = """
import json, sys, time
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
job = json.load(open(sys.argv[1]))
model = HFLM(pretrained=job["model"], device="cpu", dtype=job["dtype"], batch_size=job["batch"])
how = {"until": ["\\n\\n\\n"], "max_gen_toks": job["tokens"], "do_sample": False}
asked = [Instance("generate_until", {}, (text, how), i) for i, text in enumerate(job["texts"])]
start = time.perf_counter()
written = model.generate_until(asked, disable_tqdm=True)
seconds = time.perf_counter() - start
tokens = sum(len(model.tok_encode(one)) for one in written)
print(json.dumps({"seconds": seconds, "tokens": tokens}))
"""
_SCRIPTS = {"lm-eval": _LM_EVAL, "vllm": _VLLM}


def main() -> None:
    """Measure all that are installed and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--python", action="append", default=[], metavar="PEER=INTERPRETER")
    own, rest = parser.parse_known_args()
    options = options_of(rest)
    interpreters = dict(part.split("=", 1) for part in own.python)
    bench, prompts = prepared(options)
    batch = options.batch[-1]
    rows: dict[str, Any] = {}
    for variant in (GENERATE, DRAFTS):
        started = time.perf_counter()
        decoded = [result.decoded for result in bench.results(variant, prompts, batch)]
        seconds = time.perf_counter() - started
        tokens = sum(len(d.token_ids) for d in decoded if not isinstance(d, Failure))
        rows[variant] = {"seconds": seconds, "tokens": tokens}
    with tempfile.TemporaryDirectory() as directory:
        job = Path(directory) / "job.json"
        job.write_text(json.dumps(_job(bench, prompts, batch, options)), encoding="utf-8")
        for peer in _SCRIPTS:
            rows[peer] = _peer(peer, interpreters.get(peer, sys.executable), job)
    for name, row in rows.items():
        _print(name, row, len(prompts))
    if options.output:
        result = {"machine": machine(options), "batch": batch, "peers": rows}
        Path(options.output).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _job(
    bench: Bench, prompts: Sequence[Any], batch: int, options: argparse.Namespace
) -> dict[str, Any]:
    decode = bench.loaded.vocabulary.decode
    return {
        "model": str(bench.directory),
        "prompts": [list(prompt.token_ids) for prompt in prompts],
        "texts": [decode(list(prompt.token_ids)) for prompt in prompts],
        "tokens": options.max_tokens,
        "batch": batch,
        "dtype": options.dtype,
        "schema": load_prompt("iso").response_model.model_json_schema(),
    }


def _peer(peer: str, python: str, job: Path) -> dict[str, Any]:
    """Run one peer in its interpreter; `missing` where it is not installed there."""
    found = subprocess.run(
        [python, "-c", f"import {_MODULES[peer]}"], check=False, capture_output=True
    )
    if found.returncode:
        return {"missing": f"not installed in {Path(python).name}"}
    done = subprocess.run(
        [python, "-c", _SCRIPTS[peer], str(job)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return {"failed": lines[-1][:200]}
    measured: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured


def _print(name: str, row: Mapping[str, Any], samples: int) -> None:
    if "seconds" not in row:
        print(f"{name:17s} {next(iter(row.values()))}")
        return
    seconds = row["seconds"]
    print(
        f"{name:17s} {seconds:7.1f} s {row['tokens']:6d} tokens "
        f"{row['tokens'] / seconds:6.1f} tokens/s {samples / seconds:6.2f} samples/s"
    )


if __name__ == "__main__":
    main()
