"""The languages that the rules know, by their ISO 639-1 code."""

from collections.abc import Mapping

from stindex.rules.language import Language
from stindex.rules.languages.english import ENGLISH

LANGUAGES: Mapping[str, Language] = {language.code: language for language in (ENGLISH,)}
