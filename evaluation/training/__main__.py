"""Training of the miniatures on one CPU core: `python -m evaluation.training see|caption|score|doubt --steps N`.

The miniatures' weights were made by this, in this order (13 + 27 + 27 + 19 minutes of one shared core, seed 8):

    python -m evaluation.training see --steps 1400
    python -m evaluation.training caption --steps 1800
    python -m evaluation.training score --steps 1100
    python -m evaluation.training doubt --steps 900

`see` teaches the tower with dense labels alone, `caption` the captioner with labels that fade, `score` the scorer,
whose tower begins where `see` ended, and `doubt` shows the scorer what the captioner says of training scenes, as BLIP's
own training mines hard negatives. All views come from seeds that begin with "train": tests never do.
"""

from __future__ import annotations

import argparse
import logging
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evaluation.judge.claims import judge
from evaluation.players.cast import WEIGHTS
from evaluation.worlds.language import (
    DESCRIBE,
    NAME_MAIN,
    PLACES,
    Claim,
    background_sentence,
    caption_of,
    main_objects,
    seen_in,
    sentence,
)
from evaluation.worlds.scenes import BACKGROUNDS, COLOURS, DOTS, SHAPES

from .networks import (
    TEMPLATE,
    TOKENS,
    WIDTH,
    build_captioner,
    build_scorer,
    captioner_tokenizer,
    save_captioner,
    save_scorer,
    scorer_tokenizer,
    share_sight,
    tower_of,
)
from .views import LABELS, View, tensor, views_of

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger("evaluation.training")

Batch = TypeVar("Batch")

SEEING, TELLING = 64, 32  # views in a batch of the first lesson, and of the others
HEARD = 6400  # captions of the captioner that the scorer learns to doubt
ADAM_RATE = 2e-3
TRUE, FALSE = 2, 4  # sentences that the scorer is shown with a view
WORK = Path("out") / "truth"  # checkpoints between the steps
EMPTY_WEIGHT = 0.12  # of tokens without a thing in the dense loss


def batches(what: str, share_whole: float, size: int = TELLING) -> Iterator[list[View]]:
    """Endless fresh views, shuffled over a few worlds."""
    rng = random.Random(what)
    number = 0
    while True:
        views: list[View] = []
        while len(views) < size:
            views += views_of(f"train {what} {number}", rng, share_whole)
            number += 1
        yield views


def pixels_of(views: list[View]) -> Tensor:
    import numpy

    return tensor(numpy.stack([view.pixels for view in views]))


def labels_of(views: list[View]) -> Tensor:
    import numpy
    import torch

    return torch.from_numpy(numpy.stack([view.labels for view in views])).long()


class Dense:
    """A linear reading of every token: what lies under it, with things weighted above the background."""

    def __init__(self, width: int) -> None:
        from torch.nn import Linear

        self.head = Linear(width, sum(map(len, LABELS.values())))

    def __call__(self, tokens: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, float]]:
        """(views, tokens, width), (views, 6, tokens) -> loss, and the share of right kinds and colours on things."""
        import torch
        from torch.nn.functional import cross_entropy

        read, start, total, right = self.head(tokens), 0, tokens.new_zeros(()), {}
        thing = labels[:, 0] > 0
        weight = torch.where(thing, 1.0, EMPTY_WEIGHT)
        for number, (name, values) in enumerate(LABELS.items()):
            part = read[..., start : start + len(values)]
            start += len(values)
            losses = cross_entropy(part.flatten(0, 1), labels[:, number].flatten(), reduction="none")
            total = total + (losses * weight.flatten()).sum() / weight.sum()
            right[name] = (part.argmax(-1) == labels[:, number])[thing].float().mean().item()
        return total / len(LABELS), right


