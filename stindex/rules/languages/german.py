"""German words and patterns of time expressions."""

from stindex.rules.language import Language

_BEFORE_CHRIST = r"(?P<era>v\. ?Chr\.|v\. ?u\. ?Z\.)"
_TO = "(?: ?[–—-] ?| bis (?:zum )?)"
_COUNT = "(?:ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf)"
_FIRST_TO_FOURTH = "(?:erste|zweite|dritte|vierte)[ns]?"
_DIRECTION = "(?:letzte|vergangene|vorige|nächste|kommende|diese)[nrsm]?"
_HOUR = "[01]?[0-9]|2[0-4]"
_ZONED = "(?: \\(?(?P<zone><tz>)\\)?)?"

GERMAN = Language(
    code="de",
    function_words=frozenset(
        "der die das und ist nicht ein eine mit den von zu im für auf dem des sich auch wird wurde "
        "am bei nach war".split()
    ),
    months={
        "januar": 1, "jänner": 1, "februar": 2, "märz": 3, "april": 4, "mai": 5, "juni": 6,
        "juli": 7, "august": 8, "september": 9, "oktober": 10, "november": 11, "dezember": 12,
    },
    month_abbreviations={
        "jan": 1, "feb": 2, "mär": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9,
        "okt": 10, "nov": 11, "dez": 12,
    },
    weekdays={
        "montag": 1, "dienstag": 2, "mittwoch": 3, "donnerstag": 4, "freitag": 5, "samstag": 6,
        "sonnabend": 6, "sonntag": 7,
    },
    capitalised=True,
    units={
        "sekunde": "second", "sekunden": "second", "minute": "minute", "minuten": "minute",
        "stunde": "hour", "stunden": "hour", "tag": "day", "tage": "day", "tagen": "day",
        "nacht": "day", "nächte": "day", "woche": "week", "wochen": "week", "monat": "month",
        "monate": "month", "monaten": "month", "quartal": "quarter", "quartale": "quarter",
        "jahr": "year", "jahre": "year", "jahren": "year", "jahres": "year",
        "wochenende": "weekend", "jahrzehnt": "decade", "jahrzehnte": "decade",
        "jahrzehnten": "decade", "jahrhundert": "century", "jahrhunderte": "century",
    },
    numbers={
        "ein": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4,
        "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11,
        "zwölf": 12, "fünfzehn": 15, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50,
        "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100,
        "anderthalb": 1.5, "eineinhalb": 1.5, "zweieinhalb": 2.5, "eine halbe": 0.5,
        "ein halbes": 0.5, "einem halben": 0.5, "einer halben": 0.5, "mehrere": None,
        "mehreren": None, "einige": None, "einigen": None, "wenige": None, "wenigen": None,
    },
    ordinals={"erste": 1, "ersten": 1, "zweite": 2, "zweiten": 2, "dritte": 3, "dritten": 3,
              "vierte": 4, "vierten": 4, "erstes": 1, "zweites": 2, "drittes": 3, "viertes": 4},
    ordinal_suffix=r"\.",
    words={
        "heute": ("day", 0), "gestern": ("day", -1), "vorgestern": ("day", -2),
        "übermorgen": ("day", 2), "morgen": ("day", 1),
    },
    fixed={
        "jetzt": ("PRESENT_REF", "DATE"), "derzeit": ("PRESENT_REF", "DATE"),
        "zurzeit": ("PRESENT_REF", "DATE"), "heutzutage": ("PRESENT_REF", "DATE"),
        "aktuell": ("PRESENT_REF", "DATE"), "momentan": ("PRESENT_REF", "DATE"),
        "kürzlich": ("PAST_REF", "DATE"), "neulich": ("PAST_REF", "DATE"),
        "bald": ("FUTURE_REF", "DATE"), "demnächst": ("FUTURE_REF", "DATE"),
        "täglich": ("P1D", "SET"), "tägliche": ("P1D", "SET"), "täglichen": ("P1D", "SET"),
        "wöchentlich": ("P1W", "SET"), "wöchentliche": ("P1W", "SET"), "monatlich": ("P1M", "SET"),
        "monatliche": ("P1M", "SET"), "jährlich": ("P1Y", "SET"), "jährliche": ("P1Y", "SET"),
        "jährlichen": ("P1Y", "SET"), "stündlich": ("PT1H", "SET"),
        "montags": ("XXXX-WXX-1", "SET"), "dienstags": ("XXXX-WXX-2", "SET"),
        "mittwochs": ("XXXX-WXX-3", "SET"), "donnerstags": ("XXXX-WXX-4", "SET"),
        "freitags": ("XXXX-WXX-5", "SET"), "samstags": ("XXXX-WXX-6", "SET"),
        "sonntags": ("XXXX-WXX-7", "SET"), "jeden zweiten tag": ("P2D", "SET"),
    },
    holidays={
        "heiligabend": (12, 24), "weihnachten": (12, 25), "silvester": (12, 31), "neujahr": (1, 1),
        "nikolaus": (12, 6), "tag der deutschen einheit": (10, 3), "allerheiligen": (11, 1),
    },
    easter={"ostersonntag": 0, "ostermontag": 1, "karfreitag": -2, "aschermittwoch": -46,
            "pfingstsonntag": 49, "pfingstmontag": 50, "christi himmelfahrt": 39},
    seasons={"frühling": "SP", "frühjahr": "SP", "sommer": "SU", "herbst": "FA", "winter": "WI"},
    parts_of_day={"morgen": "TMO", "vormittag": "TMO", "nachmittag": "TAF", "abend": "TEV",
                  "nacht": "TNI", "früh": "TMO"},
    last=("letzten", "letzte", "letztes", "letzter", "vergangenen", "vergangene", "vergangenes",
          "vorigen", "vorige", "voriges"),
    next_=("nächsten", "nächste", "nächstes", "nächster", "kommenden", "kommende", "kommendes"),
    this=("diesen", "diese", "dieses", "dieser", "diesem"),
    between=(("vom|von", "bis(?: zum)?|[–—-]"), ("zwischen", "und")),
    until="[–—-]|bis(?: zum)?",
    joins="|,|,? um|,? gegen|,? von|,? ab",
    in_part=" am | in der ",
    of="(?:des|am|vom)|,",
    amount_qualifiers=(
        "etwa|rund|ungefähr|fast|knapp|über|mehr als|mindestens|höchstens|bis zu|gut|nur|circa"
        "|ca\\."
    ),
    date_qualifiers="etwa|um|circa|ca\\.|Anfang|Mitte|Ende",
    articles="der|die|das|dem|den|des",
    past=(
        r"war|waren|wurde|wurden|hatte|hatten|ist|hat|haben|kam|kamen|ging|fand|begann|starb|gab"
        r"|nahm|fiel|stieg|\w{3,}te|\w{3,}ten|ge\w+[tn]"
    ),
    future="(?:wird|werden|will|wollen|soll|sollen|plant|planen)",
    patterns={
        "date": ("(?:<w>,? (?:(?:der|den|dem) )?)?<d> ?<m>\\.?(?: <y>)?",),
        "month": ("<m>\\.? <y>",),
        "bare_month": ("<m>",),
        "year": (
            "(?P<y>19[0-9]{2}|20[0-4][0-9])(?!%| (?:Euro|Menschen|Meter|Kilometer|Personen)\\b)",
            "(?:(?<=Jahr )|(?<=Jahre )|(?<=seit )|(?<=ab )|(?<=um )|(?<=bis ))(?P<y>1[0-9]{3})",
            f"(?P<short>[0-9]{{1,4}}) {_BEFORE_CHRIST}",
            "(?P<short>[0-9]{1,4}) n\\. ?Chr\\.",
        ),
        "decade": ("(?P<decade>[12][0-9]{2}0)er(?:[ -]Jahren?)?",),
        "century": (
            f"<o> Jahrhunderts?(?: {_BEFORE_CHRIST})?",
            f"<o> Jh\\.(?: {_BEFORE_CHRIST})?",
        ),
        "quarter": (
            "Q(?P<quarter>[1-4])(?:[ /]<y>)?",
            f"(?P<word>[1-4]\\.|{_FIRST_TO_FOURTH}) Quartals?(?: (?:des Jahres )?<y>)?",
        ),
        "half": (f"(?P<word>{_FIRST_TO_FOURTH}) (?:Halbjahr|Hälfte)(?: des Jahres)? <y>",),
        "season": (
            "<s> <y>(?:/(?:[0-9]{4}|[0-9]{2}))?",
            "(?P<direction>letzten|vergangenen|nächsten|kommenden|diesen|diesem) <s>",
            "(?<=im )<s>",
        ),
        "week": ("(?:KW|Kalenderwoche) ?(?P<week>[0-9]{1,2})(?:[ /]<y>)?",),
        "directed": (f"(?P<direction>{_DIRECTION}) (?:<w>|<m>)",),
        "directed_unit": (
            f"(?P<direction>{_DIRECTION}) (?P<u>Woche|Monat|Jahre?s?|Quartal|Wochenende)",
        ),
        "night": ("(?P<last>letzte Nacht|gestern Nacht)", "heute Nacht"),
        "weekday": ("<w>",),
        "ago": ("vor (?:etwa |rund |fast |knapp |über )?<n> <u>",),
        "later": ("<n> <u> später",),
        "earlier": ("<n> <u> (?:zuvor|davor|früher)",),
        "in_future": ("in (?:etwa |rund )?<n> <u>",),
        "that": ("(?:jenem|demselben|selben|gleichen) (?P<u>Tag|Jahr|Monat)",),
        "following": ("(?:darauf)?folgenden (?P<u>Tag|Jahr|Woche|Monat)",),
        "directed_length": ("(?:letzten|vergangenen|nächsten|kommenden|folgenden) <n> <u>",),
        "vague_length": (
            f"(?:[0-9]+|{_COUNT})(?:[–-]| bis | oder )(?:[0-9]+|{_COUNT})[ -]<u>",
            "(?P<u>Jahrzehnte|Jahrhunderte)",
        ),
        "length": ("<n>[ -]?<u>(?! alt\\b)",),
        "mixed_length": (
            "<n> <u> und (?P<n2>[0-9]+|\\w+) (?P<u2>Minuten|Stunden|Tage|Wochen|Monate)",
        ),
        "rate": (
            f"(?:{_COUNT}|[0-9]+) ?mal (?:am|pro|im|in der|die) (?P<u>Tag|Woche|Monat|Jahr)",
            "pro (?P<u>Tag|Woche|Monat|Jahr)",
            "jede[nrs]? (?P<u>Tag|Woche|Monat|Jahr)",
        ),
        "every": ("alle <n> <u>",),
        "every_weekday": ("jeden <w>",),
        "every_part": ("jede[n]? <p>",),
        "every_date": ("jeden (?:<d> )?<m>",),
        "part": (
            "(?P<p>Vormittag|Nachmittag|Abend|Nacht|früh)",
            "(?:(?<=am )|(?<=gestern )|(?<=heute )|(?<=tag )|(?<=woch ))(?P<p>Morgen)",
        ),
        "clock": (
            f"(?P<hour>{_HOUR})(?:[:.](?P<minute>[0-5][0-9]))? Uhr{_ZONED}",
            f"(?P<hour>{_HOUR}) Uhr (?P<minute>[0-5][0-9])",
            f"(?P<hour>{_HOUR}):(?P<minute>[0-5][0-9])(?: ?h)?{_ZONED}",
            f"(?P<half_to>halb) (?P<hour_word>{_COUNT})",
            f"(?P<quarter_past>Viertel nach) (?P<hour_word>{_COUNT})",
            f"(?P<quarter_to>Viertel vor) (?P<hour_word>{_COUNT})",
            "(?P<noon>(?-i:Mittag))",
            "(?P<midnight>(?-i:Mitternacht))",
        ),
        "day_range": (
            f"(?:vom |zwischen dem )?(?P<d1>[0-3]?[0-9])\\.(?:{_TO}|/| und (?:dem )?)<d> ?<m>"
            "(?: <y>)?",
        ),
        "year_range": (
            "(?P<y1>[12][0-9]{3}) ?[–—/-] ?(?P<y2>[12][0-9]{3}|[0-9]{2})",
            "(?:von )?(?P<y1>[12][0-9]{3}) bis (?P<y2>[12][0-9]{3})",
            "zwischen (?P<y1>[12][0-9]{3}) und (?P<y2>[12][0-9]{3})",
        ),
        "clock_range": (
            f"(?:von |zwischen )?(?P<h1>{_HOUR})(?:[:.](?P<m1>[0-5][0-9]))?(?: Uhr)?(?:{_TO}| und )"
            f"(?P<hour>{_HOUR})(?:[:.](?P<minute>[0-5][0-9]))? Uhr",
        ),
    },
)  # fmt: skip
