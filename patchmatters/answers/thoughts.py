"""Thoughts that a model writes without any tag: "Okay, the user wants a caption. Let me look. ..." """

from __future__ import annotations

import re

from ..language.sentences import split_sentences, words

_OPENING = (
    r"(?:(?:so|okay|ok|alright|all right|hm+|well|right|now|first(?:ly| of all)?|got it|wait|sure|yes|good|to begin)"
    r"[,.!:]{0,3}\s{1,4}){0,4}"
)
_VERBS = (
    r"(?:see|look|start|begin|break|think|analy[sz]e|describe|go|examine|first|take|list|check|write|craft|figure|try"
    r"|consider|focus|recall|note|verify|re-?read|re-?examine|work|process|observe|identify|understand|imagine|plan"
    r"|structure|draft|summari[sz]e|make sure|provide|give|create|mention|produce|determine|double|be)"
)
# What only a thought says: it speaks of the user, of the task, of what the writer has to do.
_TASK = (
    r"(?:the |this )?users?(?:'s)? (?:wants?|is asking|asked|asks|has|provided|gave|would|needs?|requests?"
    r"|uploaded|says?"
    r"|said|instruct|query|request|question|prompt|message|shared|might|is looking)\b"
    r"|(?:we|i) (?:need|have|should|must|ought|am asked|are asked|will need|'ll need)(?: to)? "
    + _VERBS
    + r"\b|i'm (?:asked|being asked|supposed|tasked|given)\b|we're (?:asked|given)\b|we are given\b"
    r"|(?:my|the|this) (?:task|question|prompt|instruction|request|query|goal)s? (?:is|asks?|says?|wants?"
    r"|requires?)\b"
    r"|here(?:'s| is| are) (?:my|a|the) (?:thinking|thought|reasoning)\b"
    r"|(?:my )?(?:thinking|thought|reasoning)(?: process| steps?| chain)?:"
    r"|(?:chain of thought|step-by-step (?:thinking|reasoning|analysis))\b"
)
_WEAK = (
    rf"(?:let(?:'s| us| me) {_VERBS}\b|i(?:'ll| will| can start| want to)\b(?! not\b| never\b) {_VERBS}?"
    rf"|looking at (?:the|this) \w+, i\b)"
)
_ABROAD = (
    r"(?:\u597d\u7684|\u55ef|\u9996\u5148|\u90a3\u4e48|\u73b0\u5728)?[\uff0c,\u3001]?\s?"
    r"(?:\u7528\u6237(?:\u8981\u6c42|\u5e0c\u671b|\u60f3|\u8ba9|\u9700\u8981|\u7ed9|\u8bf7\u6c42|\u95ee)"
    r"|\u6211(?:\u9700\u8981|\u8981|\u5e94\u8be5|\u5f97|\u5148)(?:\u4ed4\u7ec6|\u5148|\u6765)?(?:\u63cf\u8ff0|\u5206\u6790|\u770b|\u89c2\u5bdf|\u60f3)"
    r"|\u8ba9\u6211(?:\u4eec)?(?:\u6765|\u5148)?(?:\u4ed4\u7ec6)?(?:\u770b|\u5206\u6790|\u60f3|\u89c2\u5bdf|\u63cf\u8ff0))"
    r"|\u30e6\u30fc\u30b6\u30fc(?:\u306f|\u304c)|\uc0ac\uc6a9\uc790(?:\ub294|\uac00)"
    r"|(?:okay,? |also,? )?(?:der nutzer|der benutzer|die nutzerin) (?:möchte|will|fragt|bittet|hat)|(?:okay"
    r"|also),? (?:ich (?:muss|soll|sollte)|lass mich)"
    r"|(?:d'accord,? |bon,? )?l'utilisateur (?:demande|veut|souhaite|a )|(?:d'accord|bon),? (?:je dois|voyons)"
    r"|(?:bien,? |vale,? )?el usuario (?:quiere|pide|solicita|ha )|(?:bien|vale),? (?:necesito|debo|veamos)"
    r"|(?:certo,? )?o usuário (?:quer|pede|pediu|deseja)|(?:bene,? )?l'utente (?:vuole|chiede|ha )"
    r"|(?:\u0445\u043e\u0440\u043e\u0448\u043e,? |\u0438\u0442\u0430\u043a,? )?\u043f\u043e\u043b\u044c\u0437\u043e\u0432\u0430\u0442\u0435\u043b\u044c (?:\u043f\u0440\u043e\u0441\u0438\u0442|\u0445\u043e\u0447\u0435\u0442|\u0445\u043e\u0447\u0435\u0442)"
)
_STRONG_HEAD = re.compile(rf"\A[\s*_#\"]*{_OPENING}(?:{_TASK}|{_ABROAD})", re.I)
_WEAK_HEAD = re.compile(rf"\A[\s*_#\"]*{_OPENING}{_WEAK}", re.I)
_LABEL = re.compile(
    r"\A\s*[*_#\s]*(?:reasoning|thinking|thoughts?|thought process|thinking process)(?:[*_]*\s*:|[*_ \t]*\n\s*\n)", re.I
)
_PONDERS = re.compile(
    rf"\A[\s*_]*{_OPENING}(?:{_TASK}|{_WEAK}|{_ABROAD})|\A(?:wait|hm+|maybe|perhaps|okay|actually|also)\b"
    r"|\b(?:let me|let's|the user|should i|i should|i need to|i see|i think|i'll|i notice|might be|or maybe)\b"
    r"|\?\W*\Z",
    re.I,
)
_OF_WRITING = re.compile(r"\b(?:mention|describ(?:e|ing)|captions?|paragraphs?|sentences?|the task)\b", re.I)
# After these the answer stands; "A:" and "Answer:" at a line's beginning are read as turns before.
_ARRIVES = re.compile(
    r"(?<=\n)[#* \t]{1,8}(?:final )?(?:answer|description|caption|response|output)[*: \t]*\n\s*|"
    r"(?:(?:so|thus|therefore|okay|alright|now)[, ]{1,2})?(?:the|my|a|here is the|here's the|final|full"
    r"|complete|possible)?"
    r" ?(?:final |full |complete |good |possible |resulting |polished )?(?:answer|description|caption|response"
    r"|version|output)"
    r"(?: (?:should|could|would|will|can|might)(?: then)? be| is| reads)?(?: (?:something )?(?:like|as follows"
    r"|this))?"
    r"[*_]*\s?[:\uff1a][*_]*\s{0,3}",
    re.I,
)


