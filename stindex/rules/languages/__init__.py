"""The languages that the rules know, by ISO 639-1 code; `cjk` is Chinese and Japanese."""

from collections.abc import Mapping

from stindex.rules.language import Language
from stindex.rules.languages.cjk import CJK
from stindex.rules.languages.dutch import DUTCH
from stindex.rules.languages.english import ENGLISH
from stindex.rules.languages.french import FRENCH
from stindex.rules.languages.german import GERMAN
from stindex.rules.languages.italian import ITALIAN
from stindex.rules.languages.portuguese import PORTUGUESE
from stindex.rules.languages.spanish import SPANISH

LANGUAGES: Mapping[str, Language] = {
    language.code: language
    for language in (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, CJK)
}
