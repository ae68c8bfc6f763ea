"""Pictures, Scenes and hypothesis strategies that several tests use."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from patchmatters.backends.scripted import ScriptedChat
from patchmatters.models import Question
from patchmatters.scene import (
    Basis,
    Box,
    Detection,
    Failure,
    ImageRef,
    Passage,
    Patch,
    Record,
    Role,
    Ruling,
    Scene,
    Sentence,
    Stage,
    Statement,
    Testimony,
    Verdict,
)


def plain_picture(width: int = 640, height: int = 480, colour: str = "gray") -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def draw_photos(folder: Path, *sizes: tuple[int, int]) -> Path:
    """A new folder with a picture of each size, "0.png" and so on, all different."""
    folder.mkdir()
    for number, size in enumerate(sizes):
        picture = Image.new("RGB", size, (60 * number, 90, 200 - 40 * number))
        picture.paste((250, 60 * number, 10), (40, 0, 80, 30))
        picture.save(folder / f"{number}.png")
    return folder


def patch_of(question: Question) -> str:
    """The patch that a describing question is about: "photo: top-left, candidate 2" -> "top-left"."""
    return question.name.split(": ", 1)[1].rsplit(",", 1)[0]


def captioner(texts: dict[str, list[str]], default: str = "A grey wall.") -> ScriptedChat:
    """A captioner that answers candidate n of a patch with entry n of its list."""

    def reply(question: Question) -> str:
        if question.name.endswith("short caption"):
            return default
        number = int(question.name.rsplit(" ", 1)[1])
        lines = texts.get(patch_of(question), [default])
        return lines[min(number, len(lines)) - 1]

    return ScriptedChat(reply, name="captioner", follows_instructions=False)


finite = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)
text = st.text(max_size=30)


@st.composite
def boxes(draw: st.DrawFn, width: float = 1000.0, height: float = 1000.0) -> Box:
    """A box of positive area inside a picture of that size."""
    left = draw(st.floats(0, width - 1))
    top = draw(st.floats(0, height - 1))
    return Box(left, top, draw(st.floats(left + 0.5, width)), draw(st.floats(top + 0.5, height)))


def testimonies() -> st.SearchStrategy[Testimony]:
    share = st.floats(0, 1)
    return st.builds(
        Testimony, text, text, st.sampled_from(Ruling), share, text, st.none() | boxes(), text, st.booleans()
    )


@st.composite
def statements(draw: st.DrawFn, passages: int, count: int) -> tuple[Statement, ...]:
    index = st.integers(0, max(passages - 1, 0))
    return tuple(
        Statement(
            draw(text),
            draw(st.sampled_from(Verdict)),
            tuple(draw(st.lists(index, max_size=3))) if passages else (),
            tuple(draw(st.lists(st.integers(0, count - 1), max_size=2))),
            draw(st.none() | st.floats(0, 1)),
            draw(st.none() | st.floats(0, 1)),
            draw(st.none() | st.booleans()),
            draw(text),
            testimony=tuple(draw(st.lists(testimonies(), max_size=2))),
            said=draw(text),
        )
        for _ in range(count)
    )


@st.composite
def patches(draw: st.DrawFn, name: str, role: Role) -> Patch:
    passages = tuple(draw(st.lists(st.builds(Passage, text, text, st.none() | st.integers(0, 2**63 - 1)), max_size=3)))
    said = draw(statements(len(passages), draw(st.integers(0, 3))))
    basis = st.builds(Basis, st.just(name), st.integers(0, max(len(said) - 1, 0)))
    sentences = st.lists(
        st.builds(Sentence, text, st.lists(basis, max_size=2).map(tuple) if said else st.just(())), max_size=3
    )
    cell = (draw(st.integers(0, 3)), draw(st.integers(0, 3))) if role is Role.SPATIAL else None
    return Patch(
        name,
        role,
        draw(boxes()),
        cell,
        (),
        tuple(draw(st.lists(text, max_size=2))),
        passages,
        said,
        tuple(draw(sentences)),
    )


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Any Scene that hangs together, at a stage that asks nothing of its content."""
    detection = st.builds(Detection, boxes(), text, st.floats(0, 1))
    record = st.builds(
        Record, text, text, st.integers(0, 99), st.none() | st.integers(0, 9), st.none(), st.none() | finite
    )
    return Scene(
        ImageRef(
            draw(text),
            draw(st.integers(1000, 9999)),
            draw(st.integers(1000, 9999)),
            draw(st.text("0123456789abcdef", max_size=32)),
        ),
        draw(patches("whole image", Role.WHOLE)),
        tuple(draw(patches(f"patch {number}", Role.SPATIAL)) for number in range(draw(st.integers(1, 4)))),
        draw(st.sampled_from([Stage.DIVIDED, Stage.MERGED, Stage.MERGED_ACROSS])),
        tuple(draw(st.lists(detection, max_size=3))),
        draw(st.none() | patches("main objects", Role.SEMANTIC)),
        tuple(draw(patches(f"region {number}", Role.REGION)) for number in range(draw(st.integers(0, 2)))),
        (),
        tuple(draw(st.lists(text, max_size=2))),
        tuple(draw(st.lists(st.builds(Failure, text, text, text), max_size=2))),
        tuple(draw(st.lists(record, max_size=2))),
    )
