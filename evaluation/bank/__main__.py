"""What the engine makes of captions as real models write them: `python -m evaluation.bank [--bank BANK.json]`.

A bank holds photographs with realistic answers, sentence by sentence labelled true or false (its README tells the
format). The engine runs on these answers without a text model, once without a scorer and with a noisy one: a true
sentence scores like Beta(5, 2), a false one like Beta(2, 4). Each sentence of a caption is mapped back to the labelled
sentence that it has most words in common with; thoughts before an answer are no part of it. Of Chinese every character
counts as a word. The bank is not part of this repository: without it this says so. `tests/data/language_bank.json` is a
second one, of six other captioners and photographs (`--images`); docs/measured.md says what was chosen by it.

The first bank's texts were written by one author who looked at the crops, in the manner of ten models; they are no
answers of these models, and thresholds of `patchmatters.language.similarity` were chosen with them in view.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

from patchmatters.language import SIMILARITIES
from patchmatters.pipeline import PRESETS

from . import shared_dir
from .photographs import measure, photographs_of, with_similarity
from .prose import FAULTS, prose_row


def row(name: str, total: Counter[str], runs: int) -> str:
    told, facts = max(total["told"], 1), max(total["facts"], 1)
    return (
        f"| {name} | {total['words'] / runs:.0f} | {100 * total['false'] / told:.1f} "
        f"| {100 * total['facts'] / max(total['all_facts'], 1):.1f} | {total['again'] / facts:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", type=Path, default=shared_dir() / "vlm_bank" / "bank.json")
    parser.add_argument("--images", type=Path, help="folder of the photographs; default: did_bench/images beside it")
    parser.add_argument("--preset", default="careful", choices=tuple(PRESETS))
    parser.add_argument("--similarity", default="auto", choices=tuple(SIMILARITIES))
    parser.add_argument("--seeds", type=int, default=3, help="runs with the noisy scorer")
    parser.add_argument("--prose", action="store_true", help="print how much reads as prose too (prose.py)")
    options = parser.parse_args()
    try:
        photographs = photographs_of(options.bank, options.images)
    except ValueError as error:
        sys.exit(str(error))
    preset = with_similarity(PRESETS[options.preset], options.similarity)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    print("| | words | false % | facts told % | each fact told again |\n| --- | --- | --- | --- | --- |")
    for photo in photographs:
        found = measure(photo, preset, range(options.seeds))
        for name, counts in found.items():
            totals[name].update(counts)
            print(row(f"{photo.persona}: {name}", counts, options.seeds if name == "noisy scorer" else 1))
    for name, counts in totals.items():
        print(row(f"**all: {name}**", counts, len(photographs) * (options.seeds if name == "noisy scorer" else 1)))
    if options.prose:
        print(f"\n| prose, % of sentences | sentences | {' | '.join(FAULTS)} |\n|{' --- |' * (len(FAULTS) + 2)}")
        for name, counts in totals.items():
            print(prose_row(name, counts))


if __name__ == "__main__":
    main()
