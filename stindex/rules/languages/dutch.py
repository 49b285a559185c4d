"""Dutch words and patterns of time expressions."""

from stindex.rules.language import Language

_ERA = r"(?P<era>v\. ?Chr\.|voor Christus)"
_COUNT = "(?:een|één|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf)"
_HOUR = "[01]?[0-9]|2[0-4]"
_YEAR_END = "(?!%| (?:euro|mensen|meter|kilometer|personen|inwoners)\\b)"

DUTCH = Language(
    code="nl",
    function_words=frozenset(
        "de het een en van in is dat op te voor met zijn er niet aan ook bij werd naar".split()
    ),
    months={
        "januari": 1, "februari": 2, "maart": 3, "april": 4, "mei": 5, "juni": 6, "juli": 7,
        "augustus": 8, "september": 9, "oktober": 10, "november": 11, "december": 12,
    },
    weekdays={"maandag": 1, "dinsdag": 2, "woensdag": 3, "donderdag": 4, "vrijdag": 5,
              "zaterdag": 6, "zondag": 7},
    units={
        "seconde": "second", "seconden": "second", "minuut": "minute", "minuten": "minute",
        "uur": "hour", "uren": "hour", "dag": "day", "dagen": "day", "nacht": "day",
        "nachten": "day", "week": "week", "weken": "week", "maand": "month",
        "maanden": "month", "jaar": "year", "jaren": "year", "kwartaal": "quarter",
        "kwartalen": "quarter", "weekend": "weekend", "decennium": "decade",
        "decennia": "decade", "eeuw": "century", "eeuwen": "century",
    },
    numbers={
        "een": 1, "één": 1, "twee": 2, "drie": 3, "vier": 4, "vijf": 5, "zes": 6, "zeven": 7,
        "acht": 8, "negen": 9, "tien": 10, "elf": 11, "twaalf": 12, "vijftien": 15,
        "twintig": 20, "dertig": 30, "veertig": 40, "vijftig": 50, "zestig": 60, "honderd": 100,
        "anderhalf": 1.5, "een half": 0.5, "een halve": 0.5, "tweeënhalf": 2.5,
        "enkele": None, "meerdere": None, "een paar": None, "verschillende": None,
    },
    ordinals={"eerste": 1, "tweede": 2, "derde": 3, "vierde": 4, "vijfde": 5, "achttiende": 18,
              "negentiende": 19, "twintigste": 20, "eenentwintigste": 21},
    ordinal_suffix="(?:e|de|ste)?",
    words={"vandaag": ("day", 0), "gisteren": ("day", -1), "eergisteren": ("day", -2),
           "morgen": ("day", 1), "overmorgen": ("day", 2)},
    fixed={
        "nu": ("PRESENT_REF", "DATE"), "momenteel": ("PRESENT_REF", "DATE"),
        "tegenwoordig": ("PRESENT_REF", "DATE"), "onlangs": ("PAST_REF", "DATE"),
        "recent": ("PAST_REF", "DATE"), "recente": ("PAST_REF", "DATE"),
        "binnenkort": ("FUTURE_REF", "DATE"), "dagelijks": ("P1D", "SET"),
        "dagelijkse": ("P1D", "SET"), "wekelijks": ("P1W", "SET"), "wekelijkse": ("P1W", "SET"),
        "maandelijks": ("P1M", "SET"), "maandelijkse": ("P1M", "SET"),
        "jaarlijks": ("P1Y", "SET"), "jaarlijkse": ("P1Y", "SET"),
    },
    holidays={"kerstmis": (12, 25), "eerste kerstdag": (12, 25), "tweede kerstdag": (12, 26),
              "kerstavond": (12, 24), "nieuwjaarsdag": (1, 1), "oudejaarsavond": (12, 31),
              "koningsdag": (4, 27)},
    easter={"eerste paasdag": 0, "paaszondag": 0, "tweede paasdag": 1, "paasmaandag": 1,
            "goede vrijdag": -2, "hemelvaartsdag": 39},
    seasons={"lente": "SP", "voorjaar": "SP", "zomer": "SU", "herfst": "FA", "najaar": "FA",
             "winter": "WI"},
    parts_of_day={"ochtend": "TMO", "ochtends": "TMO", "middag": "TAF", "middags": "TAF",
                  "avond": "TEV", "avonds": "TEV", "nacht": "TNI", "nachts": "TNI"},
    last=("vorige", "vorig", "afgelopen", "laatste"),
    next_=("volgende", "volgend", "komende", "komend"),
    this=("deze", "dit"),
    between=(("van|vanaf", "tot(?: en met)?|t/m|[–—-]"), ("tussen", "en")),
    until="[–—-]|tot(?: en met)?|t/m",
    joins="|,|,? om|,? rond|,? van",
    in_part=" 's | in de ",
    of="(?:van|op)|,",
    amount_qualifiers="ongeveer|bijna|ruim|meer dan|minder dan|minstens|circa|zo'n|slechts|tot",
    date_qualifiers="rond|omstreeks|circa|begin|midden|medio|eind",
    articles="de|het",
    past=(
        r"was|waren|werd|werden|had|hadden|heeft|hebben|is|kwam|ging|won|begon"
        r"|\w{3,}(?:de|den|te|ten)|ge\w+[dt]"
    ),
    future="zal|zullen|gaat|gaan|moet|moeten|wordt|worden",
    patterns={
        "date": ("(?:<w>,? )?<d> <m>(?: <y>)?",),
        "month": ("<m> <y>",),
        "bare_month": ("<m>",),
        "year": (
            f"(?P<y>19[0-9]{{2}}|20[0-4][0-9]){_YEAR_END}",
            f"(?:(?<=in )|(?<=sinds )|(?<=jaar )|(?<=rond ))(?P<y>1[0-9]{{3}}){_YEAR_END}",
            f"(?P<short>[0-9]{{1,4}}) {_ERA}",
        ),
        "decade": ("jaren '?(?P<tens>[1-9]0)", "jaren (?P<decade>[12][0-9]{2}0)"),
        "century": (f"<o> eeuw(?: {_ERA})?",),
        "quarter": ("(?P<word>eerste|tweede|derde|vierde) kwartaal(?: van)?(?: <y>)?",),
        "half": ("(?P<word>eerste|tweede) helft van <y>",),
        "season": (
            "<s>(?: van)? <y>(?:[/–-](?:[0-9]{4}|[0-9]{2}))?",
            "(?P<direction>vorige|afgelopen|volgende|komende|deze) <s>",
        ),
        "week": ("week (?P<week>[0-9]{1,2})(?:(?: van)? <y>)?",),
        "directed": ("(?P<direction>vorige|afgelopen|volgende|komende|deze) (?:<w>|<m>)",),
        "directed_unit": (
            "(?P<direction>vorige?|afgelopen|volgende?|komende?|deze|dit) "
            "(?P<u>week|maand|jaar|kwartaal|weekend|eeuw)",
        ),
        "night": ("(?P<last>afgelopen nacht|gisternacht)", "vanavond|vannacht"),
        "weekday": ("<w>",),
        "ago": ("(?:ongeveer |bijna |ruim )?<n> <u> geleden",),
        "later": ("<n> <u> later",),
        "earlier": ("<n> <u> (?:eerder|daarvoor)",),
        "in_future": ("over (?:ongeveer )?<n> <u>",),
        "that": ("(?:diezelfde|dezelfde|hetzelfde|die|dat) (?P<u>dag|maand|jaar)",),
        "directed_length": ("(?:afgelopen|laatste|komende|volgende) <n> <u>",),
        "clock": (
            f"(?P<hour>{_HOUR})[:.](?P<minute>[0-5][0-9])(?: uur)?(?: \\(?(?P<zone><tz>)\\)?)?",
            f"(?<=om )(?P<hour_word>{_HOUR}|{_COUNT}) uur",
            f"(?P<half_to>half) (?P<hour_word>{_COUNT})",
            f"(?P<quarter_past>kwart over) (?P<hour_word>{_COUNT})",
            f"(?P<quarter_to>kwart voor) (?P<hour_word>{_COUNT})",
            "(?P<midnight>middernacht)",
        ),
        "vague_length": (f"(?:[0-9]+|{_COUNT})(?:-| tot | of )(?:[0-9]+|{_COUNT}) <u>",
                         "(?P<u>decennia|eeuwen)"),
        "length": ("<n>[ -]<u>(?! oud\\b)",),
        "mixed_length": ("<n> <u> en (?P<n2>[0-9]+|\\w+) (?P<u2>minuten|uur|dagen|maanden)",),
        "rate": (f"(?:{_COUNT}|[0-9]+) ?(?:keer|maal) per (?P<u>dag|week|maand|jaar)",
                 "(?:per|elke|elk|iedere|ieder) (?P<u>dag|week|maand|jaar)"),
        "every": ("(?:elke|iedere|om de) <n> <u>",),
        "every_weekday": ("(?:elke|iedere) <w>",),
        "every_part": ("(?:elke|iedere) <p>",),
        "part": ("<p>",),
        "day_range": (
            "(?:van |tussen )?(?P<d1>[0-3]?[0-9])(?: tot(?: en met)? | t/m | en | ?[–—-] ?)<d> <m>"
            "(?: <y>)?",
        ),
        "year_range": (
            "(?P<y1>[12][0-9]{3}) ?[–—/-] ?(?P<y2>[12][0-9]{3}|[0-9]{2})",
            "van (?P<y1>[12][0-9]{3}) tot(?: en met)? (?P<y2>[12][0-9]{3})",
            "tussen (?P<y1>[12][0-9]{3}) en (?P<y2>[12][0-9]{3})",
        ),
    },
)  # fmt: skip
