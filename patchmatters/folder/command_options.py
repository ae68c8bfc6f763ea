"""The options of `folder`. What they need is imported when it runs, so that whoever only offers them is quick."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..report_page.command import add_report_settings
from .sidecars import Existing
from .state import NAME

if TYPE_CHECKING:
    from .outputs import Entry

LONG, SHORT, TAGS = "long", "short", "tags"


@dataclass(frozen=True)
class Style:
    """How a caption is written: as sentences or `as_tags`; `words` names the setting that limits its words, if any."""

    as_tags: bool = False
    words: str = ""


STYLES: Mapping[str, Style] = {LONG: Style(), SHORT: Style(words="short_words"), TAGS: Style(as_tags=True)}


@dataclass(frozen=True)
class Output:
    """A line of the table: what it is for, and where its writer is, imported only when somebody wants it.

    `writer(target, entries)` writes one file whole (see `outputs`).
    """

    help: str
    module: str
    writer: str

    def write(self, target: Path, entries: Iterable[Entry]) -> None:
        writer: Callable[[Path, Iterable[Entry]], None] = getattr(import_module(self.module, __package__), self.writer)
        writer(target, entries)


OUTPUTS: Mapping[str, Output] = {  # each is an option by its name
    "scenes": Output(
        "everything, as gzip JSON lines, of which --from-scenes makes any other form (.jsonl.gz)",
        ".outputs",
        "write_scenes",
    ),
    "metadata": Output(
        "for Hugging Face imagefolder: metadata.jsonl in the pictures' folder", ".outputs", "write_metadata"
    ),
    "meta-cap": Output("for kohya sd-scripts, fine-tuning method: meta_cap.json", ".outputs", "write_meta_cap"),
    "musubi": Output("for musubi-tuner: JSON lines of image_path and caption", ".outputs", "write_musubi"),
    "webdataset": Output("pictures and captions in one tar", ".outputs", "write_webdataset"),
    "parquet": Output("a table; needs pyarrow", ".outputs", "write_parquet"),
}
FOLDER_HELP = (
    "Caption folders of pictures for training: a caption file beside each picture, and other forms on request. Run the "
    "same command again after any interruption: it goes on where it stood."
)


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command, but for those of models and stages."""
    parser.set_defaults(run=_run)
    parser.add_argument(
        "pictures", nargs="*", metavar="PICTURES", help="folders, pictures, patterns in quotes, list files (.txt)"
    )
    _add_sources(parser.add_argument_group("which pictures"))
    _add_outputs(parser.add_argument_group("what is written"))
    _add_forms(parser.add_argument_group("how captions are written"))
    _add_running(parser.add_argument_group("the run"))


def _add_sources(group: Any) -> None:
    group.add_argument("-r", "--recursive", action="store_true", help="look into folders in folders too")
    group.add_argument(
        "--include", action="append", default=[], metavar="PATTERN", help='only these, like "*.png" or "cats/*"'
    )
    group.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="not these files or folders")
    group.add_argument(
        "--detections",
        metavar="FILE.json",
        help='boxes by picture: {"cats/1.jpg": [{x, y, width, height, label, score}]}',
    )


def _add_outputs(group: Any) -> None:
    group.add_argument(
        "--out", metavar="FOLDER", help="put caption files there, in the same folders, not beside pictures"
    )
    group.add_argument(
        "--sidecar",
        default="txt",
        metavar="ENDING",
        help="ending of caption files: txt, caption, or none (default: txt)",
    )
    group.add_argument(
        "--existing",
        default=Existing.SKIP.value,
        choices=[one.value for one in Existing],
        help="what to do where a picture has a caption file of another origin (default: skip; append adds a line, "
        "which trainers take for a variant). An empty file counts as none.",
    )
    for name, output in OUTPUTS.items():
        group.add_argument(f"--{name}", metavar="FILE", help=output.help)
    group.add_argument("--report", metavar="FOLDER", help="a page to look through: open its index.html in a browser")
    add_report_settings(group)
    group.add_argument(
        "--from-scenes", metavar="FILE", help="make all this of a file that --scenes wrote, without asking a model"
    )


def _add_forms(group: Any) -> None:
    group.add_argument(
        "--style",
        default=LONG,
        metavar="STYLES",
        help=f"{', '.join(STYLES)}; several give a line each (default: {LONG})",
    )
    group.add_argument("--trigger", default="", metavar="TEXT", help="trigger words, first in every caption")
    group.add_argument("--prefix", default="", metavar="TEXT", help="written before every caption")
    group.add_argument("--suffix", default="", metavar="TEXT", help="written after every caption")
    group.add_argument("--max-words", type=int, default=0, metavar="INT", help="longest caption, in words")
    group.add_argument("--max-tokens", type=int, default=0, metavar="INT", help="longest caption, in tokens")
    group.add_argument("--tokenizer", default="", metavar="PATH|NAME", help="whose tokens (default: CLIP-L)")
    group.add_argument("--short-words", type=int, default=40, metavar="INT", help="longest short caption (default: 40)")
    group.add_argument(
        "--replace", action="append", default=[], metavar="OLD=NEW", help="put NEW for OLD wherever it stands"
    )
    group.add_argument(
        "--drop", action="append", default=[], metavar="PATTERN", help="leave out sentences that match this expression"
    )
    group.add_argument(
        "--exclude-about", default="", metavar="THINGS", help='leave out what is about "hair, eye colour, the face"'
    )


def _add_running(group: Any) -> None:
    group.add_argument("--state", metavar="FILE", help=f"what is done (default: {NAME} beside the caption files)")
    group.add_argument(
        "--refresh", action="store_true", help="caption again what has changed, or was captioned with other settings"
    )
    group.add_argument("--limit", type=int, metavar="INT", help="caption so many pictures in this run at most")
    group.add_argument("--dry-run", action="store_true", help="say how much there is to do and what it costs, and stop")
    group.add_argument("--limit-usd", type=float, metavar="USD", help="stop before all runs together have cost so much")
    group.add_argument("--price", metavar="IN,OUT", help="US dollars per million tokens, where they are not known")
    group.add_argument(
        "--batch-api",
        action="store_true",
        help="ask by the batch interface of OpenAI or Anthropic, at half the price: hands in what can be asked, and "
        "the same command goes on when the answers are there (exit status 3 until then)",
    )
    group.add_argument(
        "--batch", type=int, default=8, metavar="INT", help="pictures whose questions go out together (default: 8)"
    )
    group.add_argument("--quiet", action="store_true", help="no progress; failures are still told")
    group.add_argument("--verbose", action="store_true", help="say on stderr what happens")


def _run(options: argparse.Namespace) -> int:
    from .command import caption_folder

    return caption_folder(options)
