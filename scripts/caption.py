"""Captions photographs, or the example picture, in an environment of its own: `python scripts/caption.py [PHOTO ...]`.

    python scripts/caption.py --model small photo.jpg         a small captioner and scorer, fetched at the first run
    python scripts/caption.py --model ID_OR_FOLDER photo.jpg  any local captioner, which judges its own statements too
    python scripts/caption.py --model ollama:NAME photo.jpg   a server: openai:NAME, claude:NAME, ollama:NAME ...

Everything that `python -m patchmatters caption` takes may follow; the first run installs what it needs. Without --model
the built-in captioner is used: it tells colours and light and knows no objects.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from environment import ROOT, environment, requirements, say

EXAMPLE = ["pictures/harbour.jpg", "--detections", "pictures/harbour.json"]
SMALL = "small"
# What may stand before a colon, and the backend that it means.
SERVICES = {
    "claude": ["--backend", "anthropic"],
    "anthropic": ["--backend", "anthropic"],
    **{
        name: ["--backend", "openai", "--provider", name]
        for name in ("openai", "zhipu", "zai", "openrouter", "ollama", "vllm", "lmstudio", "llamacpp")
    },
}


def main() -> int:
    model, arguments = named_model(sys.argv[1:])
    python = environment(".venv", requirements(*extras_for(model)), "captions")
    if all(word.startswith("--") for word in arguments[:1]):
        arguments = [*(str(ROOT / word) if "/" in word else word for word in EXAMPLE), *arguments]
        say(f"No photo given, so the example is captioned: {EXAMPLE[0]}")
    if model and not service_of(model):
        folders = fetched(python, model)
        if not folders:
            return 1
        arguments += local_options(folders)
        arguments += ["--llm-free"] if model == SMALL else []  # too small to compare and to write
    elif model:
        arguments += service_options(model)
    elif "--backend" not in arguments:
        say("No --model given: the built-in captioner tells colours and light, no objects. Try --model small.")
    return _run(python, ["-m", "patchmatters", "caption", *arguments]).returncode


def named_model(arguments: list[str]) -> tuple[str, list[str]]:
    """The value of --model, empty where there is none, and the other arguments. With --backend it is left to that."""
    if "--model" not in arguments or "--backend" in arguments:
        return "", list(arguments)
    at = arguments.index("--model")
    if at + 1 == len(arguments):
        sys.exit("--model needs a name: small, an id, a folder, or openai:NAME, claude:NAME, ollama:NAME.")
    return arguments[at + 1], [*arguments[:at], *arguments[at + 2 :]]


def service_of(model: str) -> list[str]:
    """The options of the service that a name begins with; none for local models."""
    return SERVICES.get(model.partition(":")[0], []) if ":" in model else []


def extras_for(model: str) -> tuple[str, ...]:
    """What pip has to install beside the engine. Its torch is the one for this system: with CUDA on Linux."""
    if not model:
        return ()
    return ("api",) if service_of(model) else ("local",)


def service_options(model: str) -> list[str]:
    name = model.partition(":")[2]
    return [*service_of(model), *(["--model", name] if name else [])]


def local_options(folders: list[str]) -> list[str]:
    """Captioner and scorer; a captioner without one judges its own statements."""
    return ["--backend", "transformers", "--model", folders[0], "--scorer", *(folders[1:] or ["captioner"])]


def fetched(python: Path, model: str) -> list[str]:
    """The folders of the model, or of the small captioner and scorer; none where that failed, which was said."""
    wanted = [] if model == SMALL else [model]
    told = _run(python, [str(ROOT / "scripts" / "fetch_models.py"), *wanted], stdout=subprocess.PIPE, text=True)
    return told.stdout.split("\n")[:-1] if told.returncode == 0 else []


def _run(python: Path, arguments: list[str], **how: object) -> subprocess.CompletedProcess:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run([str(python), *arguments], env={**os.environ, "PYTHONPATH": path}, check=False, **how)


if __name__ == "__main__":
    sys.exit(main())
