"""What the method has to know of Chinese: phrases, guesses, places and values that exclude each other.

Chinese is written without spaces, and a segmenter would be a dictionary of many megabytes. As search engines do, a text
is compared by its pairs of neighbouring characters instead, within runs that words without content ("的", "上方",
"可以看到") end: those pairs are the words that the similarity by words counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KANA = "\u3040-\u30ff"
_LETTER = re.compile(r"[^\W\d_]")
_IS_HAN, _IS_KANA = re.compile(f"[{_HAN}]"), re.compile(f"[{_KANA}]")
_RUN = re.compile(f"[{_HAN}{_KANA}]+")
_HAN_SHARE = 0.5  # of the letters from which on a text is Chinese; a name in Latin letters may stand in it
WORDS_A_CHARACTER = 1 / 1.6  # English words that tell what a Chinese character does (usual for translations)

# What carries no meaning of its own; the longest first, because the first that fits is taken.
_EMPTY_WORDS = """
    可以看到 可以看见 能够看到 可以看出 看得到 可以见到 可见 看到 看见 能看到 位于 处于 属于 摆放着
    摆放 放置着 放置 陈列着 放着 放在 摆着 设有 装有 带有 配有 具有 拥有 有着 以及 并且 而且 同时
    或者 还有 另有 其中 其他 其它 整个 部分 一些 许多 很多 几个 几乎 非常 十分 较为 比较 稍微 左右
    左侧 右侧 左边 右边 左上方 右上方 左下方 右下方 左上角 右上角 左下角 右下角 上方 下方 上面 下面
    前方 后方 前面 后面 旁边 中间 中央 正中 里面 外面 顶部 底部 附近 周围 之间 画面 图片 照片 图像
    图中 画中 这个 那个 这张 那张 这是 那是 呈现出 呈现 显得 形成
"""
_EMPTY_SIGNS = """
    的 了 着 是 在 有 和 与 及 或 这 那 其 它 他 她 们 上 下 里 内 外 中 为 被 把 从 到
    以 而 也 都 还 又 并 且 但 很 更 最 等 些 则 将 让 由 于 之 所 就 只 个 张 条 块 件
    根 幅 盏 片 排 群 双 支 种 扇 束 两 一 二 三 四 五 六 七 八 九 十 几 多 向
"""
_EMPTY = re.compile("|".join(sorted((*_EMPTY_WORDS.split(), *_EMPTY_SIGNS.split()), key=len, reverse=True)))
_GUESS = re.compile(
    "可能|也许|或许|大概|似乎|好像|仿佛|看起来|看上去|看似|应该是|推测|估计|暗示|表明|说明了|象征|给人|营造|增添|增加了|"
    "渲染|体现|彰显|散发|充满了.{0,6}(?:气息|氛围)|适合|令人|让人"
)
_MOOD = re.compile("氛围|气氛|整体(?:上|而言|来看|风格|色调|构图|感觉)?|总体|总之|总的来说|风格|意境|情调|美感")
_SHOWN = re.compile(
    "\\A(?:[^\uff0c\u3002]{0,14}内容如下[\uff1a:\u3002]?\\s*"
    "|(?:这|该|本)?(?:张|幅)?(?:图片|照片|图像|图|画面|图画|影像)(?:中|里|上)?(?:主要)?"
    "(?:展示了|显示了|展示的是|显示的是|展现了|描绘了|拍摄了|拍摄的是|呈现了|呈现的是|捕捉了|聚焦于|展示|显示|是|中是|为我们展示了)"
    "|(?:在)?(?:这|该|本)?(?:张|幅)?(?:图片|照片|图像|图|画面)(?:中|里|上)?[\uff0c,]?(?:我们)?(?:还)?"
    "(?:可以看到|可以看见|能看到|可以看出|可见|看到)|(?:我们)?(?:还)?可以看到|(?:在)?(?:图片|照片|图像|画面|图)(?:中|里)[\uff0c,])"
)
# "这是客厅的一角。" says only what the crop is.
_CROP = re.compile("(?:一角|一部分|的部分|局部|特写)[\uff0c\u3002]?\\Z")
_COUNT = re.compile("[一两二三四五六七八九十几数多]")
_CLAUSE = re.compile("(?<=[\uff0c\uff1b,;])")
_OPENING = re.compile("\\A(?:[\"'\u201c]?)(?:它|他|她|其|这(?!张|幅|是一)|那(?!张|是一)|该|两者|前者|后者)")

PLACES = {
    "on the left": "左侧",
    "on the right": "右侧",
    "in the middle": "中间",
    "in the center": "正中",
    "at the top": "上方",
    "at the bottom": "下方",
    "at the top left": "左上方",
    "at the top center": "上方正中",
    "at the top right": "右上方",
    "at the middle left": "左侧中部",
    "at the middle right": "右侧中部",
    "at the bottom left": "左下方",
    "at the bottom center": "下方正中",
    "at the bottom right": "右下方",
}
_SIDES = {"左": "left", "右": "right", "上": "top", "下": "bottom", "中": "middle", "顶": "top", "底": "bottom"}
# Only what opens a sentence says where in the picture it is: "桌子左侧" is a side of the table.
_OPENING_PLACE = re.compile(
    "\\A(?:在)?(?:(?:这张|该)?(?:图片|照片|画面|图像|图)(?:中)?(?:的)?)?"
    "(左上|右上|左下|右下|左|右|上|下|顶|底|正?中)(?:方|侧|边|角|部|端|半部分|面|间|央)(?:位置|区域|部分|角落)?"
)

_COLOURS = {
    sign: group
    for group, signs in {
        "red": "红 赤",
        "orange": "橙 橘",
        "yellow": "黄",
        "green": "绿",
        "blue": "蓝",
        "purple": "紫",
        "pink": "粉",
        "white": "白",
        "black": "黑",
        "grey": "灰 银",
        "brown": "棕 褐 咖啡",
        "beige": "米 奶油 象牙",
        "gold": "金",
    }.items()
    for sign in signs.split()
}
_NEAR_COLOURS = frozenset(
    map(frozenset, (("red", "pink"), ("red", "orange"), ("orange", "yellow"), ("yellow", "beige"), ("white", "beige"),
                    ("brown", "beige"), ("orange", "brown"), ("yellow", "gold"), ("grey", "white"), ("grey", "black"),
                    ("blue", "purple"), ("purple", "pink"), ("gold", "brown")))
)  # fmt: skip
_COLOUR = f"(?P<colour>{'|'.join(_COLOURS)})色?"
_COLOURED = re.compile(f"{_COLOUR}的?(?P<noun>[{_HAN}]{{2}})")
_IS_COLOURED = re.compile(f"(?P<noun>[{_HAN}]{{2}})(?:是|为|呈|呈现)[深浅淡暗亮鲜纯]?{_COLOUR}")
_NUMBERS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_COUNTED = re.compile(
    f"(?P<number>[{''.join(_NUMBERS)}]|\\d{{1,3}})(?:个|张|条|块|件|根|幅|盏|只|匹|头|辆|架|艘|名|位|把|扇|支|座|棵|朵|瓶|本|双)"
    f"(?:[{_HAN}]{{1,4}}的)?(?P<noun>[{_HAN}]{{2}})"
)


def is_chinese(text: str) -> bool:
    """Whether most letters of a text are Chinese characters, and none Japanese ones."""
    if text.isascii():
        return False
    letters = _LETTER.findall(text)
    return len(_IS_HAN.findall(text)) >= _HAN_SHARE * max(len(letters), 1) and not _IS_KANA.search(text)


@lru_cache(maxsize=4096)
def content_pairs(text: str) -> tuple[str, ...]:
    """The pairs of neighbouring characters that carry a text's meaning, in their order; of a lone one itself."""
    return tuple(pair for run in _RUN.findall(text) for piece in _EMPTY.split(run) for pair in _pairs(piece))