def begins_as_thought(text: str) -> bool:
    """Whether a text begins by speaking of the task or of what its writer is about to do."""
    plain = text.replace("\u2019", "'")
    return bool(_LABEL.match(plain) or _STRONG_HEAD.match(plain) or _WEAK_HEAD.match(plain))


def ponders(text: str) -> bool:
    """Whether any sentence of a text speaks of the task, asks itself something or weighs what it sees."""
    return begins_as_thought(text) or bool(_OF_WRITING.search(text)) or any(map(_ponders, split_sentences(text)))


def without_bare_thoughts(text: str, *, cut: bool = False) -> str:
    """The text without thoughts that begin it; empty where nothing but thoughts was said.

    A caption may begin with one lead-in ("Let me describe this image."), which goes. Thoughts are more: they speak of
    the user or the task, or go on pondering. Behind them the answer is what they announce ("So the description should
    be: ..."), or a last paragraph that does not ponder.
    """
    plain = text.replace("\u2019", "'")
    if not begins_as_thought(plain):
        return text
    announced = _announced(text)
    if announced:
        return announced
    sentences = split_sentences(text)
    if not _LABEL.match(plain) and not _STRONG_HEAD.match(plain) and not any(map(_ponders, sentences[1:])):
        return _without_first(text, sentences)
    return "" if cut else _last_paragraph(text)


def _without_first(text: str, sentences: list[str]) -> str:
    """The text behind its first sentence, or behind the colon of that sentence."""
    _, colon, tail = sentences[0].partition(":") if sentences else ("", "", "")
    if colon and tail.strip():
        return text[text.index(colon) + 1 :].lstrip("* ")
    found = text.find(sentences[0]) if sentences else -1
    return text[found + len(sentences[0]) :] if found >= 0 and len(sentences) > 1 else ""


def _ponders(sentence: str) -> bool:
    return bool(_PONDERS.search(sentence.replace("\u2019", "'")))


def _announced(text: str) -> str:
    """What the thoughts announce as the answer; empty where that is nothing, or thoughts again."""
    found = list(_ARRIVES.finditer(text))
    rest = text[found[-1].end() :].strip() if found else ""
    return rest if len(words(rest)) > 2 and not _ponders(split_sentences(rest)[0]) else ""


def _last_paragraph(text: str) -> str:
    paragraphs = [part for part in re.split(r"\n[ \t]*\n", text) if words(part)]
    last = paragraphs[-1] if len(paragraphs) > 1 else ""
    return "" if any(map(_ponders, split_sentences(last))) else last
