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
    "ru": ("Старый трамвай едет по мосту.", "Под мостом течёт широкая река."),
    "zh": ("一只白色的猫坐在窗台上。", "窗外下着大雪。", "桌上放着一本打开的书。"),
    "ja": ("赤い傘を持った女性が橋を渡っている。", "川の向こうに古い寺が見える。"),
    "ko": ("노란 버스가 학교 앞에 서 있다.", "아이들이 줄을 서서 기다린다."),
}
THOUGHTS = {
    "en": "Okay, the user wants a caption. I see a purple camel, or is it a lamp? Let me look again.",
    "de": "Okay, der Nutzer möchte eine Beschreibung. Ich sehe ein lila Kamel. Oder eine Lampe?",
    "fr": "L'utilisateur demande une description. Je vois un chameau violet. Ou une lampe ?",
    "es": "El usuario quiere una descripción. Veo un camello morado. ¿O una lámpara?",
    "pt": "O usuário quer uma descrição. Vejo um camelo roxo. Ou um abajur?",
    "it": "L'utente vuole una descrizione. Vedo un cammello viola. O una lampada?",
    "ru": "Пользователь просит описание. Я вижу лилового верблюда. Или лампу?",
    "zh": "好的\uff0c用户要求描述图片。我看到一只紫色的骆驼。还是一盏灯\uff1f",
    "ja": "ユーザーは説明を求めている。紫のラクダが見える。ランプだろうか\uff1f",
    "ko": "사용자는 설명을 원한다. 보라색 낙타가 보인다. 램프일까?",
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
    "ru": ("Извините, я не вижу изображения.", "Пожалуйста, загрузите фото."),
    "zh": ("很抱歉\uff0c我不能描述这张照片。", "请重新上传图片。"),
    "ja": ("申し訳ございませんが、画像を確認できません。", "画像を添付してください。"),
    "ko": ("죄송합니다. 이 사진을 설명할 수 없습니다.", "이미지를 첨부해 주세요."),
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
