"""Answers composed of the forms that models give them, with what each has to be read as.

A description in one of ten languages is put into a wrapper, behind thoughts, before an invented turn, repeated and cut
off. `compose` gives the answer together with the words that must come out, or the flaw that must be reported.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

from patchmatters.answers import Flaw

DESCRIPTIONS = {
    "en": (
        "Three sailing boats lie in a small harbour.",
        "An old fisherman mends a green net on the pier.",
        "Behind him, gulls circle over the white lighthouse.",
        "The water is calm.",
    ),
    "de": ("Ein gelbes Fahrrad lehnt an einer Mauer.", "Davor schläft eine graue Katze.", "Das Licht ist weich."),
    "fr": ("Une femme lit un journal sur un banc.", "Son chien attend près de la fontaine.", "Le ciel est gris."),
    "es": ("Un niño vuela una cometa roja en la playa.", "Dos barcos pasan lejos de la orilla."),
    "pt": ("Um homem vende flores na praça.", "As janelas da igreja são azuis.", "Chove um pouco."),
    "it": ("Una tazza di caffè sta sul tavolo di legno.", "Accanto ci sono due biscotti."),
    "ru": (
        "\u0421\u0442\u0430\u0440\u044b\u0439 \u0442\u0440\u0430\u043c\u0432\u0430\u0439 \u0435\u0434\u0435\u0442 \u043f\u043e \u043c\u043e\u0441\u0442\u0443.",
        "\u041f\u043e\u0434 \u043c\u043e\u0441\u0442\u043e\u043c \u0442\u0435\u0447\u0451\u0442 \u0448\u0438\u0440\u043e\u043a\u0430\u044f \u0440\u0435\u043a\u0430.",
    ),
    "zh": (
        "\u4e00\u53ea\u767d\u8272\u7684\u732b\u5750\u5728\u7a97\u53f0\u4e0a\u3002",
        "\u7a97\u5916\u4e0b\u7740\u5927\u96ea\u3002",
        "\u684c\u4e0a\u653e\u7740\u4e00\u672c\u6253\u5f00\u7684\u4e66\u3002",
    ),
    "ja": (
        "\u8d64\u3044\u5098\u3092\u6301\u3063\u305f\u5973\u6027\u304c\u6a4b\u3092\u6e21\u3063\u3066\u3044\u308b\u3002",
        "\u5ddd\u306e\u5411\u3053\u3046\u306b\u53e4\u3044\u5bfa\u304c\u898b\u3048\u308b\u3002",
    ),
    "ko": (
        "\ub178\ub780 \ubc84\uc2a4\uac00 \ud559\uad50 \uc55e\uc5d0 \uc11c \uc788\ub2e4.",
        "\uc544\uc774\ub4e4\uc774 \uc904\uc744 \uc11c\uc11c \uae30\ub2e4\ub9b0\ub2e4.",
    ),
}
THOUGHTS = {
    "en": "Okay, the user wants a caption. I see a purple camel, or is it a lamp? Let me look again.",
    "de": "Okay, der Nutzer möchte eine Beschreibung. Ich sehe ein lila Kamel. Oder eine Lampe?",
    "fr": "L'utilisateur demande une description. Je vois un chameau violet. Ou une lampe ?",
    "es": "El usuario quiere una descripción. Veo un camello morado. ¿O una lámpara?",
    "pt": "O usuário quer uma descrição. Vejo um camelo roxo. Ou um abajur?",
    "it": "L'utente vuole una descrizione. Vedo un cammello viola. O una lampada?",
    "ru": "\u041f\u043e\u043b\u044c\u0437\u043e\u0432\u0430\u0442\u0435\u043b\u044c \u043f\u0440\u043e\u0441\u0438\u0442 \u043e\u043f\u0438\u0441\u0430\u043d\u0438\u0435. \u042f \u0432\u0438\u0436\u0443 \u043b\u0438\u043b\u043e\u0432\u043e\u0433\u043e \u0432\u0435\u0440\u0431\u043b\u044e\u0434\u0430. \u0418\u043b\u0438 \u043b\u0430\u043c\u043f\u0443?",
    "zh": "\u597d\u7684\uff0c\u7528\u6237\u8981\u6c42\u63cf\u8ff0\u56fe\u7247\u3002\u6211\u770b\u5230\u4e00\u53ea\u7d2b\u8272\u7684\u9a86\u9a7c\u3002\u8fd8\u662f\u4e00\u76cf\u706f\uff1f",
    "ja": "\u30e6\u30fc\u30b6\u30fc\u306f\u8aac\u660e\u3092\u6c42\u3081\u3066\u3044\u308b\u3002\u7d2b\u306e\u30e9\u30af\u30c0\u304c\u898b\u3048\u308b\u3002\u30e9\u30f3\u30d7\u3060\u308d\u3046\u304b\uff1f",
    "ko": "\uc0ac\uc6a9\uc790\ub294 \uc124\uba85\uc744 \uc6d0\ud55c\ub2e4. \ubcf4\ub77c\uc0c9 \ub099\ud0c0\uac00 \ubcf4\uc778\ub2e4. \ub7a8\ud504\uc77c\uae4c?",
}
REFUSALS = {
    "en": (
        "I'm not able to describe this photo.",
        "I\u2019m sorry, but I can\u2019t do that.",
        "Please attach the picture again.",
    ),
    "de": ("Leider kann ich dieses Foto nicht beschreiben.", "Ich kann Ihnen bei dieser Anfrage nicht helfen."),
    "fr": ("Désolée, je ne peux pas décrire cette photo.", "Veuillez joindre une image."),
    "es": ("Lo lamento, no puedo describir esta foto.", "Por favor, adjunta la imagen."),
    "pt": ("Infelizmente não consigo descrever a foto.", "Desculpe, não posso ajudar com isso."),
    "it": ("Purtroppo non posso descrivere questa foto.", "Mi dispiace, non riesco a vedere l'immagine."),
    "ru": ("\u0418\u0437\u0432\u0438\u043d\u0438\u0442\u0435, \u044f \u043d\u0435 \u0432\u0438\u0436\u0443 \u0438\u0437\u043e\u0431\u0440\u0430\u0436\u0435\u043d\u0438\u044f.", "\u041f\u043e\u0436\u0430\u043b\u0443\u0439\u0441\u0442\u0430, \u0437\u0430\u0433\u0440\u0443\u0437\u0438\u0442\u0435 \u0444\u043e\u0442\u043e."),
    "zh": ("\u5f88\u62b1\u6b49\uff0c\u6211\u4e0d\u80fd\u63cf\u8ff0\u8fd9\u5f20\u7167\u7247\u3002", "\u8bf7\u91cd\u65b0\u4e0a\u4f20\u56fe\u7247\u3002"),
    "ja": ("\u7533\u3057\u8a33\u3054\u3056\u3044\u307e\u305b\u3093\u304c\u3001\u753b\u50cf\u3092\u78ba\u8a8d\u3067\u304d\u307e\u305b\u3093\u3002", "\u753b\u50cf\u3092\u6dfb\u4ed8\u3057\u3066\u304f\u3060\u3055\u3044\u3002"),
    "ko": ("\uc8c4\uc1a1\ud569\ub2c8\ub2e4. \uc774 \uc0ac\uc9c4\uc744 \uc124\uba85\ud560 \uc218 \uc5c6\uc2b5\ub2c8\ub2e4.", "\uc774\ubbf8\uc9c0\ub97c \ucca8\ubd80\ud574 \uc8fc\uc138\uc694."),
}  # fmt: skip
# (before the thoughts, between thoughts and answer)
TAGS = (
    ("<think>", "</think>\n\n"), ("<THINKING>", "</THINKING>"),
    ('<think budget="9">', "</think>"), ("", "\n</think>\n"),
    ("<seed:think>", "</seed:think>"), ("[THINK]", "[/THINK]"), ("<|channel>thought\n", "<channel|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>commentary<|message|>", "<|end|><|start|>assistant<|channel|>final <|constrain|>text<|message|>"),
    ("to=self<|message|>", "<|eom|><|start|>assistant to=user<|message|>"), ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    ("Here are my reasoning steps:\n", "\n[BEGIN FINAL RESPONSE]\n"), ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<unused94>thought\n", "<unused95>"), ("<|begin_of_thought|>", "<|end_of_thought|><|begin_of_solution|>"),
    ("```thinking\n", "\n```\n"), ("<reflection>", "</reflection><output>"), ("<reasoning>", "</reasoning><answer>"),
    ("<scratchpad>", "</scratchpad>"),
)  # fmt: skip
CLOSES = {  # forms whose opening alone shows a thought, so that they may be cut off inside it
    opening for opening, _ in TAGS if opening
}
WRAPPERS = (
    "{}", '"{}"', "\u201c{}\u201d", "**{}**", "```\n{}\n```", "<caption>{}</caption>", "<answer>{}</answer>",
    "<|begin_of_box|>{}<|end_of_box|>", "<p>{}</p>", "Caption: {}", "**Caption:** {}", "## Description\n\n{}",
    "Sure! Here\u2019s the description:\n\n{}", "ASSISTANT: {}", "<|im_start|>assistant\n{}", "### Response:\n{}",
    "<description><summary>{}</summary></description>", "\\boxed{{{}}}", "> {}",
)  # fmt: skip
TAILS = (
    "", "</s>", "<|im_end|>", "<|IM_END|>", "<|endoftext|>", "<end_of_utterance>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>", "<eos>",
    "<|END_RESPONSE|>", "<|eot_id|>", "<end_of_turn>", "<|im_end|>\n<|im_start|>user\nA purple camel?<|im_end|>",
    "<|endoftext|>Human: Sing of a camel.\n\nAssistant: A purple camel sang.",
    "\n\nUSER: A camel? ASSISTANT: A purple camel.",
    "\n\nAssistant: A purple camel.", "\n### Instruction: Draw a camel.", "\n\nLet me know if you need a camel!",
    "\n\nI hope this helps!", "<|im_assistant|>", "</answer>",
)  # fmt: skip


@dataclass(frozen=True)
class Composed:
    """An answer, whether it was cut off at its limit, and what must come of it: these sentences or this flaw."""

    answer: str
    cut: bool
    sentences: tuple[str, ...]
    flaw: Flaw


def compose(random: Random) -> Composed:
    """One answer; the same state of `random` gives the same one."""
    language = random.choice(list(DESCRIPTIONS))
    opening, closing = random.choice([("", ""), *TAGS])
    thought = f"{opening}{THOUGHTS[language] if opening or closing else ''}"
    roll = random.random()
    if opening in CLOSES and roll < 0.1:
        length = random.randrange(len(opening) + len(THOUGHTS[language]) // 2, len(thought) + 1)
        return Composed(thought[:length], True, (), Flaw.THOUGHTS)
    if roll < 0.25:
        refusal = random.choice(REFUSALS[language])
        return Composed(thought + closing + random.choice(WRAPPERS[:12]).format(refusal), False, (), Flaw.REFUSED)
    if roll < 0.45:
        return _cut_off(random, thought + closing, DESCRIPTIONS[language])
    return _whole(random, thought + closing, DESCRIPTIONS[language], language)


def _cut_off(random: Random, before: str, sentences: tuple[str, ...]) -> Composed:
    """Cut inside the last sentence, or inside a loop behind it."""
    blank = "" if sentences[0].endswith("\u3002") else " "
    if random.random() < 0.5:
        loop = blank.join([*sentences, *[sentences[-1]] * 9])
        return Composed(before + loop + blank + sentences[-1][:4], True, sentences, Flaw.NONE)
    last = sentences[-1][: max(3, len(sentences[-1]) // 2)]
    return Composed(before + blank.join([*sentences[:-1], last]), True, sentences[:-1], Flaw.NONE)


def _whole(random: Random, before: str, sentences: tuple[str, ...], language: str) -> Composed:
    blank = "" if sentences[0].endswith("\u3002") else " "
    text = random.choice((blank, "\n\n", "\n")).join(sentences)
    form = random.choice(_FORMS)
    text = form(random, text, sentences) if form else random.choice(WRAPPERS).format(text)
    return Composed(before + text + random.choice(TAILS), False, sentences, Flaw.NONE)


def _as_json(random: Random, text: str, sentences: tuple[str, ...]) -> str:
    body = json.dumps({random.choice(("caption", "description")): text}, ensure_ascii=random.random() < 0.5)
    return random.choice(("{}", "```json\n{}\n```", "Here is the JSON:\n{}")).format(body)


def _as_list(random: Random, text: str, sentences: tuple[str, ...]) -> str:
    """Bullets or numbers, under a heading or not, with full stops or without."""
    sign, end = random.choice(("-", "*", "\u2022", "{}.", "{})")), random.random() < 0.5
    lines = [f"{sign.format(n)} {one if end else one[:-1]}" for n, one in enumerate(sentences, 1)]
    return random.choice(("", "## Details\n", "**Key Features:**\n\n", "---\n\n")) + "\n".join(lines)


def _as_table(random: Random, text: str, sentences: tuple[str, ...]) -> str:
    return "| Part | Text |\n|---|---|\n" + "\n".join(f"| {n}. | {one} |" for n, one in enumerate(sentences, 1))


def _with_byte_level_blanks(random: Random, text: str, sentences: tuple[str, ...]) -> str:
    return text.replace("\n", "\u010a").replace(" ", "\u0120") if text.isascii() else text


def _with_a_loop(random: Random, text: str, sentences: tuple[str, ...]) -> str:
    """The last sentence repeated, as a whole or its second half within itself."""
    last = sentences[-1]
    if last.endswith("\u3002"):
        half = last[len(last) // 2 : -1]
        return "".join(sentences)[:-1] + half * random.randrange(3, 30) + "\u3002"
    half = " ".join(last[:-1].split()[1:])
    return " ".join(sentences)[:-1] + f" {half}" * random.randrange(2, 30) + "."


_FORMS = (None, None, None, None, _as_json, _as_list, _as_table, _with_byte_level_blanks, _with_a_loop)
