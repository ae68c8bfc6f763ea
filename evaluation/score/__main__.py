"""Scores captions as the field does, one row of a table per captioner.

    python -m evaluation.score CAPTIONS... --references FILE...     BLEU, CIDEr, METEOR against references
                                     --images FOLDER --scorer NAME|PATH   agreement with the picture (like CLIPScore)
                                     --objects FILE                       named objects that are not there (like CHAIR)

At least one of the three; all can be given. CAPTIONS and references are folders of NAME.txt files or of Scene files, a
JSON object of name -> text(s) (the layout of DID-Bench), or a JSON list of records with `image` and a text field, which
--caption-field and --reference-field name. A name is that of the picture file, without its ending. What `agreement` and
`CHAIR` are and are not is said in `agreement.py` and `chair.py`.

The paper's table, with weights at hand: caption the pictures of DID-Bench once with the method. Every Scene also keeps
what the captioner said of the whole picture by itself, which --own scores as a row of its own: the captioner alone and
the method in one run. (`--preset fast --rows 1 --columns 1` is not the captioner alone: it merges two descriptions.)

    python -m patchmatters caption IMAGES/*.jpg --preset paper --backend transformers --model MODEL \\
        --scorer BLIP_FOLDER --detections BOXES.json --scene "out/{name}.json"
    python -m evaluation.score out --own --references gt-llava-prefer.json gt-gpt4v-prefer.json --tokens spaces

Both references are of the project Image Textualization (github.com/sterzhang/image-textualization, in
benchmark/DenseCap_Metrics/gt), 101 pictures each, one table each. Without weights the same commands run with
`--backend builtin`, for which --model and --scorer are left out. While not all of the 202 pictures are captioned,
--partial scores those that are.

CIDEr, BLEU and METEOR are those of pycocoevalcap (`pip install pycocoevalcap`), times 100 as papers print them.
--tokens says how texts become words: `ptb`, by the Penn Treebank tokenizer, as COCO's figures were made; `spaces`, as
DID-Bench's own evaluation does, which keeps capitals and stops; `words`, lower-case words. METEOR and `ptb` are Java
programs: without Java METEOR is left out and `words` takes the place of `ptb`, and both are said. With few pictures
CIDEr's weights of words mean little, and with one it is 0.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchmatters.models import Scorer

from .agreement import agreement, find_pictures, open_scorer
from .captions import Texts, common_pictures, one_each, read_texts
from .chair import Vocabulary, chair, read_objects, vocabulary_of

TOKENS = ("ptb", "spaces", "words")


@dataclass(frozen=True)
class References:
    """Texts by name of picture, and how texts become words; `java` says whether METEOR can run."""

    texts: Texts
    tokens: str
    java: bool


@dataclass(frozen=True)
class Judge:
    """The model that looks at the pictures, and their folder."""

    folder: Path
    scorer: Scorer


@dataclass(frozen=True)
class Objects:
    """The labels of what is in each picture, and what is looked for in captions."""

    labels: Mapping[str, Sequence[str]]
    vocabulary: Vocabulary


@dataclass(frozen=True)
class Measures:
    """What captions are scored against; what is None is left out."""

    references: References | None = None
    judge: Judge | None = None
    objects: Objects | None = None


@dataclass(frozen=True)
class Row:
    """One captioner: its figures by column (x 100, None where there is nothing to count), and what is to be said."""

    label: str
    figures: Mapping[str, float | None]
    notes: tuple[str, ...] = ()


# --- against references ----------------------------------------------------------------------------------------------


def split_words(text: str) -> str:
    """Lower-case words without punctuation, as the Penn Treebank tokenizer of the field leaves them, nearly."""
    return " ".join(re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", text.lower()))


def tokenized(texts: Texts, tokens: str) -> dict[str, list[str]]:
    """The words of each text, with one space between them. RuntimeError where Java does not do its part."""
    plain = {name: [" ".join(text.replace("|||", " ").split()) for text in several] for name, several in texts.items()}
    if tokens != "ptb":
        return {name: [split_words(one) if tokens == "words" else one for one in told] for name, told in plain.items()}
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    try:
        found = PTBTokenizer().tokenize({name: [{"caption": one} for one in told] for name, told in plain.items()})
    except OSError as error:
        raise RuntimeError(f'The tokenizer cannot run ({error}): give "--tokens words".') from None
    if any(len(found.get(name, ())) != len(told) for name, told in plain.items()):
        raise RuntimeError('Java did not split the texts into words: see its message above, or give "--tokens words".')
    return found


def metrics(captions: Mapping[str, str], references: References) -> dict[str, float]:
    """BLEU-1 to 4, CIDEr and, with Java, METEOR over all pictures, as fractions. RuntimeError without pycocoevalcap."""
    try:
        from pycocoevalcap.bleu.bleu import Bleu
        from pycocoevalcap.cider.cider import Cider
    except ImportError:
        raise RuntimeError('The metrics are in the package pycocoevalcap: run "pip install pycocoevalcap".') from None
    said = tokenized({name: [caption] for name, caption in captions.items()}, references.tokens)
    wanted = tokenized({name: references.texts[name] for name in captions}, references.tokens)
    bleu, _ = Bleu(4).compute_score(wanted, said, verbose=0)
    found = {f"BLEU-{number}": float(value) for number, value in enumerate(bleu, 1)}
    found["CIDEr"] = float(Cider().compute_score(wanted, said)[0])
    return found | ({"METEOR": _meteor(wanted, said)} if references.java else {})


def _meteor(wanted: Mapping[str, list[str]], said: Mapping[str, list[str]]) -> float:
    from pycocoevalcap.meteor.meteor import Meteor

    try:
        return float(Meteor().compute_score(wanted, said)[0])
    except (OSError, ValueError) as error:
        raise RuntimeError(f"METEOR, a Java program, does not run ({error}): leave it out with --no-java.") from None


# --- a row -----------------------------------------------------------------------------------------------------------


def row(label: str, captions: Mapping[str, str], measures: Measures) -> Row:
    """All figures of a captioner's captions, one for each picture by name."""
    figures: dict[str, float | None] = {}
    notes: list[str] = []
    if measures.references:
        figures |= metrics(captions, measures.references)
    if measures.judge:
        seen = agreement(captions, find_pictures(measures.judge.folder, captions), measures.judge.scorer)
        figures["agreement"] = seen.mean
        notes.append(f"{seen.sentences} sentences, {seen.unscored} of them not judged by the model")
    if measures.objects:
        told = chair(captions, measures.objects.labels, measures.objects.vocabulary)
        figures |= {"CHAIR_i": told.instances, "CHAIR_s": told.sentences, "recall": told.recall}
        notes.append(f"{told.named} objects named, {told.invented} of them not there; {told.told} of {told.there} told")
    return Row(label, {name: None if value is None else 100 * value for name, value in figures.items()}, tuple(notes))


