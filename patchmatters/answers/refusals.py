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
        r"(?:\u975e\u5e38|\u5f88|\u5341\u5206|\u5b9e\u5728)?(?:\u62b1\u6b49|\u5bf9\u4e0d\u8d77|\u5c0d\u4e0d\u8d77|\u4e0d\u597d\u610f\u601d|\u9057\u61be|\u9057\u6190|\u8bf7\u539f\u8c05).{0,30}(?:\u65e0\u6cd5|\u7121\u6cd5|\u4e0d\u80fd|\u4e0d\u4f1a"
        r"|\u4e0d\u53ef\u4ee5|\u6ca1\u6709|\u6c92\u6709|\u6ca1\u6cd5|\u770b\u4e0d\u5230|\u4e0d\u652f\u6301|\u62d2\u7edd|\u4e0d\u4fbf)",
        r"(?:\u4f5c\u4e3a|\u8eab\u4e3a|\u4f5c\u70ba).{0,16}(?:\u6a21\u578b|\u52a9\u624b|AI|\u4eba\u5de5\u667a\u80fd|\u4eba\u5de5\u667a\u6167)",
        r"(?:\u5f88|\u975e\u5e38)?(?:\u62b1\u6b49|\u5bf9\u4e0d\u8d77|\u5c0d\u4e0d\u8d77)[\u3002\uff01!.]?\Z",
        r"(?:\u4f46|\u4e0d\u8fc7)?\u6211(?:\u4eec)?(?:\u6682\u65f6|\u76ee\u524d|\u73b0\u5728)?(?:\u5e76)?(?:\u65e0\u6cd5|\u7121\u6cd5|\u4e0d\u80fd|\u4e0d\u53ef\u4ee5|\u6ca1\u6cd5|\u770b\u4e0d\u5230|\u6ca1\u6709\u770b\u5230|\u6c92\u6709\u770b\u5230"
        r"|\u4e0d\u5177\u5907|\u62d2\u7edd|\u4e0d\u4f1a)",
        r"(?:\u65e0\u6cd5|\u7121\u6cd5|\u4e0d\u80fd)(?:\u76f4\u63a5)?(?:\u67e5\u770b|\u770b\u5230|\u63cf\u8ff0|\u8bc6\u522b|\u8655\u7406|\u5904\u7406|\u63d0\u4f9b|\u534f\u52a9|\u5e2e\u52a9|\u56de\u7b54|\u5206\u6790|\u6ee1\u8db3|\u5b8c\u6210|\u8bbf\u95ee"
        r"|\u6253\u5f00|\u663e\u793a)",
        r"\u8bf7(?:\u60a8|\u4f60)?(?:\u5148|\u91cd\u65b0|\u518d\u6b21)?(?:\u63d0\u4f9b|\u4e0a\u4f20|\u53d1\u9001|\u5206\u4eab|\u9644\u4e0a|\u63cf\u8ff0).{0,12}(?:\u56fe|\u5716|\u7167\u7247|\u5f71\u50cf)",
        r".{0,8}(?:\u6ca1\u6709|\u6c92\u6709|\u672a)(?:\u770b\u5230|\u6536\u5230|\u63d0\u4f9b|\u68c0\u6d4b\u5230|\u9644\u4e0a|\u4e0a\u4f20).{0,8}(?:\u56fe|\u5716|\u7167\u7247|\u5f71\u50cf)",
        r".{0,16}(?:\u8fdd\u53cd|\u9055\u53cd|\u4e0d\u7b26\u5408).{0,10}(?:\u653f\u7b56|\u89c4\u5b9a|\u89c4\u8303|\u51c6\u5219|\u6307\u5357)",
    ),
    "ja": (
        r"(?:\u5927\u5909|\u8aa0\u306b)?(?:\u7533\u3057\u8a33|\u3059\u307f\u307e\u305b\u3093|\u3054\u3081\u3093\u306a\u3055\u3044|\u6050\u308c\u5165\u308a\u307e\u3059|\u6b8b\u5ff5\u306a\u304c\u3089|\u6050\u7e2e).{0,60}(?:\u3067\u304d\u307e\u305b\u3093"
        r"|\u3067\u304d\u306a\u3044|\u3067\u304d\u304b\u306d|\u304b\u306d\u307e\u3059|\u898b\u3048\u307e\u305b\u3093|\u3042\u308a\u307e\u305b\u3093|\u3044\u307e\u305b\u3093|\u304f\u3060\u3055\u3044|\u3054\u3056\u3044\u307e\u305b\u3093)",
        r".{0,20}(?:\u753b\u50cf|\u5199\u771f|\u30a4\u30e1\u30fc\u30b8|\u30d5\u30a1\u30a4\u30eb).{0,24}(?:\u8aac\u660e|\u8868\u793a|\u78ba\u8a8d|\u898b\u308b|\u95b2\u89a7|\u5206\u6790|\u8a8d\u8b58|\u63cf\u5199|\u51e6\u7406"
        r"|\u304a\u624b\u4f1d\u3044).{0,16}(?:\u3067\u304d\u307e\u305b\u3093|\u3067\u304d\u306a\u3044|\u304b\u306d\u307e\u3059|\u3042\u308a\u307e\u305b\u3093)",
        r".{0,12}(?:\u753b\u50cf|\u5199\u771f)\u304c?.{0,6}(?:\u6dfb\u4ed8|\u63d0\u4f9b|\u898b\u3048|\u30a2\u30c3\u30d7\u30ed\u30fc\u30c9|\u9001\u4fe1).{0,12}(?:\u307e\u305b\u3093|\u306a\u3044)",
        r".{0,12}(?:\u753b\u50cf|\u5199\u771f)\u3092.{0,10}(?:\u30a2\u30c3\u30d7\u30ed\u30fc\u30c9|\u63d0\u4f9b|\u6dfb\u4ed8|\u5171\u6709|\u9001\u4fe1|\u9001\u3063).{0,14}(?:\u304f\u3060\u3055\u3044|\u3044\u305f\u3060|\u9858\u3044)",
        r"(?:\u304a\u624b\u4f1d\u3044|\u5bfe\u5fdc|\u304a\u7b54\u3048|\u56de\u7b54|\u3054\u5354\u529b).{0,10}(?:\u3067\u304d\u307e\u305b\u3093|\u3067\u304d\u304b\u306d\u307e\u3059|\u3044\u305f\u3057\u304b\u306d\u307e\u3059)",
        r"(?:\u79c1\u306f)?.{0,10}(?:AI|\u8a00\u8a9e\u30e2\u30c7\u30eb).{0,12}(?:\u306e\u3067|\u306e\u305f\u3081|\u3068\u3057\u3066)",
    ),
    "ko": (
        r"(?:\uc815\ub9d0 |\ub300\ub2e8\ud788 )?(?:\uc8c4\uc1a1|\ubbf8\uc548|\uc720\uac10|\uc548\ud0c0\uae5d|\uc544\uc27d).{0,50}(?:\uc5c6|\uc54a|\ubabb|\uc5b4\ub835)",
        r".{0,20}(?:\uc774\ubbf8\uc9c0|\uc0ac\uc9c4|\uadf8\ub9bc).{0,24}(?:\uc124\uba85|\ubcfc|\ubcf4\ub294|\ud655\uc778|\ubd84\uc11d|\ucc98\ub9ac|\uc81c\uacf5|\uc778\uc2dd|\ubb18\uc0ac).{0,14}(?:\uc218 \uc5c6|\ubabb|\uc54a"
        r"|\uc5b4\ub835)",
        r".{0,12}(?:\uc774\ubbf8\uc9c0|\uc0ac\uc9c4).{0,10}(?:\ucca8\ubd80|\uc5c5\ub85c\ub4dc|\uc81c\uacf5|\uacf5\uc720|\uc62c\ub824).{0,14}(?:\uc54a|\uc5c6|\uc8fc\uc138\uc694|\uc8fc\uc2dc)",
        r"(?:\ub3c4\uc640\ub4dc\ub9b4|\ub3c4\uc6b8|\uc751\ub2f5\ud560|\ub2f5\ubcc0\ud560|\ub300\ub2f5\ud560) \uc218 \uc5c6",
        r".{0,10}(?:AI|\uc778\uacf5\uc9c0\ub2a5|\uc5b8\uc5b4 \ubaa8\ub378).{0,10}(?:\uc774\uae30|\ub85c\uc11c|\uc774\ubbc0\ub85c)",
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
        r"(?:\u0438\u0437\u0432\u0438\u043d\u0438\u0442\u0435|\u043f\u0440\u043e\u0441\u0442\u0438\u0442\u0435|\u043f\u0440\u043e\u0448\u0443 \u043f\u0440\u043e\u0449\u0435\u043d\u0438\u044f|\u043a \u0441\u043e\u0436\u0430\u043b\u0435\u043d\u0438\u044e|\u0441\u043e\u0436\u0430\u043b\u0435\u044e|\u043c\u043d\u0435 (?:\u043e\u0447\u0435\u043d\u044c )?\u0436\u0430\u043b\u044c"
        r"|\u043f\u0440\u0438\u043d\u043e\u0448\u0443 \u0438\u0437\u0432\u0438\u043d\u0435\u043d\u0438\u044f).{0,40}(?:\u043d\u0435 |\u043d\u0435\u0432\u043e\u0437\u043c\u043e\u0436\u043d\u043e|\u043d\u0435\u0442 )",
        r"(?:\u043d\u043e )?\u044f (?:\u043d\u0435 (?:\u043c\u043e\u0433\u0443|\u0432\u0438\u0436\u0443|\u0432 \u0441\u043e\u0441\u0442\u043e\u044f\u043d\u0438\u0438|\u0438\u043c\u0435\u044e|\u0441\u043c\u043e\u0433\u0443|\u0443\u043c\u0435\u044e|\u0431\u0443\u0434\u0443)|\u043e\u0442\u043a\u0430\u0437\u044b\u0432\u0430\u044e\u0441\u044c).{0,70}(?:\u0438\u0437\u043e\u0431\u0440\u0430\u0436\u0435\u043d|\u043a\u0430\u0440\u0442\u0438\u043d"
        r"|\u0444\u043e\u0442\u043e|\u043e\u043f\u0438\u0441|\u043f\u043e\u043c\u043e|\u0437\u0430\u043f\u0440\u043e\u0441|\u044d\u0442\u043e)",
        r"\u043d\u0435 (?:\u043c\u043e\u0433\u0443|\u0441\u043c\u043e\u0433\u0443) (?:\u043f\u043e\u043c\u043e\u0447\u044c|\u043e\u043f\u0438\u0441\u0430\u0442\u044c|\u0432\u044b\u043f\u043e\u043b\u043d\u0438\u0442\u044c|\u043f\u0440\u043e\u0441\u043c\u043e\u0442\u0440\u0435\u0442\u044c|\u0443\u0432\u0438\u0434\u0435\u0442\u044c)",
        r"(?:\u043f\u043e\u0436\u0430\u043b\u0443\u0439\u0441\u0442\u0430,? )?(?:\u0437\u0430\u0433\u0440\u0443\u0437\u0438\u0442\u0435|\u043f\u0440\u0435\u0434\u043e\u0441\u0442\u0430\u0432\u044c\u0442\u0435|\u043e\u0442\u043f\u0440\u0430\u0432\u044c\u0442\u0435|\u043f\u0440\u0438\u043a\u0440\u0435\u043f\u0438\u0442\u0435|\u043f\u0440\u0438\u0448\u043b\u0438\u0442\u0435).{0,24}(?:\u0438\u0437\u043e\u0431\u0440\u0430\u0436|\u043a\u0430\u0440\u0442\u0438\u043d|\u0444\u043e\u0442\u043e)",
        r".{0,12}\u0438\u0437\u043e\u0431\u0440\u0430\u0436\u0435\u043d\u0438\u0435 \u043d\u0435 (?:\u0431\u044b\u043b\u043e )?(?:\u0437\u0430\u0433\u0440\u0443\u0436|\u043f\u0440\u0438\u043a\u0440\u0435\u043f|\u043f\u0440\u0435\u0434\u043e\u0441\u0442)",
        r"\u043a\u0430\u043a (?:\u0438\u0438|\u044f\u0437\u044b\u043a\u043e\u0432\u0430\u044f|\u0442\u0435\u043a\u0441\u0442\u043e\u0432\u0430\u044f|\u0438\u0441\u043a\u0443\u0441\u0441\u0442\u0432\u0435\u043d\u043d\u044b\u0439)",
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
    r"banner|label|closed|sold out|schild|panneau|cartel|placa|cartello|\u544a\u793a|\u724c\u5b50|\u770b\u677f)\b", re.I
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
