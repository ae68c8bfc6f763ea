"""Composing the caption: the whole-image caption, corrected and enriched by what near looks found (METHOD 4.3, 4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..basics.plain_text import joined
from ..language import AUTO, SIMILARITIES, similarity_for
from ..language.basis import tells
from ..language.places import place_of
from ..language.similarity import Similarity
from ..language.tongue import tongue_of
from ..models import QUIET, ChatModel, Monitor, Question, derive_seed
from ..options import Options, option
from ..prompts import instruction
from ..regions import described_regions
from ..running.ask import record_of, require_writer
from ..running.each_picture import or_error, spares_given_up
from ..scene import Basis, Box, Patch, Scene, Sentence, Stage, Statement, require_stage, said_of
from .agree import levels_of, without_refuted, without_repetition
from .cover import cover
from .rewrite import Sources, Written, write_all
from .tell import Told, boxes_by_basis, common_words, tell_places

STAGE = "compose"
_LOST = 0.5  # a part of which a caption tells less than this share of statements is told beside it
_NOT_TOLD = "; not told: what is told says as much without it, or there was no room"
_LEFT_OUT = "; not told: the model left it out of the caption"


@dataclass(frozen=True)
class ComposeSettings(Options):
    """How the caption is written. The default temperatures are the paper's."""

    temperature: float = option(
        0.2, "Sampling temperature of the model that writes the caption (0: greedy).",
        minimum=0.0, maximum=2.0, step=0.05,
    )  # fmt: skip
    semantic_temperature: float = option(
        0.6, "Sampling temperature when the description of the main objects is merged into the whole-image caption.",
        minimum=0.0, maximum=2.0, step=0.05, advanced=True,
    )  # fmt: skip
    max_new_tokens: int = option(1536, "Longest caption, in tokens.", minimum=16, maximum=8192, advanced=True)
    seed: int = option(0, "The same seed gives the same caption.", minimum=0, maximum=2**63 - 1, advanced=True)
    similarity: str = option(
        AUTO,
        "How repetitions are found: by sentence embeddings (their model, 91 MB, is downloaded once where it is "
        "nowhere), by words, or (auto) by embeddings where they are at hand.",
        choices=tuple(SIMILARITIES),
        advanced=True,
    )
    max_words: int = option(
        250,
        "Longest caption without a text model, in words: the most certain and most telling statements are told. 0: "
        "everything that was kept is told. Fit Prompt to Encoder shortens further.",
        minimum=0,
        maximum=10_000,
        later=True,
    )


@spares_given_up
def compose_each(
    scenes: Sequence[Scene],
    settings: ComposeSettings = ComposeSettings(),
    model: ChatModel | None = None,
    monitor: Monitor = QUIET,
) -> tuple[Scene, ...]:
    """The Scenes with their caption.

    Every described patch enters exactly once, by itself or by the region that it belongs to. Without a model the
    caption is put together from kept sentences with their place in words; with one it is rewritten, and what the
    rewriting lost or invented is put right. A picture of which nothing reliable is left to say is given up. ValueError
    for a Scene in another stage or a model that cannot write.
    """
    require_writer(model, "Compose Caption")
    for scene in scenes:
        require_stage(
            scene, "Compose Caption", [Stage.MERGED, Stage.MERGED_ACROSS],
            "needs merged descriptions: put Merge Descriptions before it.",
        )  # fmt: skip
    corrected = [without_refuted(scene, _similarity(scene, settings)) for scene in scenes]
    monitor.begin(STAGE, sum(map(_steps, corrected)) if model else len(corrected))
    if model is None:
        composed = [_told(scene, settings, monitor) for scene in corrected]
    else:
        composed = _rewritten(_with_semantic(corrected, settings, model, monitor), settings, model, monitor)
    return tuple(_with_caption(scene) for scene in composed)


compose = or_error(compose_each)


def _similarity(scene: Scene, settings: ComposeSettings) -> Similarity:
    return similarity_for(settings.similarity, said_of(scene))


def _steps(scene: Scene) -> int:
    return 2 if _near_view(scene) else 1


def _near_view(scene: Scene) -> Patch | None:
    """The described patch of the main objects, where there is one."""
    return scene.semantic if scene.semantic and scene.semantic.sentences else None


