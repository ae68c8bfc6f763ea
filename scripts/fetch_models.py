"""Fetches a small captioner and a small scorer, and prints their folders: what `scripts/caption.py --model small` uses.

    python scripts/fetch_models.py [MODEL ...]

What is fetched, how large it is and where it goes is said before it starts. What is there already needs no network, and
what broke off goes on where it was. Both are found again by their names by every part of the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from environment import say
from patchmatters.backends.local.kinds import SMALL_CAPTIONER, SMALL_SCORER
from patchmatters.weights.download import STEP, download_model, list_model
from patchmatters.weights.model_names import found_by_name, model_roots

SMALL = (SMALL_CAPTIONER, SMALL_SCORER)
OFFLINE = "Without a network: leave --model out for the built-in captioner, which tells colours and light, no objects."


class Bar:
    """A download on a terminal, one line."""

    def __init__(self, bytes_of_a_step: int) -> None:
        self._step, self._bar = bytes_of_a_step, None

    def begin(self, stage: str, total: int) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=total * self._step, desc=stage, unit="B", unit_scale=True, file=sys.stderr)

    def advance(self, name: str) -> None:
        self._bar.update(self._step)

    def partial(self, name: str, text: str) -> None:
        """Nothing is generated."""

    def poll(self) -> None:
        """Ctrl-C ends it by itself."""

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def main(models: tuple[str, ...]) -> int:
    try:
        folders = [folder_of(model) for model in models or SMALL]
    except (ValueError, RuntimeError) as error:
        say(str(error))
        say(OFFLINE)
        return 1
    print("\n".join(map(str, folders)))
    return 0


def folder_of(model: str) -> Path:
    """The folder of a model, fetched where it is not on this machine."""
    roots = model_roots()
    found = Path(model) if Path(model).is_dir() else found_by_name(model, roots)
    if found is not None:
        return found
    listing = list_model(model)
    size = sum(file.size for file in listing.files)
    say(f"Fetching {model}: {size / 1e9:.2f} GB into {roots[0] / model}")
    bar = Bar(STEP)
    try:
        return download_model(model, roots[0], bar)
    finally:
        bar.close()


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