def prepare_tower(model: Any) -> None:
    """Begin the tower with low frequencies of the three colour axes as patch features, and places as sine waves."""
    import torch

    tower = tower_of(model)
    kernel = tower.embeddings.patch_embedding.weight
    size = kernel.shape[-1]
    axes = torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, 0.0], [0.5, 0.5, -1.0]])
    waves = sorted(((u, v) for u in range(size) for v in range(size)), key=sum)
    places = (torch.arange(size) + 0.5) * math.pi / size
    with torch.no_grad():
        for number in range(kernel.shape[0]):
            u, v = waves[number // 3]
            wave = torch.outer(torch.cos(u * places), torch.cos(v * places))
            both = axes[number % 3][:, None, None] * wave
            kernel[number] = both / both.norm() * 0.5
        tower.embeddings.position_embedding.weight[1:] = _waves(12, kernel.shape[0]) * 0.5


def _waves(grid: int, width: int) -> Tensor:
    """(grid * grid, width): sines and cosines of row and column."""
    import torch

    steps = torch.arange(grid).float()
    rates = torch.exp(torch.linspace(math.log(0.25), math.log(2.5), width // 4))
    along = torch.cat([torch.sin(steps[:, None] * rates), torch.cos(steps[:, None] * rates)], 1)
    rows = along[:, None].expand(grid, grid, -1)
    columns = along[None].expand(grid, grid, -1)
    return torch.cat([rows, columns], -1).reshape(grid * grid, -1)


class Course:
    """A training run: a short warm-up, then a cosine to nothing over a fixed number of steps.

    Matrices inside the `bodies` are moved by Muon at the rate given with each, which learned kinds in half of AdamW's
    steps; everything else, heads and embeddings among it, by AdamW.
    """

    def __init__(self, bodies: Sequence[tuple[Any, float]], others: Sequence[Any], steps: int) -> None:
        from torch.optim import AdamW, Muon

        self.steps, self.step, self.begun, self.notes = steps, 0, time.time(), []
        matrices = [(_matrices(body), rate) for body, rate in bodies]
        moved = {id(matrix) for group, _ in matrices for matrix in group}
        self.parameters = [one for part in (*(body for body, _ in bodies), *others) for one in part.parameters()]
        rest = [parameter for parameter in self.parameters if id(parameter) not in moved]
        groups = [{"params": group, "lr": rate, "peak": rate} for group, rate in matrices]
        self.optimizers = (
            Muon(groups, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
            AdamW([{"params": rest, "lr": ADAM_RATE, "peak": ADAM_RATE}], weight_decay=0.02, betas=(0.9, 0.98)),
        )

    @property
    def progress(self) -> float:
        return self.step / self.steps

    def learn(self, loss: Tensor, notes: dict[str, float]) -> None:
        import torch

        warm = min(1.0, (self.step + 1) / 60) * (0.5 + 0.5 * math.cos(math.pi * self.progress))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * max(warm, 0.01)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.notes.append({"loss": loss.item()} | notes)
        if self.step % 50 == 0:
            recent = self.notes[-50:]
            means = {name: sum(note[name] for note in recent) / 50 for name in recent[0]}
            log.info("%d %.0fs %s", self.step, time.time() - self.begun,
                     " ".join(f"{name} {value:.3f}" for name, value in means.items()))  # fmt: skip

    def over(self, batches: Iterable[Batch], file: str, state: Callable[[], Any], often: int = 100) -> Iterator[Batch]:
        """The batches of all steps; what was learned is saved to `file` every so many of them, and after the last."""
        import torch

        for batch in batches:
            yield batch
            if self.step % often == 0 or self.step >= self.steps:
                torch.save(state(), WORK / file)
            if self.step >= self.steps:
                return


def _matrices(body: Any) -> list[Any]:
    from torch.nn import Linear

    return [module.weight for module in body.modules() if isinstance(module, Linear)]


def see(steps: int) -> None:
    """Teach the captioner's tower with dense labels alone."""
    model = build_captioner().train()
    prepare_tower(model)
    tower, dense = model.model.vision_tower, Dense(WIDTH)
    course = Course([(tower, 2e-2)], [dense.head], steps)

    def state() -> dict[str, Any]:
        return {"tower": tower.state_dict(), "dense": dense.head.state_dict()}

    for views in course.over(batches("see", 0.35, SEEING), "see.pt", state, 200):
        tokens = tower(pixels_of(views)).last_hidden_state[:, 1:]
        course.learn(*dense(tokens, labels_of(views)))


def _checkpoint(name: str) -> Any:
    import torch

    return torch.load(WORK / name, weights_only=True)


def prompt_ids(tokenizer: Any, question: str) -> list[int]:
    """What the model reads before its answer: the chat template as the processor fills it, <image> once per token."""
    content = [{"type": "image"}, {"type": "text", "text": question}]
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], chat_template=TEMPLATE, tokenize=False, add_generation_prompt=True
    )
    text = text.replace("<image>", " <image>" * TOKENS)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def caption(steps: int) -> None:
    """Teach the captioner to say what is legible; the dense labels fade out."""
    model, tokenizer, dense = build_captioner().train(), captioner_tokenizer(), Dense(WIDTH)
    known = _checkpoint("see.pt")
    model.model.vision_tower.load_state_dict(known["tower"])
    dense.head.load_state_dict(known["dense"])
    prompts = {question: prompt_ids(tokenizer, question) for question in (DESCRIBE, NAME_MAIN)}
    tower = model.model.vision_tower
    course = Course(
        [(tower, 1.5e-3), (model.model.multi_modal_projector, 1e-2), (model.model.language_model, 1e-2)],
        [dense.head, model.lm_head],
        steps,
    )
    rng = random.Random("questions")
    for views in course.over(batches("caption", 0.4), "caption.pt", model.state_dict):
        tokens = tower(pixels_of(views)).last_hidden_state[:, 1:]
        extra, right = dense(tokens, labels_of(views))
        question = NAME_MAIN if rng.random() < 0.06 else DESCRIBE
        loss = _telling_loss(model, tokenizer, tokens, views, prompts[question], short=question == NAME_MAIN)
        course.learn(loss + 0.5 * (1 - course.progress) * extra, {"told": loss.item(), "kind": right["kind"]})
    save_captioner(model.eval(), WEIGHTS / "captioner")


def _telling_loss(
    model: Any, tokenizer: Any, tokens: Tensor, views: list[View], prompt: list[int], *, short: bool
) -> Tensor:
    """Cross-entropy of the right answers after the prompt."""
    import torch
    from torch.nn.functional import cross_entropy

    tell = main_objects if short else caption_of
    answers = [
        tokenizer(tell(view.world, view.box), add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
        for view in views
    ]
    longest = max(map(len, answers))
    said = torch.tensor([answer + [-100] * (longest - len(answer)) for answer in answers])
    ids = torch.cat([torch.tensor([prompt] * len(views)), said.clamp(min=0)], 1)
    embedded = model.get_input_embeddings()(ids)
    pictures = model.model.multi_modal_projector(tokens)
    embedded = embedded.masked_scatter((ids == model.config.image_token_id)[..., None], pictures)
    states = model.model.language_model(inputs_embeds=embedded).last_hidden_state[:, len(prompt) - 1 : -1]
    return cross_entropy(model.lm_head(states).flatten(0, 1), said.flatten())


def score(steps: int) -> None:
    """Teach the scorer to tell true sentences from false ones."""
    model, known, seer = build_scorer().train(), _checkpoint("see.pt"), build_captioner()
    seer.model.vision_tower.load_state_dict(known["tower"])
    share_sight(seer, model)
    rng = random.Random("sentences")
    shown = ([(view, true_and_false(view, rng)) for view in views] for views in batches("score", 0.15))
    _teach_scorer(model, 1e-2, 0.5, shown, "score.pt", steps)


def doubt(steps: int) -> None:
    """Teach the scorer on what the captioner really says, as BLIP's own training mines hard negatives."""
    model = build_scorer().train()
    model.load_state_dict(_checkpoint("score.pt"))
    rng = random.Random("doubts")
    shown = ([(one.view, _doubtful(one, rng)) for one in told] for told in heard("doubt", rng, HEARD))
    _teach_scorer(model, 6e-3, 0.3, shown, "doubt.pt", steps)


def _teach_scorer(
    model: Any, text_rate: float, share_dense: float, shown: Iterable[list[tuple[View, tuple[str, ...]]]],
    file: str, steps: int,
) -> None:  # fmt: skip
    """Show the scorer views with true and false sentences; the dense labels fade out."""
    tokenizer, dense = scorer_tokenizer(), Dense(WIDTH)
    dense.head.load_state_dict(_checkpoint("see.pt")["dense"])
    heads = [model.vision_proj, model.text_proj, model.itm_head, dense.head]
    course = Course([(model.vision_model, 3e-3), (model.text_encoder, text_rate)], heads, steps)
    for pairs in course.over(shown, file, model.state_dict):
        views, told = [view for view, _ in pairs], [sentences for _, sentences in pairs]
        seen = model.vision_model(pixel_values=pixels_of(views)).last_hidden_state
        extra, _ = dense(seen[:, 1:], labels_of(views))
        matching, contrast, right = _matching_losses(model, tokenizer, seen, told)
        course.learn(matching + 0.3 * contrast + share_dense * (1 - course.progress) * extra,
                     {"itm": matching.item(), "itc": contrast.item(), "right": right})  # fmt: skip
    save_scorer(model.eval(), WEIGHTS / "scorer")


@dataclass(frozen=True)
class Heard:
    """A view and what the captioner said of it at temperature 0.7, judged."""

    view: View
    true: tuple[str, ...]
    false: tuple[str, ...]


def heard(what: str, rng: random.Random, count: int) -> Iterator[list[Heard]]:
    """Endless batches of `count` views and what the captioner says of them, in ever new order."""
    from transformers import LlavaForConditionalGeneration

    captioner = LlavaForConditionalGeneration.from_pretrained(WEIGHTS / "captioner", dtype="float32").eval()
    tokenizer, known = captioner_tokenizer(), []
    for views in batches(what, 0.1, 64):
        known += [_judged(view, text) for view, text in zip(views, _say(captioner, tokenizer, views), strict=True)]
        if len(known) >= count:
            break
    log.info("heard %d captions, %d false statements", len(known), sum(len(one.false) for one in known))
    while True:
        rng.shuffle(known)
        yield from (known[start : start + TELLING] for start in range(0, len(known) - TELLING + 1, TELLING))


def _say(captioner: Any, tokenizer: Any, views: list[View]) -> list[str]:
    import torch

    ids = torch.tensor([prompt_ids(tokenizer, DESCRIBE)] * len(views))
    with torch.inference_mode():
        said = captioner.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels_of(views), do_sample=True,
            temperature=0.7, max_new_tokens=160,
        )  # fmt: skip
    return tokenizer.batch_decode(said[:, ids.shape[1] :], skip_special_tokens=True)


def _judged(view: View, text: str) -> Heard:
    side = view.world.side
    told = judge(text, view.world, view.box.normalised(side, side)).told
    sentences = [(f"{one.said}.", bool(one.false)) for one in told]
    return Heard(
        view, tuple(said for said, wrong in sentences if not wrong), tuple(said for said, wrong in sentences if wrong)
    )


def _doubtful(one: Heard, rng: random.Random) -> tuple[str, ...]:
    """TRUE true sentences, then FALSE false ones: half of each the captioner's own, where it said as many."""
    made = true_and_false(one.view, rng)
    true = rng.sample(one.true, min(len(one.true), TRUE // 2))
    false = rng.sample(one.false, min(len(one.false), FALSE // 2))
    return (*true, *made[len(true) : TRUE], *false, *made[TRUE + len(false) :])


def _matching_losses(
    model: Any, tokenizer: Any, seen: Tensor, told: list[tuple[str, ...]]
) -> tuple[Tensor, Tensor, float]:
    """ITM over true and false sentences of each view, and ITC of one true one among all of the batch.

    Also the share of pairs of a true and a false sentence of one view that ITM ranks right.
    """
    import torch
    from torch.nn.functional import cross_entropy

    count, each = len(told), TRUE + FALSE
    text = tokenizer([view[n] for n in range(each) for view in told], padding=True, return_tensors="pt")
    ids, mask = text["input_ids"], text["attention_mask"]
    asked = ids.clone()
    asked[:, 0] = tokenizer.convert_tokens_to_ids("[ENC]")
    fused = model.text_encoder(
        input_ids=asked, attention_mask=mask, encoder_hidden_states=seen.repeat(each, 1, 1),
        encoder_attention_mask=torch.ones(each * count, seen.shape[1], dtype=torch.long),
    ).last_hidden_state[:, 0]  # fmt: skip
    logits = model.itm_head(fused)
    truth = torch.tensor([1] * (TRUE * count) + [0] * (FALSE * count))
    losses = cross_entropy(logits, truth, reduction="none")
    matching = 0.5 * losses[: TRUE * count].mean() + 0.5 * losses[TRUE * count :].mean()
    margin = (logits[:, 1] - logits[:, 0]).view(each, count)
    ranked = (margin[:TRUE, None] > margin[None, TRUE:]).float().mean().item()
    read = model.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
    return matching, _contrast(model, seen, read.view(each, count, -1)), ranked


def _contrast(model: Any, seen: Tensor, read: Tensor) -> Tensor:
    """ITC: each view meets the first true sentence of every view, and its own false ones besides."""
    import torch
    from torch.nn.functional import cross_entropy, normalize

    count = len(seen)
    looks = normalize(model.vision_proj(seen[:, 0]), dim=-1)
    true = normalize(model.text_proj(read[0]), dim=-1)
    own = normalize(model.text_proj(read[TRUE:]), dim=-1)  # of the others' false sentences some may be true here
    sims = looks @ true.T / 0.1
    rows = torch.cat([sims, torch.einsum("vd,nvd->vn", looks, own) / 0.1], 1)
    target = torch.arange(count)
    return (cross_entropy(rows, target) + cross_entropy(sims.T, target)) / 2


def true_and_false(view: View, rng: random.Random) -> tuple[str, ...]:
    """TRUE true sentences of a view, then FALSE that are false by the judge: true ones with a change, one made up."""
    told = [_true_and_changed(view, rng) for _ in range(max(TRUE, FALSE - 1))]
    true, changed = [one[0] for one in told[:TRUE]], [one[1] for one in told[: FALSE - 1]]
    return (*true, *changed, _false(view, rng, lambda: _invented(rng)))


def _true_and_changed(view: View, rng: random.Random) -> tuple[str, str]:
    seen = [one.claim for one in seen_in(view.world, view.box)]
    if not seen or rng.random() < 0.08:
        other = rng.choice([name for name in BACKGROUNDS if name != view.world.background])
        return background_sentence(view.world), f"The background is {other}."
    claim = _simplified(rng.choice(seen), rng)
    return sentence(claim), _false(view, rng, lambda: _changed(claim, rng))


def _false(view: View, rng: random.Random, make: Callable[[], Claim]) -> str:
    """The first of a few claims that the judge calls false; after that one of a colour that nothing has."""
    side = view.world.side
    frame = view.box.normalised(side, side)
    for _ in range(12):
        text = sentence(make())
        if any(one.false for one in judge(text, view.world, frame).told):
            return text
    return f"The background is {rng.choice([name for name in BACKGROUNDS if name != view.world.background])}."


def _simplified(claim: Claim, rng: random.Random) -> Claim:
    """The claim, at times without one of its details."""
    return replace(
        claim,
        striped=claim.striped and rng.random() < 0.7,
        dot=claim.dot if rng.random() < 0.7 else "",
        size=claim.size if rng.random() < 0.8 else "",
    )


def _changed(claim: Claim, rng: random.Random) -> Claim:
    changes: list[Claim] = [
        replace(claim, kind=rng.choice(list(SHAPES))),
        replace(claim, kind=rng.choice(list(SHAPES))),
        replace(claim, colour=rng.choice(list(COLOURS))),
        replace(claim, place=rng.choice(list(PLACES.values()))),
        replace(claim, dot=rng.choice(DOTS)),
        replace(claim, striped=True),
        replace(claim, count=rng.randint(1, 4)),
        replace(claim, size=rng.choice(("small", "large"))),
    ]
    return rng.choice(changes)


def _invented(rng: random.Random) -> Claim:
    small = rng.random() < 0.4
    return Claim(
        rng.choice(list(SHAPES)), rng.choice(list(COLOURS)), "small" if small else "",
        not small and rng.random() < 0.3, "" if small or rng.random() < 0.6 else rng.choice(DOTS),
        rng.choice((1, 1, 2, 3)) if small else 1, rng.choice(list(PLACES.values())),
    )  # fmt: skip


LESSONS: dict[str, Callable[[int], None]] = {"see": see, "caption": caption, "score": score, "doubt": doubt}


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("lesson", choices=tuple(LESSONS))
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=8)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(1)
    WORK.mkdir(parents=True, exist_ok=True)
    LESSONS[chosen.lesson](chosen.steps)


if __name__ == "__main__":
    main()