def _with_caption(scene: Scene) -> Scene:
    if scene.caption:
        return scene
    return scene.given_up(
        f"Nothing reliable is left to say about {scene.image.name!r}: lower keep_score, or use another captioner."
    )


def _with_untold(scene: Scene, why: str) -> Scene:
    """The Scene whose kept statements that the caption does not tell say `why`: nothing vanishes without a word."""
    told = {basis for sentence in scene.caption for basis in sentence.basis}
    text = scene.caption_text

    def explained(patch: Patch) -> Patch:
        untold = [
            one.kept and Basis(patch.name, number) not in told and not tells(text, one.text)
            for number, one in enumerate(patch.statements)
        ]
        pairs = zip(patch.statements, untold, strict=True)
        return replace(
            patch, statements=tuple(replace(one, reason=f"{one.reason}{why}") if lost else one for one, lost in pairs)
        )

    return scene.with_patches(map(explained, (*scene.first_level, *scene.regions)))


def _told(scene: Scene, settings: ComposeSettings, monitor: Monitor) -> Scene:
    """The caption without a model."""
    similarity = _similarity(scene, settings)
    told = without_repetition(levels_of(scene), similarity)
    patches = {patch.name: patch for patch in (*scene.first_level, *scene.regions)}
    monitor.advance(scene.image.name)
    chosen = cover(told, patches, similarity, settings.max_words) if settings.max_words else told
    return _with_untold(replace(scene, caption=tuple(_placed(scene, chosen)), stage=Stage.COMPOSED), _NOT_TOLD)


def _placed(scene: Scene, told: Sequence[Told]) -> list[Sentence]:
    """Statements as sentences with their places, in the language and the spelling of what was said of the picture."""
    size = scene.image.width, scene.image.height
    return tell_places(told, *size, tongue_of(said_of(scene)), common_words(scene))


@dataclass(frozen=True)
class _Draft:
    """A Scene with the whole-image caption so far."""

    scene: Scene
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        return joined(sentence.text for sentence in self.sentences)


def _with_semantic(
    scenes: Sequence[Scene], settings: ComposeSettings, model: ChatModel, monitor: Monitor
) -> list[_Draft]:
    """Each whole-image caption with the description of the main objects merged into it."""
    near = [(number, view) for number, scene in enumerate(scenes) if (view := _near_view(scene))]

    def question(task: int, attempt: int) -> Question:
        number, view = near[task]
        text = f"Caption: {scenes[number].whole.description}\n\nMain objects from near: {view.description}"
        return _question(
            scenes[number], "main objects", "merge_semantic", text, settings.semantic_temperature, settings, attempt
        )

    sources = [_sources((scenes[number].whole, view)) for number, view in near]
    written = dict(zip([number for number, _ in near], write_all(model, question, sources, monitor), strict=True))
    return [
        _Draft(scene, scene.whole.sentences)
        if number not in written
        else _semantic_draft(scene, written[number], settings, model)
        for number, scene in enumerate(scenes)
    ]


def _semantic_draft(scene: Scene, written: Written, settings: ComposeSettings, model: ChatModel) -> _Draft:
    recorded = _recorded(scene, written, model, "the merged caption")
    if written.sentences:
        return _Draft(recorded, written.sentences)
    levels = replace(levels_of(scene), regions=())
    told = without_repetition(levels, _similarity(scene, settings))
    return _Draft(recorded, tuple(_placed(scene, told)))


def _rewritten(drafts: Sequence[_Draft], settings: ComposeSettings, model: ChatModel, monitor: Monitor) -> list[Scene]:
    """The captions as the model rewrites them from the drafts and the regions."""

    def question(task: int, attempt: int) -> Question:
        draft = drafts[task]
        text = f"Caption: {draft.text}\n\nRegions:\n{_region_list(draft.scene)}"
        return _question(draft.scene, "caption", "compose", text, settings.temperature, settings, attempt)

    sources = [_all_sources(draft) for draft in drafts]
    written = write_all(model, question, sources, monitor)
    return [_caption(draft, text, settings, model) for draft, text in zip(drafts, written, strict=True)]


