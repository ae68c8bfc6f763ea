"""The options of every command that captions (`caption`, `folder`, `scale`), and the models and settings they name."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..backends import CHAT_MODELS, SCORERS, Backend, backend
from ..models import ChatModel, Scorer
from ..options import NamedOption, options_of
from ..pipeline import DEFAULT, PRESETS, STAGES, Preset, with_seed
from ..witnesses import Witness
from ..witnesses.named import WITNESSES, witnesses_named

_SEED = "seed"  # one option for all stages
_OF_WITNESSES = ("model",)  # given with the name of the witness
CAPTIONER, VERDICTS = "captioner", "verdicts"  # scorers that ask the captioner itself


@dataclass(frozen=True)
class Job:
    """What is the same for every photo of a run. `parallel` says that the model may be asked from several threads."""

    chat_model: ChatModel
    scorer: Scorer | None
    text_model: ChatModel | None
    preset: Preset
    parallel: bool
    options: argparse.Namespace
    witnesses: tuple[Witness, ...] = ()
    others: tuple[ChatModel, ...] = ()  # captioners that share the candidates with the first

    def asking(self, model: ChatModel) -> Job:
        """The job with another model around its captioner, which is asked for everything that it was asked for."""
        judges = scorer_name(self.options) in (CAPTIONER, VERDICTS)
        scorer = _judge(scorer_name(self.options), model) if judges else self.scorer
        return dataclasses.replace(self, chat_model=model, text_model=self.text_model and model, scorer=scorer)


def backend_named_in(arguments: Sequence[str] | None) -> str:
    """The backend of --backend, wanted before parsing because its settings become options."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--backend", default="builtin")
    name: str = early.parse_known_args(arguments)[0].backend
    return name


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which models, and which preset."""
    parser.add_argument("--backend", default="builtin", metavar="NAME", help=f"captioner: {_listed(CHAT_MODELS)}")
    parser.add_argument(
        "--scorer",
        metavar="NAME|PATH",
        help=f"image-text scorer: the folder of a model, or {_listed(SCORERS)}, {CAPTIONER} (the captioner itself, "
        f"asked yes or no about each statement where it gives log-probabilities, else for {VERDICTS}), {VERDICTS} "
        "(the captioner, asked for a list about each crop), BACKEND=MODEL (another captioner, asked so), or none",
    )
    parser.add_argument(
        "--preset", default=DEFAULT, choices=tuple(PRESETS), help=f"how strict and how thorough (default: {DEFAULT})"
    )
    parser.add_argument(
        "--witness",
        action="append",
        default=[],
        metavar="NAME[=PATH]",
        help=f"who is heard before the scorer; may be given several times: {_listed(WITNESSES)}",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="BACKEND[=MODEL]",
        help="another captioner, which shares the descriptions of a patch with the first; may be given several times",
    )
    parser.add_argument("--llm-free", action="store_true", help="compare and write without a model")


def add_settings(parser: argparse.ArgumentParser, backend_name: str) -> None:
    """Settings of the stages and of the backend, after all other options: they make way for names that are taken."""
    taken = {action.dest for action in parser._actions}
    _add_settings(parser, "stages", [_seed_option()], taken)
    for stage in STAGES:
        named = tuple(one for one in options_of(type(getattr(PRESETS[DEFAULT], stage))) if one.name != _SEED)
        _add_settings(parser.add_argument_group(f"{stage} (defaults are those of the preset)"), stage, named, taken)
    if backend_name in CHAT_MODELS:
        named = options_of(CHAT_MODELS[backend_name].settings_class())
        _add_settings(parser.add_argument_group(f"backend {backend_name}"), "backend", named, taken)
    for name, line in WITNESSES.items():
        named = tuple(one for one in options_of(line.settings_class()) if one.name not in _OF_WITNESSES)
        _add_settings(parser.add_argument_group(f"witness {name}"), name, named, taken)


def job_of(options: argparse.Namespace) -> Job:
    """The models of the options, loaded. ValueError for settings that will not do, RuntimeError for what is missing."""
    chosen = backend(CHAT_MODELS, options.backend)
    chat_model = chosen.create(backend_settings(options))
    text_model = chat_model if chat_model.follows_instructions and not options.llm_free else None
    witnesses = witnesses_named(options.witness, witness_settings(options))
    others = [_another(text, "--also") for text in options.also]
    parallel = chosen.parallel and all(one.parallel for one, _ in others)
    models = tuple(model for _, model in others)
    scorer = _scorer(scorer_name(options), chat_model)
    return Job(chat_model, scorer, text_model, preset_of(options), parallel, options, witnesses, models)


def _another(text: str, option: str) -> tuple[Backend, ChatModel]:
    """The captioner of an option BACKEND[=MODEL]. ValueError for an unknown backend, or one without named models."""
    name, equals, model = text.partition("=")
    chosen = backend(CHAT_MODELS, name)
    settings = chosen.settings_class()
    if equals and "model" not in {named.name for named in options_of(settings)}:
        raise ValueError(f"{option} {text}: {name} takes no model, so write {option} {name}.")
    return chosen, chosen.create(settings(model=model) if equals else settings())


def backend_settings(options: argparse.Namespace) -> Any:
    """The settings object of the chosen backend."""
    return backend(CHAT_MODELS, options.backend).settings_class()(**_given(options, "backend"))


def witness_settings(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The settings that the user gave, by the name of the witness."""
    return {name: _given(options, name) for name in WITNESSES}