def table(rows: Sequence[Row]) -> str:
    """Rows of one set of columns as text for people, notes below."""
    columns = list(rows[0].figures)
    wide = max(len("captions"), *(len(one.label) for one in rows))
    lines = [f"{'captions':{wide}}" + "".join(f"{column:>11}" for column in columns)]
    for one in rows:
        shown = ("-" if one.figures[column] is None else f"{one.figures[column]:.2f}" for column in columns)
        lines.append(f"{one.label:{wide}}" + "".join(f"{figure:>11}" for figure in shown))
    return "\n".join([*lines, *(f"{one.label}: {note}" for one in rows for note in one.notes)])


# --- the command -----------------------------------------------------------------------------------------------------


def main(given: Sequence[str] | None = None) -> None:
    """Print the tables. What is wrong is said in one sentence, with exit status 2."""
    parser = _parser()
    try:
        _run(parser.parse_args(given))
    except (ValueError, RuntimeError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.score", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("captions", nargs="+", type=Path, metavar="CAPTIONS", help="one folder or file per captioner")
    parser.add_argument("--own", action="store_true", help="Scenes: score the captioner's own caption as well")
    parser.add_argument("--references", nargs="+", type=Path, default=[], metavar="FILE", help="one table for each")
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="the pictures, for --scorer")
    parser.add_argument("--scorer", metavar="NAME|PATH", help="as in `python -m patchmatters caption --help`")
    parser.add_argument("--objects", type=Path, metavar="FILE", help="JSON of picture -> labels, or COCO's instances")
    parser.add_argument("--only-labels", action="store_true", help="look for the labels of --objects, not for COCO's")
    parser.add_argument("--partial", action="store_true", help="score only the pictures that all have")
    parser.add_argument("--caption-field", default="caption", metavar="NAME", help="in a list of records")
    parser.add_argument("--reference-field", default="caption", metavar="NAME", help="in a list of records")
    parser.add_argument("--tokens", choices=TOKENS, default="ptb", help="how texts become words (default: ptb)")
    parser.add_argument("--no-java", action="store_true", help="no METEOR and no ptb even where Java is there")
    return parser


