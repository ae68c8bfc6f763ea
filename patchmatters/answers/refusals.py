"""Answers that refuse, or ask for the picture, instead of describing it, in ten languages.

A caption may tell of a sign that reads "Sorry": what refuses speaks of its own inability, of the picture that it was
not given, or of the rules that it keeps. Wordings were collected from models' public answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..language.sentences import split_sentences

_LOOKED_AT = 4  # sentences; an answer that refuses does so at once
_PICTURE = r"(?:image|picture|photo|photograph|file|attachment|screenshot|link|url|visual)s?"
_ASK = r"(?:upload|attach|provide|share|send|resend|re-upload|reupload|supply|include|paste|insert)(?:ing)?"
_CANNOT = (
    r"(?:can ?not|can't|could ?not|couldn't|will not|won't|would not|wouldn't|do not|don't|did not|didn't|must not"
    r"|am (?:currently |still |also )?(?:not|unable|incapable)|'m (?:currently |still |also |really "
    r"|afraid i(?: can't| cannot))?"
    r"(?:not|unable|incapable)|am afraid|'m afraid|have no|lack|decline|refuse|must|need to|have to|may not"
    r"|cannot and)"
)
_DOING = (
    r"(?:describ|assist|help|view|process|analy[sz]|provid|generat|creat|comply|fulfil|engag|access|open"
    r"|continu|discuss"
    r"|comment|interpret|perceiv|caption|do (?:that|this|so)|answer|respond|complete|proceed|perform"
    r"|identify (?:the )?(?:people"
    r"|persons?|man|woman|individuals?|real|who|anyone|specific)|recogni[sz]e (?:people|individuals|real|faces)"
    r"|participat"
    r"|support|offer|produce|write|fulfill|accommodate|display|load|be able|declin|refus)"
)
_ENGLISH = (
    # I cannot ...
    rf"i ?{_CANNOT}\b(?! help but| help noticing| read| tell| make out| see (?:the|any|his|her|its|their|who"
    rf"|what|much)"
    rf" (?!(?:{_PICTURE}))).{{0,60}}?\b{_DOING}",
    rf"i ?{_CANNOT}\b.{{0,40}}?\b(?:see|seeing|view|find|have|access|receive|detect|locate|look at|looking at)\b"
    rf".{{0,40}}?\b(?:{_PICTURE}|attached|uploaded|what you)\b",
    r"i ?(?:can ?not|can't|won't|will not)(?: and will not)?[.!]*\Z",
    rf"(?:sorry,? )?(?:can ?not|can't|unable to|not able to|won't) {_DOING}\w* ?(?:with |you |this |that |the |it\b)?"
    rf"(?:.{{0,30}}(?:{_PICTURE}|request|that|this|it|content))?[.!]*\Z",
    r"i(?:'m| am) (?:not|un)(?: |-)?(?:comfortable|willing|able|allowed|permitted|authori[sz]ed|equipped|designed"
    r"|programmed|going to|capable|in a position)\b",
    r"i(?: do not|'m not| don't| am not) (?:feel|feeling) (?:comfortable|able|right)\b",
    r"i(?:'d| would)? (?:rather not|prefer not)\b|i(?:'ll| will)? (?:must|need to|have to|respectfully)?"
    r" ?(?:respectfully |politely )?(?:decline|refuse|pass on)\b|i(?:'m"
    r"| am) going to (?:have to )?(?:respectfully )?(?:decline|refuse|pass)",
    r"i(?:'m| am) (?:just |only |merely )?an? .{0,40}(?:\bai\b|language model|text-based|assistant)",
    r"(?:as|being) an? .{0,40}(?:\bai\b|language model|text-based|text-only|\bllm\b|assistant(?=,| without"
    r"| with no| i\b))",
    r"i (?:do not|don't) have (?:the )?(?:ability|capability|capacity|access|permission|eyes|vision|a way|any way)\b",
    # there is no picture
    rf"no (?:\w+ )?{_PICTURE} (?:(?:was|were|is|has been|have been|seems to be|appears to be) )?(?:\w+ )?"
    r"(?:provided|attached|uploaded|included|shared|supplied|given|received|found|detected|sent|present in your)",
    rf"there (?:is|was|are|were|does not|doesn't|appears|seems|'s)\b.{{0,30}}\b(?:no|not|n't|any"
    rf"|be an)\b.{{0,20}}{_PICTURE}"
    r"\b.{0,20}(?:attach|upload|provid|includ|shared|in your|with your|to (?:describe|analy)|here to)",
    rf"there (?:doesn't|does not|don't) (?:appear|seem) to be (?:an?|any) {_PICTURE}",
    rf"(?:your|the) (?:message|request|prompt|post|question) (?:does not|doesn't|did not|didn't) .{{0,20}}{_PICTURE}",
    rf"(?:to|in order to|before i can) .{{0,80}}\bi(?:'ll| will|'d| would)? (?:need|require|have to"
    rf"|first need)\b.{{0,40}}(?:{_PICTURE}|see)",
    rf"(?:sure[,!.]? |okay[,.]? )?(?:please|kindly|could you|can you|would you|feel free to|try|go ahead and"
    rf"|you can|once you)\b"
    rf"(?: please| kindly| try to| try)? ?(?:(?:first|again) )?(?:{_ASK}|describe)\b.{{0,50}}(?:{_PICTURE}"
    rf"|\bit\b|\bone\b)",
    rf"(?:it )?(?:looks|seems|appears)\b.{{0,80}}(?:forgot|forgotten|{_PICTURE}.{{0,40}}(?:n't|not|never|no"
    rf"|fail\w*|missing|without)"
    rf".{{0,20}}(?:come through|came through|attach|upload|load|provid|includ|receiv|access|visible to me|shared"
    rf"|sent|open|process|missing|render))",
    rf"(?:it )?(?:looks|seems|appears)\b.{{0,60}}(?:no {_PICTURE}|(?:not|n't"
    rf"|missing).{{0,30}}{_PICTURE}).{{0,30}}(?:attach|upload|provid|includ|shared|sen[dt]|came|come)",
    rf"(?:it )?(?:looks|seems|appears)\b.{{0,40}}you.{{0,20}}(?:n't|not|forgot).{{0,40}}{_PICTURE}",
    rf"(?:unfortunately,? |sorry,? |but |however,? )*(?:the|this|your"
    rf"|an) (?:\w+ ){{0,2}}{_PICTURE} (?:you \w+(?: \w+)? )?"
    r"(?:could not|couldn't|can ?not|can't|was not|wasn't|is not|isn't|did not|didn't|has not|hasn't|fail\w*"
    r"|does not|doesn't)"
    r" .{0,20}?(?:load|open|process|visible to me|accessible|attach|upload|displayed|come through|provid|includ"
    r"|shared|sent\b|receiv|viewed|view"
    r"|access|seem to be attached|appear to be attached|available to me|decoded|analy[sz]ed|described)",
    rf"you (?:have not|haven't|did not|didn't|forgot|seem to have forgotten|may have forgotten"
    rf"|have yet).{{0,30}}(?:{_ASK}|provided|shared|attached|sent|included|uploaded)",
    rf"(?:without|unless) .{{0,20}}(?:seeing|access|{_PICTURE}).{{0,60}}\bi\b",
    # rules
    r"(?:this|the|that|your)\b.{0,60}\b(?:violat\w*|(?:goes|go|is|are|be) against (?:my|our|the|its|your)?"
    r"|breach\w*|not comply)\b.{0,30}"
    r"(?:polic(?:y|ies)|guidelines?|terms|rules|standards)",
    r"(?:let's|can we|could we|shall we) (?:talk|chat|discuss|change|move on)\b.{0,30}(?:something|subject"
    r"|topic|else)",
    r"(?:this|your|the) (?:request|prompt|content) (?:was|is|has been|cannot|can't) .{0,20}(?:block|declin"
    r"|reject|denied|refus|inappropriate|not allowed|be fulfilled|be processed)",
    r"(?:request|content|response) (?:denied|declined|rejected|blocked|refused)",
)  # fmt: skip
# An apology refuses only where more of it follows: a sign may read "Sorry".
_APOLOGY = (
    r"(?:(?:i(?:'m| am)|we(?:'re| are)|so|very|truly|terribly|my|oh,?|please accept my|unfortunately"
    r"|regrettably|oops)[ ,]+)*"
    r"(?:(?:so|very|truly|terribly|really|deeply|extremely|sincere(?:st)?) )?"
    r"(?:(?:sorry|apologies|apologi[sz]e|apologi[sz]es|i apologi[sz]e|i regret|regret|unfortunately|regrettably"
    r"|pardon)\b)"
)
_APOLOGY_ALONE = re.compile(
    r"(?:(?:i(?:'m| am)|we(?:'re| are)) (?:\w+ )?sorry|i (?:\w+ )?apologi[sz]e|(?:my|sincere) apologies|sorry)"
    r"(?:[.!,]*\Z|[,.;:]? (?:but|that i|i|for (?:the|any)|about (?:that|this))\b)"
)
_UNABLE = (
    rf"(?:\bi ?(?:{_CANNOT})|\b(?:can ?not|can't|unable|not able|decline|won't)\b|\bno {_PICTURE}\b"
    rf"|{_PICTURE}.{{0,30}}(?:could not|couldn't|not be|n't|was not|failed))"
)
_FOREIGN: Mapping[str, tuple[str, ...]] = {
    "zh": (
        r"(?:非常|很|十分|实在)?(?:抱歉|对不起|對不起|不好意思|遗憾|遗憐|请原谅).{0,30}(?:无法|無法|不能|不会"
        r"|不可以|没有|沒有|没法|看不到|不支持|拒绝|不便)",
        r"(?:作为|身为|作為).{0,16}(?:模型|助手|AI|人工智能|人工智慧)",
        r"(?:很|非常)?(?:抱歉|对不起|對不起)[\u3002\uff01!.]?\Z",
        r"(?:但|不过)?我(?:们)?(?:暂时|目前|现在)?(?:并)?(?:无法|無法|不能|不可以|没法|看不到|没有看到|沒有看到"
        r"|不具备|拒绝|不会)",
        r"(?:无法|無法|不能)(?:直接)?(?:查看|看到|描述|识别|處理|处理|提供|协助|帮助|回答|分析|满足|完成|访问"
        r"|打开|显示)",
        r"请(?:您|你)?(?:先|重新|再次)?(?:提供|上传|发送|分享|附上|描述).{0,12}(?:图|圖|照片|影像)",
        r".{0,8}(?:没有|沒有|未)(?:看到|收到|提供|检测到|附上|上传).{0,8}(?:图|圖|照片|影像)",
        r".{0,16}(?:违反|違反|不符合).{0,10}(?:政策|规定|规范|准则|指南)",
    ),
    "ja": (
        r"(?:大変|誠に)?(?:申し訳|すみません|ごめんなさい|恐れ入ります|残念ながら|恐縮).{0,60}(?:できません"
        r"|できない|できかね|かねます|見えません|ありません|いません|ください|ございません)",
        r".{0,20}(?:画像|写真|イメージ|ファイル).{0,24}(?:説明|表示|確認|見る|閲覧|分析|認識|描写|処理"
        r"|お手伝い).{0,16}(?:できません|できない|かねます|ありません)",
        r".{0,12}(?:画像|写真)が?.{0,6}(?:添付|提供|見え|アップロード|送信).{0,12}(?:ません|ない)",
        r".{0,12}(?:画像|写真)を.{0,10}(?:アップロード|提供|添付|共有|送信|送っ).{0,14}(?:ください|いただ|願い)",
        r"(?:お手伝い|対応|お答え|回答|ご協力).{0,10}(?:できません|できかねます|いたしかねます)",
        r"(?:私は)?.{0,10}(?:AI|言語モデル).{0,12}(?:ので|のため|として)",
    ),
    "ko": (
        r"(?:정말 |대단히 )?(?:죄송|미안|유감|안타깝|아쉽).{0,50}(?:없|않|못|어렵)",
        r".{0,20}(?:이미지|사진|그림).{0,24}(?:설명|볼|보는|확인|분석|처리|제공|인식|묘사).{0,14}(?:수 없|못|않"
        r"|어렵)",
        r".{0,12}(?:이미지|사진).{0,10}(?:첨부|업로드|제공|공유|올려).{0,14}(?:않|없|주세요|주시)",
        r"(?:도와드릴|도울|응답할|답변할|대답할) 수 없",
        r".{0,10}(?:AI|인공지능|언어 모델).{0,10}(?:이기|로서|이므로)",
    ),
    "de": (
        r"(?:es tut mir|tut mir|entschuldig\w*|verzeih\w*|leider|ich bedau\w+"
        r"|bedauerlicherweise)\b.{0,60}\b(?:kann|darf|möchte|werde|bin|sehe|habe|ist)\b.{0,60}(?:nicht|kein"
        r"|unmöglich|außerstande)",
        r"(?:es tut mir|tut mir)(?: \w+){0,2} leid\b(?:[.,!]|\Z)",
        r"(?:aber |leider )?(?:ich (?:kann|darf|bin|werde|sehe|habe|möchte)|(?:kann|darf) ich)\b.{0,70}(?:nicht"
        r"|kein\w*|außerstande)\b.{0,50}(?:bild|foto|beschreib|helf|unterstütz|anfrage|inhalt|sehen|anzeig"
        r"|aufgabe|lage|erkennen)",
        r"ich (?:kann|darf|sehe|habe)\b.{0,50}(?:bild|foto|anfrage|dabei|damit)\w*\b.{0,40}(?:nicht|kein)",
        r"(?:bitte )?(?:laden|lade|stellen|stelle|senden|sende|schick\w*|teilen|teile|fügen"
        r"|füge)\b.{0,50}(?:bild|foto)\b",
        r"(?:es (?:wurde|ist|scheint|liegt)|in ihrer nachricht).{0,50}kein\w* (?:bild|foto|datei)",
        r"als (?:ein\w? )?(?:ki|sprachmodell|textbasiert\w*|künstliche)\b",
    ),
    "fr": (
        r"(?:je suis (?:vraiment |sincèrement )?(?:désolée?|navrée?)|désolée?|pardon|excusez|malheureusement"
        r"|je regrette|toutes mes excuses)\b.{0,50}\b(?:ne|n'|pas|aucune?|impossible)",
        r"je suis (?:vraiment )?désolée?[.,!]",
        r"(?:mais )?je (?:ne |n')\s?(?:peux|puis|vois|suis|dispose|parviens|ai|saurais"
        r"|pourrai)\b.{0,70}(?:image|photo|décri|aider|demande|assist|répond|cela|visualis)",
        r"(?:veuillez|merci de|pouvez-vous|pourriez-vous|s'il vous plaît,?).{0,20}(?:fournir|télécharger"
        r"|partager|joindre|envoyer|téléverser).{0,30}(?:image|photo)",
        r"(?:aucune|il n'y a (?:pas d'|aucune ))\s?(?:image|photo).{0,30}(?:fournie|jointe|télé|partag|reçue"
        r"|message)",
        r"en tant que? (?:modèle|ia|assistant|qu')",
    ),
    "es": (
        r"(?:lo siento|lo lamento|perd[oó]n|disculp\w*|lamentablemente|desafortunadamente|me temo"
        r"|mis disculpas)\b.{0,50}\bno (?:puedo|podr|tengo|veo|es posible|me es|estoy|soy|se )",
        r"lo siento(?: mucho)?[.!]",
        r"(?:pero )?no (?:puedo|me es posible|soy capaz|tengo|veo|podr[eé]|estoy)\b.{0,60}(?:imagen|foto"
        r"|describ|ayud|asist|solicitud|eso\b)",
        r"(?:por favor,? )?(?:proporcion\w+|sub[ea]\w*|adjunt[ae]\w*|compart[ae]\w*|env[ií][ae]\w*"
        r"|cargu?[ae]\w*)\b.{0,24}(?:imagen|foto)",
        r"no (?:se )?(?:ha |hay ).{0,20}(?:imagen|foto)\b.{0,20}(?:adjunt|proporcion|subid|mensaje)"
        r"|no se (?:ha )?(?:proporcion|adjunt|sub)\w*.{0,20}imagen",
        r"como (?:un )?(?:modelo|ia|asistente|inteligencia)\b",
    ),
    "pt": (
        r"(?:desculp\w*|lamento|sinto muito|infelizmente|perd[aã]o|pe[cç]o desculpas?)\b.{0,50}\bn[aã]o\b",
        r"(?:mas )?(?:eu )?n[aã]o (?:posso|consigo|sou capaz|me é|é possível|vejo|tenho"
        r"|poderei)\b.{0,60}(?:imagem|foto|descrev|ajud|assist|pedido|isso)",
        r"(?:por favor,? )?(?:envi[ea]\w*|forne[cç]\w+|anex[ea]\w*|compartilh[ea]\w*"
        r"|carregu?[ea]\w*)\b.{0,24}(?:imagem|foto)",
        r"(?:nenhuma imagem|n[aã]o h[aá] (?:nenhuma )?imagem).{0,30}(?:fornecid|anexad|enviad|carregad|mensagem)",
        r"como (?:um )?(?:modelo|ia|assistente)\b",
    ),
    "it": (
        r"(?:mi dispiace|mi spiace|spiacente|purtroppo|scus\w+|sono desolat\w|sono spiacente)\b.{0,50}\bnon\b",
        r"mi dispiace(?: molto)?[.!]",
        r"(?:ma )?non (?:posso|sono in grado|riesco|vedo|ho|mi è possibile|sarò)\b.{0,60}(?:immagin|foto"
        r"|descriv|aiut|assist|richiest|questo)",
        r"(?:per favore,? |si prega di )?(?:forni\w+|caric[ah]\w*|alleg[ah]\w*|condivid\w+"
        r"|invi[ai]\w*)\b.{0,24}(?:immagine|foto)",
        r"(?:nessuna immagine|non (?:c'è|vedo) (?:alcuna|nessuna) immagine)",
        r"(?:in quanto|come) (?:un )?(?:modello|ia|assistente|intelligenza)\b",
    ),
    "ru": (
        r"(?:извините|простите|прошу прощения|к сожалению|сожалею|мне (?:очень )?жаль"
        r"|приношу извинения).{0,40}(?:не |невозможно|нет )",
        r"(?:но )?я (?:не (?:могу|вижу|в состоянии|имею|смогу|умею|буду)|отказываюсь).{0,70}(?:изображен|картин"
        r"|фото|опис|помо|запрос|это)",
        r"не (?:могу|смогу) (?:помочь|описать|выполнить|просмотреть|увидеть)",
        r"(?:пожалуйста,? )?(?:загрузите|предоставьте|отправьте|прикрепите|пришлите).{0,24}(?:изображ|картин|фото)",
        r".{0,12}изображение не (?:было )?(?:загруж|прикреп|предост)",
        r"как (?:ии|языковая|текстовая|искусственный)",
    ),
}  # fmt: skip
_MANNERS = re.compile(
    r"\A(?:(?:sure|hello|hi|hey|certainly|of course|okay|ok|alright|thank you|thanks|however|but|yet"
    r"|unfortunately|well|yes|hmm"
    r"|i understand(?: your \w+)?|i see|i appreciate[^,.!]{0,40}|thanks? (?:you )?for[^,.!]{0,40}"
    r"|(?:i'd|i would|i'm|i am|i'll) (?:be |always |really )?(?:happy|glad|love|pleased|here"
    r"|delighted)[^,.!]{0,40})[,.!;:\u2014-]*\s+)+"
    r"(?:but|however|though|yet|and)?,?\s*"
)
_REFUSES = re.compile("|".join(f"(?:{one})" for one in _ENGLISH))
_APOLOGISES = re.compile(rf"{_APOLOGY}[,.;:!\u2014-]*(?: .{{0,120}})?{_UNABLE}")
_REFUSES_ABROAD = re.compile("|".join(f"(?:{one})" for ones in _FOREIGN.values() for one in ones), re.I)
_QUOTED = re.compile(r"\A[\"'\u201c\u2018\u00ab\u300c]")
_WRITTEN = re.compile(
    r"[\"'\u201d]\s*(?:is|are|was|reads?|says?|hangs?|stands?)\b|\b(?:reads?|says|written|painted|printed|sign|poster|"
    r"banner|label|closed|sold out|schild|panneau|cartel|placa|cartello|告示|牌子|看板)\b", re.I
)  # fmt: skip


def is_refusal(text: str) -> bool:
    """Whether an answer refuses or asks for the picture instead of describing it."""
    sentences = split_sentences(_plain(text)[:1200])[:_LOOKED_AT]
    return any(_refuses(sentence, first=number == 0) for number, sentence in enumerate(sentences))


def _plain(text: str) -> str:
    return text.translate({0x2019: "'", 0x2018: "'", 0x02BC: "'", 0xFF07: "'"}).lstrip("*_#> \t\n")


def _refuses(sentence: str, *, first: bool) -> bool:
    """Whether a sentence refuses. Only the first may apologise; what is quoted from the picture refuses nothing."""
    plain = sentence.lower().strip()
    if _QUOTED.match(plain) or _tells_of_a_sign(plain):
        return False
    bare = _MANNERS.sub("", plain, count=1)
    if first and (_APOLOGISES.match(plain) or _APOLOGY_ALONE.match(plain)):
        return True
    return bool(_REFUSES.match(bare) or _REFUSES.match(plain) or _REFUSES_ABROAD.match(plain))


def _tells_of_a_sign(plain: str) -> bool:
    return bool(_WRITTEN.search(plain)) and not re.match(r"(?:i|we)\b", plain)
