"""The same kinds of expressions in every language that has a table."""

import pytest

from stindex.rules.detection import language_of
from stindex.rules.grammar import rules_of
from stindex.rules.languages import LANGUAGES
from stindex.rules.temporal_reader import read_temporal

_REFERENCE = "2026-03-10"  # a Tuesday

_CASES = {
    "de": (
        "Die Sitzung war am Dienstag, 3. März 2026 um 14:30 Uhr; gestern und vor zwei Wochen wurde "
        "nicht getagt. Vom 3. bis 7. Mai 2027 und im 19. Jahrhundert, 44 v. Chr., letzten Montag, "
        "jeden Freitag, dreimal pro Woche, von 9 bis 17 Uhr, anderthalb Stunden.",
        {
            "Dienstag, 3. März 2026 um 14:30 Uhr": "2026-03-03T14:30",
            "gestern": "2026-03-09",
            "vor zwei Wochen": "2026-02-24",
            "Vom 3. bis 7. Mai 2027": "2027-05-03/2027-05-07",
            "19. Jahrhundert": "18",
            "44 v. Chr.": "-0043",
            "letzten Montag": "2026-03-09",
            "jeden Freitag": "XXXX-WXX-5",
            "dreimal pro Woche": "P1W",
            "von 9 bis 17 Uhr": "T09:00/T17:00",
            "anderthalb Stunden": "PT1H30M",
        },
    ),
    "fr": (
        "Le 5 mars 2024 à 14h30, il a plu dans la ville; hier et il y a trois jours aussi. Entre "
        "1914 et 1918, la semaine prochaine, chaque lundi, au XIXe siècle, les années 1990, "
        "pendant deux semaines.",
        {
            "5 mars 2024 à 14h30": "2024-03-05T14:30",
            "hier": "2026-03-09",
            "il y a trois jours": "2026-03-07",
            "Entre 1914 et 1918": "1914/1918",
            "semaine prochaine": "2026-W12",
            "chaque lundi": "XXXX-WXX-1",
            "XIXe siècle": "18",
            "années 1990": "199",
            "deux semaines": "P2W",
        },
    ),
    "es": (
        "El 5 de marzo de 2024 a las 14:30 fue la reunión; ayer y hace tres días llovió en la "
        "ciudad. El lunes pasado, la próxima semana, cada lunes, el siglo XIX, 44 a. C., durante "
        "dos semanas.",
        {
            "5 de marzo de 2024 a las 14:30": "2024-03-05T14:30",
            "ayer": "2026-03-09",
            "hace tres días": "2026-03-07",
            "lunes pasado": "2026-03-09",
            "próxima semana": "2026-W12",
            "cada lunes": "XXXX-WXX-1",
            "siglo XIX": "18",
            "44 a. C.": "-0043",
            "dos semanas": "P2W",
        },
    ),
    "it": (
        "Il 5 marzo 2024 alle 14:30 si è tenuta la riunione; ieri e tre giorni fa ha piovuto. "
        "Tra il 1914 e il 1918, lunedì scorso, ogni lunedì, nel XIX secolo, gli anni '90.",
        {
            "5 marzo 2024 alle 14:30": "2024-03-05T14:30",
            "ieri": "2026-03-09",
            "tre giorni fa": "2026-03-07",
            "Tra il 1914 e il 1918": "1914/1918",
            "lunedì scorso": "2026-03-09",
            "ogni lunedì": "XXXX-WXX-1",
            "XIX secolo": "18",
            "anni '90": "199",
        },
    ),
    "pt": (
        "A reunião foi em 5 de março de 2024 às 14h30; ontem e há três dias não choveu. Na "
        "segunda-feira passada, na próxima semana, toda segunda-feira, no século XIX.",
        {
            "5 de março de 2024 às 14h30": "2024-03-05T14:30",
            "ontem": "2026-03-09",
            "há três dias": "2026-03-07",
            "segunda-feira passada": "2026-03-09",
            "próxima semana": "2026-W12",
            "toda segunda-feira": "XXXX-WXX-1",
            "século XIX": "18",
        },
    ),
    "nl": (
        "De vergadering was op dinsdag 3 maart 2026 om 14.30 uur; gisteren en drie weken geleden "
        "werd er niet vergaderd. Tussen 1914 en 1918, vorige week, elke maandag, de jaren 90.",
        {
            "dinsdag 3 maart 2026 om 14.30 uur": "2026-03-03T14:30",
            "gisteren": "2026-03-09",
            "drie weken geleden": "2026-02-17",
            "Tussen 1914 en 1918": "1914/1918",
            "vorige week": "2026-W10",
            "elke maandag": "XXXX-WXX-1",
            "jaren 90": "199",
        },
    ),
    "cjk": (
        "会议于2024年3月5日下午3点举行，昨天下雨了。1990年代，三天前，上周，每天，2010年到2012年，3年間。",
        {
            "2024年3月5日下午3点": "2024-03-05T15:00",
            "昨天": "2026-03-09",
            "1990年代": "199",
            "三天前": "2026-03-07",
            "上周": "2026-W10",
            "每天": "P1D",
            "2010年到2012年": "2010/2012",
            "3年間": "P3Y",
        },
    ),
}


@pytest.mark.parametrize("code", _CASES)
def test_expressions_of_a_language_are_read_and_nothing_else(code: str) -> None:
    text, expected = _CASES[code]
    assert language_of(text) == code
    assert {m.text: m.normalized for m in read_temporal(text, _REFERENCE)} == expected


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_table_compiles_and_names_twelve_months_and_seven_days(code: str) -> None:
    language = LANGUAGES[code]
    assert rules_of(code)
    assert set(language.months.values()) == set(range(1, 13))
    assert set(language.weekdays.values()) == set(range(1, 8))


def test_a_month_of_one_language_is_no_month_of_another() -> None:
    # French mars, German die, Portuguese set: words of other languages.
    assert not read_temporal("The planet Mars was set to die in the story.", _REFERENCE)