def _caption(draft: _Draft, written: Written, settings: ComposeSettings, model: ChatModel) -> Scene:
    scene = draft.scene
    recorded = _recorded(scene, written, model, "the caption")
    if not written.sentences:
        return _told(recorded, settings, QUIET)
    text = joined(sentence.text for sentence in written.sentences)
    whole, regions = _lost(draft.sentences, text), _lost_regions(scene, text)
    changed = replace(recorded, caption=(*whole, *written.sentences, *regions), stage=Stage.COMPOSED)
    lost = [
        (whole, "The model's caption left out the whole-image caption: it was put before it."),
        (regions, "The model's caption left out regions: they were added at its end."),
    ]
    return _with_untold(changed, _LEFT_OUT).with_warnings(*(warning for sentences, warning in lost if sentences))


def _lost(sentences: Sequence[Sentence], text: str) -> list[Sentence]:
    """Those that a caption does not tell, where it tells less than half of them."""
    missing = [sentence for sentence in sentences if not tells(text, sentence.text)]
    return missing if len(sentences) - len(missing) < _LOST * len(sentences) else []


def _lost_regions(scene: Scene, text: str) -> list[Sentence]:
    """What the regions say that the caption hardly tells, with its place."""
    patches = {patch.name: patch for patch in (*scene.first_level, *scene.regions)}
    told = [
        Told(one.text, one.basis, boxes_by_basis(patches, one.basis) or (region.box,))
        for region in described_regions(scene)
        for one in _lost(region.sentences, text)
    ]
    return _placed(scene, told)


def _question(
    scene: Scene, what: str, prompt: str, text: str, temperature: float, settings: ComposeSettings, attempt: int
) -> Question:
    return Question(
        name=f"{scene.image.name}: compose {what}" + (", again" if attempt else ""),
        text=text,
        prefix=instruction(prompt),
        temperature=temperature,
        max_new_tokens=settings.max_new_tokens,
        seed=derive_seed(settings.seed, "compose", what, attempt),
    )


def _region_list(scene: Scene) -> str:
    """The regions, each once: place in words, box in fractions of the picture, description."""
    lines = []
    for region in described_regions(scene):
        place = _place(region.box, scene) or "across the picture"
        lines.append(f"- {place}, box {_fractions(region.box, scene)}: {region.description}")
    return "\n".join(lines)


def _place(box: Box, scene: Scene) -> str:
    return place_of(box, scene.image.width, scene.image.height)


def _fractions(box: Box, scene: Scene) -> str:
    part = box.normalised(scene.image.width, scene.image.height)
    return "[" + ", ".join(f"{value:.2f}" for value in (part.left, part.top, part.right, part.bottom)) + "]"


def _all_sources(draft: _Draft) -> Sources:
    """All that the caption may rest on: the draft, and every described part of the Scene."""
    scene = draft.scene
    patches = [scene.whole, *described_regions(scene), *filter(None, [_near_view(scene)])]
    sources = _sources(patches, all_patches={patch.name: patch for patch in (*scene.first_level, *scene.regions)})
    places = tuple(_place(region.box, scene) for region in described_regions(scene))  # a box in figures is no content
    shown = (draft.text, *places, *sources.texts)
    return replace(sources, texts=shown, trusted=shown)


def _sources(patches: Sequence[Patch], all_patches: Mapping[str, Patch] | None = None) -> Sources:
    """Descriptions, and the statements that they rest on; those that the whole-image caption lost are not to return."""
    known = all_patches or {patch.name: patch for patch in patches}
    bases = dict.fromkeys(basis for patch in patches for sentence in patch.sentences for basis in sentence.basis)
    kept = tuple((basis, _statement(known, basis)) for basis in bases)
    dropped = tuple(statement for patch in patches for statement in patch.statements if statement.kept is False)
    descriptions = tuple(patch.description for patch in patches)
    return Sources(texts=descriptions, kept=kept, dropped=dropped, trusted=descriptions)


def _statement(patches: Mapping[str, Patch], basis: Basis) -> Statement:
    return patches[basis.patch].statements[basis.statement]


def _recorded(scene: Scene, written: Written, model: ChatModel, what: str) -> Scene:
    """The Scene with what the writing cost and what was wrong with it."""
    complaints = [f"Refused a sentence of {what} that nothing supports: {sentence!r}" for sentence in written.refused]
    if not written.sentences:
        complaints.append(f"The model's text for {what} could not be used, so it was put together from kept sentences.")
    records = (*scene.records, record_of(STAGE, model, written.replies))
    return replace(scene, records=records).with_warnings(*complaints)
