"""Scores captions against references with the field's metrics: `python -m benchmarks.truth.score CAPTIONS REFERENCES`.

Both are in one of three layouts: a folder of `NAME.txt` files (several references of one picture: `NAME.1.txt`,
`NAME.2.txt`), a JSON object of name -> text or list of texts, or a JSON list of records in the layout of DID-Bench
(`image` and a text field, named by --caption-field / --reference-field). A name is that of the picture file, without
its ending. To compare captioners as the paper does, run it once per folder of captions with the same references.

CIDEr, BLEU and METEOR are those of pycocoevalcap (`pip install pycocoevalcap`), the field's own code. METEOR and the
Penn Treebank tokenizer, with which published figures were made, are Java programs: without Java texts are split by
words, METEOR is left out, and both are said. With few pictures CIDEr's word weights mean little.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

Texts = Mapping[str, Sequence[str]]


def read_texts(path: Path, field: str) -> dict[str, list[str]]:
    """Texts by name of picture. ValueError where there are none or the layout is another one."""
    if path.is_dir():
        found: dict[str, list[str]] = {}
        for file in sorted(path.glob("*.txt")):
            found.setdefault(re.sub(r"\.\d+$", "", file.stem), []).append(file.read_text(encoding="utf-8").strip())
    elif path.is_file():
        found = _from_json(json.loads(path.read_text(encoding="utf-8")), field, path)
    else:
        raise ValueError(f"{path} does not exist: give a folder of text files or a JSON file.")
    if not found:
        raise ValueError(f"{path} holds no captions: it needs *.txt files, or JSON of names and texts.")
    return found


def _from_json(content: object, field: str, path: Path) -> dict[str, list[str]]:
    if isinstance(content, dict):
        return {Path(str(name)).stem: _as_list(text) for name, text in content.items()}
    if not isinstance(content, list) or not all(
        isinstance(one, dict) and {"image", field} <= set(one) for one in content
    ):
        raise ValueError(f"{path} must be a list of records with the fields image and {field}: name the field.")
    return {Path(str(one["image"])).stem: _as_list(one[field]) for one in content}


def _as_list(text: object) -> list[str]:
    return [str(one) for one in text] if isinstance(text, list) else [str(text)]


def paired(captions: Texts, references: Texts) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The captions that have references, one each. ValueError where a reference has no caption or nothing matches."""
    missing = sorted(set(references) - set(captions))
    if missing:
        raise ValueError(f"{len(missing)} pictures have references but no caption, the first is {missing[0]!r}.")
    return {name: [captions[name][0]] for name in references}, {name: list(texts) for name, texts in references.items()}


def split_words(text: str) -> str:
    """Lower-case words without punctuation, as the Penn Treebank tokenizer of the field leaves them, nearly."""
    return " ".join(re.findall(r"[a-z0-9]+(?:[-'][a-z0-9]+)*", text.lower()))


def tokenized(texts: Texts, *, java: bool) -> dict[str, list[str]]:
    if not java:
        return {name: [split_words(text) for text in several] for name, several in texts.items()}
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    asked = {name: [{"caption": " ".join(text.split())} for text in several] for name, several in texts.items()}
    return PTBTokenizer().tokenize(asked)


def metrics(captions: Texts, references: Texts, *, java: bool) -> dict[str, float]:
    """BLEU-1 to 4, CIDEr and, with Java, METEOR over all pictures. RuntimeError without pycocoevalcap."""
    try:
        from pycocoevalcap.bleu.bleu import Bleu
        from pycocoevalcap.cider.cider import Cider
        from pycocoevalcap.meteor.meteor import Meteor
    except ImportError:
        raise RuntimeError('The metrics are in the package pycocoevalcap: run "pip install pycocoevalcap".') from None
    said, wanted = tokenized(captions, java=java), tokenized(references, java=java)
    bleu, _ = Bleu(4).compute_score(wanted, said, verbose=0)
    cider, _ = Cider().compute_score(wanted, said)
    found = {f"BLEU-{number}": value for number, value in enumerate(bleu, 1)} | {"CIDEr": float(cider)}
    if java:
        found["METEOR"] = float(Meteor().compute_score(wanted, said)[0])
    return found


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.truth.score", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("captions", type=Path)
    parser.add_argument("references", type=Path)
    parser.add_argument("--caption-field", default="caption")
    parser.add_argument("--reference-field", default="caption")
    parser.add_argument("--no-java", action="store_true", help="split by words even where Java is there")
    chosen = parser.parse_args(given)
    captions, references = paired(
        read_texts(chosen.captions, chosen.caption_field), read_texts(chosen.references, chosen.reference_field)
    )
    java = shutil.which("java") is not None and not chosen.no_java
    print(f"{len(references)} pictures, {sum(map(len, references.values()))} references")
    if not java:
        print("without Java: texts split by words, no METEOR; not comparable with published figures to the digit")
    for name, value in metrics(captions, references, java=java).items():
        print(f"{name:8} {100 * value:.2f}")


if __name__ == "__main__":
    main()