def _run(chosen: argparse.Namespace) -> None:
    if not (chosen.references or chosen.images or chosen.objects):
        raise ValueError("There is nothing to score against: give --references, --images with --scorer, or --objects.")
    if (chosen.images is None) != (chosen.scorer is None):
        raise ValueError("Give --images and --scorer together: a model scores the captions against the pictures.")
    sets = _captions(chosen)
    judge = chosen.images and Judge(chosen.images, open_scorer(chosen.scorer))
    objects = chosen.objects and _objects(chosen)
    for file in chosen.references or [None]:
        references = file and _references(file, chosen)
        names = common_pictures(sets, references and references.texts, partial=chosen.partial)
        measures = Measures(references, judge, objects)
        print("\n".join(_heading(file, names, measures)))
        print(table([row(label, one_each(texts, names, label), measures) for label, texts in sets.items()]) + "\n")


def _captions(chosen: argparse.Namespace) -> dict[str, Texts]:
    sets: dict[str, Texts] = {}
    for path in chosen.captions:
        if chosen.own:
            sets[f"{path} (captioner alone)"] = read_texts(path, own=True)
        sets[str(path)] = read_texts(path, chosen.caption_field)
    return sets


def _objects(chosen: argparse.Namespace) -> Objects:
    labels = read_objects(chosen.objects)
    every = (label for several in labels.values() for label in several)
    return Objects(labels, vocabulary_of(every, coco=not chosen.only_labels))


def _references(file: Path, chosen: argparse.Namespace) -> References:
    java = shutil.which("java") is not None and not chosen.no_java
    tokens = "words" if chosen.tokens == "ptb" and not java else chosen.tokens
    return References(read_texts(file, chosen.reference_field), tokens, java)


def _heading(file: Path | None, names: Sequence[str], measures: Measures) -> list[str]:
    """What was measured, by what, and what is missing."""
    lines = [f"{len(names)} pictures" + (f", references: {file}" if file else "")]
    if references := measures.references:
        lines[0] += f" ({sum(len(references.texts[name]) for name in names)} texts), tokens: {references.tokens}"
        if not references.java:
            lines.append("without Java: no METEOR, no ptb; not comparable with published figures to the digit")
    if measures.judge:
        lines.append(
            f"agreement: mean over sentences, then pictures, by {measures.judge.scorer.name}; like CLIPScore, but not "
            "its 2.5 * max(cosine, 0) of a whole caption"
        )
    if measures.objects:
        lines.append("CHAIR: objects by words and annotations alone; like the published figure, see chair.py")
    return lines


if __name__ == "__main__":
    main()