def _pairs(piece: str) -> Iterator[str]:
    if len(piece) == 1:
        yield piece
    yield from map("".join, pairwise(piece))


def clauses_of(statement: str) -> tuple[str, ...]:
    """The clauses of a statement, each with the comma that ends it."""
    return tuple(filter(None, _CLAUSE.split(statement)))


def is_guess(clause: str) -> bool:
    """Whether a clause says what its speaker concludes or feels."""
    return bool(_GUESS.search(clause))


def is_mood(statement: str) -> bool:
    """Whether a statement is about the picture's mood or style as a whole."""
    return bool(_MOOD.search(statement[:12]))


def without_picture(statement: str) -> str:
    """The statement without an opening that only says that the picture shows it; what is counted stands after "有"."""
    bare = _SHOWN.sub("", statement, count=1)
    if bare == statement or not _LETTER.search(bare):
        return statement
    return f"有{bare}" if _COUNT.match(bare) else bare


def is_about_picture(statement: str) -> bool:
    """Whether a statement says no more than which part of something the picture shows."""
    return bool(_CROP.search(clauses_of(statement)[0]))


def opens_with_anaphor(sentence: str) -> bool:
    """Whether a sentence begins by pointing at something said before."""
    return bool(_OPENING.match(sentence))


def place_in_words(phrase: str) -> str:
    """A place that is told in English, such as "at the top left and on the right", in Chinese."""
    places = re.split(", | and ", phrase)
    return "\u3001".join(PLACES[place] for place in places)


def opening_place(text: str) -> tuple[str, str]:
    """(the place with which a sentence opens, as English words such as "top left"; the rest); ("", text) for none."""
    found = _OPENING_PLACE.match(text)
    if found is None:
        return "", text
    sides = [_SIDES[sign] for sign in found.group(1) if sign in _SIDES]
    return " ".join(sorted(sides, key=("top", "bottom", "middle", "left", "right").index)), text[found.end() :]


def conflicting(a: str, b: str) -> tuple[str, str, tuple[str, str]] | None:
    """(attribute, thing, values) of a thing that has one colour or number in `a` and another in `b`, or None."""
    for attribute, find, agree in (("colour", _colours, _alike), ("number", _numbers, str.__eq__)):
        one, two = find(a), find(b)
        for thing in one.keys() & two.keys():
            if not any(agree(x, y) for x in one[thing] for y in two[thing]):
                return attribute, thing, (min(one[thing]), min(two[thing]))
    return None


def _alike(one: str, other: str) -> bool:
    return one == other or frozenset((one, other)) in _NEAR_COLOURS


def _colours(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in (*_COLOURED.finditer(text), *_IS_COLOURED.finditer(text)):
        found.setdefault(match["noun"], set()).add(_COLOURS[match["colour"]])
    return found


def _numbers(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in _COUNTED.finditer(text):
        number = match["number"]
        found.setdefault(match["noun"], set()).add(str(_NUMBERS.get(number, number)))
    return found