def preset_of(options: argparse.Namespace) -> Preset:
    """The preset with the settings that the user gave."""
    preset = PRESETS[options.preset]
    changed = {stage: dataclasses.replace(getattr(preset, stage), **_given(options, stage)) for stage in STAGES}
    preset = dataclasses.replace(preset, **changed)
    seed = _given(options, "stages").get("seed")
    return preset if seed is None else with_seed(preset, seed)


def scorer_name(options: argparse.Namespace) -> str:
    """The scorer of --scorer; without it the one called like the backend, if there is such a one."""
    return options.scorer or (options.backend if options.backend in SCORERS else "none")


def asks_another_model(name: str) -> bool:
    """Whether a scorer is a captioner of its own: BACKEND[=MODEL]."""
    return name.partition("=")[0] in CHAT_MODELS and name not in SCORERS and not Path(name).exists()


def _judge(name: str, model: ChatModel) -> Scorer:
    from ..backends.judge import judge_by, verdicts_by

    return verdicts_by(model) if name == VERDICTS else judge_by(model)


def _scorer(name: str, chat_model: ChatModel) -> Scorer | None:
    if name == "none":
        return None
    if name in (CAPTIONER, VERDICTS):
        return _judge(name, chat_model)
    if asks_another_model(name):
        return _judge(CAPTIONER, _another(name, "--scorer")[1])
    if name in SCORERS or not Path(name).exists():
        chosen = backend(SCORERS, name)
        scorer: Scorer = chosen.create(chosen.settings_class()())
    else:
        from ..backends.scorer_choice import scorer_for_path

        chosen = SCORERS[scorer_for_path(name)]
        scorer = chosen.create(chosen.settings_class()(model=name))
    return scorer


def _listed(table: Mapping[str, Backend]) -> str:
    return ", ".join(f"{name} ({line.help})" for name, line in table.items())


def _seed_option() -> NamedOption:
    return next(named for named in options_of(type(PRESETS[DEFAULT].describe)) if named.name == _SEED)


def _add_settings(group: Any, owner: str, options: Sequence[NamedOption], taken: set[str]) -> None:
    """Settings as options, left out of the namespace unless they are given.

    A name that an earlier stage has taken gets its owner's name before it: --temperature, --compare-temperature.
    """
    for named in options:
        name = f"{owner}_{named.name}" if named.name in taken else named.name
        taken.add(name)
        default = "" if named.kind is str and len(named.default) > 40 else f" (default: {named.default})"
        group.add_argument(
            f"--{name.replace('_', '-')}",
            dest=f"{owner}.{named.name}",
            default=argparse.SUPPRESS,
            help=named.spec.help.replace("%", "%%") + default,
            **_value(named),
        )


def _value(named: NamedOption) -> dict[str, Any]:
    """How the option's value is written."""
    if named.kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if named.spec.choices:
        return {"choices": named.spec.choices}
    return {"type": named.kind, "metavar": named.kind.__name__.upper()}


def _given(options: argparse.Namespace, owner: str) -> dict[str, Any]:
    """The settings of an owner that the user gave."""
    prefix = f"{owner}."
    return {name.removeprefix(prefix): value for name, value in vars(options).items() if name.startswith(prefix)}
