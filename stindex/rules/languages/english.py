"""English words and patterns of time expressions."""

from stindex.rules.language import Language

_MEASURES = (
    "people|persons?|men|women|children|km|kilomet(?:er|re)s?|met(?:er|re)s?|miles?|feet|tonnes?|tons?"
    "|kg|dollars?|euros?|pounds?|yen|jobs?|units?|employees|workers|soldiers|troops|aircraft|cases?"
    "|deaths?|homes?|houses|visitors|copies|words|pages|volts|watts|calories|residents|inhabitants"
    "|points|seats|shares|votes|books|trees|passengers|patients|students|members|acres|hectares|litres?|liters?|degrees"
)
# A year between these is one wherever it stands; others need a word before them.
_RECENT = r"(?P<y>19[0-9]{2}|20[0-4][0-9])"
_ERA = r"(?P<era>BCE?|B\.C\.(?:E\.)?)"

_LED_TO = (
    "(?:"
    + "|".join(
        f"(?<={word} )"
        for word in (
            "in",
            "since",
            "until",
            "year",
            "of",
            "by",
            "from",
            "before",
            "after",
            "around",
        )
    )
    + r"|(?<=\())"
)
# March, May and August are words of their own.
_MONTH_LED_TO = "|".join(
    f"(?<={word}[ -])"
    for word in ("in", "since", "until", "of", "by", "from", "before", "after", "during", "early",
                 "mid", "late", "to", "and", "through", "between", "for", "till")
)  # fmt: skip
_SMALL = "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_TO = "(?: ?[–—-] ?| to | until | till | through )"
_ZONED = "(?: ?\\(?(?P<zone><tz>)\\)?)?"

ENGLISH = Language(
    code="en",
    function_words=frozenset(
        "the a of and to in is was for that with on at are by from has have were it be he she they"
        " will".split()
    ),
    months={
        "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7,
        "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
    },
    month_abbreviations={
        "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9,
        "oct": 10, "nov": 11, "dec": 12,
    },
    weekdays={
        "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
        "sunday": 7,
    },
    weekday_abbreviations={
        "mon": 1, "tue": 2, "tues": 2, "wed": 3, "thu": 4, "thur": 4, "thurs": 4, "fri": 5,
        "sat": 6, "sun": 7,
    },
    capitalised=True,
    units={
        "second": "second", "seconds": "second", "minute": "minute", "minutes": "minute",
        "min": "minute", "mins": "minute", "hour": "hour", "hours": "hour", "hrs": "hour",
        "day": "day", "days": "day", "night": "day", "nights": "day", "week": "week",
        "weeks": "week", "fortnight": "fortnight", "fortnights": "fortnight", "month": "month",
        "months": "month", "quarter": "quarter", "quarters": "quarter", "year": "year",
        "years": "year", "decade": "decade", "decades": "decade", "century": "century",
        "centuries": "century", "millennium": "millennium", "millennia": "millennium",
        "weekend": "weekend", "weekends": "weekend",
    },
    numbers={
        "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
        "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
        "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
        "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
        "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
        "a hundred": 100, "one hundred": 100,
        "a thousand": 1000, "one thousand": 1000,
        "a dozen": 12, "a couple of": 2, "half a": 0.5, "half an": 0.5, "one and a half": 1.5,
        "two and a half": 2.5, "three and a half": 3.5, "four and a half": 4.5,
        "several": None, "a few": None, "few": None, "some": None, "many": None,
    },
    ordinals={
        "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
        "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13,
        "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18,
        "nineteenth": 19, "twentieth": 20, "twenty-first": 21,
    },
    ordinal_suffix="(?:st|nd|rd|th)?",
    words={
        "today": ("day", 0), "yesterday": ("day", -1), "tomorrow": ("day", 1),
        "the day before yesterday": ("day", -2), "the day after tomorrow": ("day", 2),
    },
    fixed={
        "now": ("PRESENT_REF", "DATE"), "currently": ("PRESENT_REF", "DATE"),
        "at present": ("PRESENT_REF", "DATE"), "nowadays": ("PRESENT_REF", "DATE"),
        "these days": ("PRESENT_REF", "DATE"), "at the moment": ("PRESENT_REF", "DATE"),
        "current": ("PRESENT_REF", "DATE"), "recently": ("PAST_REF", "DATE"),
        "recent": ("PAST_REF", "DATE"), "lately": ("PAST_REF", "DATE"),
        "long ago": ("PAST_REF", "DATE"), "soon": ("FUTURE_REF", "DATE"),
        "near future": ("FUTURE_REF", "DATE"),
        "daily": ("P1D", "SET"), "weekly": ("P1W", "SET"), "monthly": ("P1M", "SET"),
        "quarterly": ("P3M", "SET"), "yearly": ("P1Y", "SET"), "annual": ("P1Y", "SET"),
        "annually": ("P1Y", "SET"), "hourly": ("PT1H", "SET"), "fortnightly": ("P2W", "SET"),
        "nightly": ("XXXX-XX-XXTNI", "SET"), "biennial": ("P2Y", "SET"),
        "every other day": ("P2D", "SET"), "every other week": ("P2W", "SET"),
        "every other month": ("P2M", "SET"), "every other year": ("P2Y", "SET"),
        "on weekends": ("XXXX-WXX-WE", "SET"), "at weekends": ("XXXX-WXX-WE", "SET"),
        "every weekend": ("XXXX-WXX-WE", "SET"), "each weekend": ("XXXX-WXX-WE", "SET"),
    },
    holidays={
        "christmas day": (12, 25), "christmas eve": (12, 24), "boxing day": (12, 26),
        "christmas": (12, 25), "new year's day": (1, 1), "new year's eve": (12, 31),
        "halloween": (10, 31), "valentine's day": (2, 14), "epiphany": (1, 6),
        "independence day": (7, 4), "bastille day": (7, 14), "all saints' day": (11, 1),
    },
    easter={
        "easter sunday": 0, "easter monday": 1, "good friday": -2, "maundy thursday": -3,
        "ash wednesday": -46, "palm sunday": -7, "whit monday": 50,
    },
    seasons={"spring": "SP", "summer": "SU", "autumn": "FA", "fall": "FA", "winter": "WI"},
    parts_of_day={"morning": "TMO", "afternoon": "TAF", "evening": "TEV", "night": "TNI"},
    last=("last",),
    next_=("next",),
    this=("this",),
    between=(("from", r"to|until|till|through|[–—-]"), ("between", "and")),
    until=r"[–—-]|to|until|till|through",
    joins=r"|,|,? at|,? from|,? between|,? in the|,? at about|,? at around",
    in_part=" in the | at ",
    of="(?:of|on)(?: the)?|,",
    amount_qualifiers=(
        "about|around|approximately|nearly|almost|over|more than|less than|fewer than|at least"
        "|at most|up to|some|roughly|just over|just under|just|only|exactly"
    ),
    date_qualifiers=(
        "about|around|approximately|circa|c\\.|ca\\.|roughly|early in|late in|early|mid|late|later"
        "|(?:very )?(?:beginning|start|end|middle) of"
    ),
    amount_before=(
        f"(?:[0-9][0-9.,]*|{_SMALL}|hundreds?|thousands?|[mb]illions?|several|many|times)"
        "(?: (?!in|for|within|after|about|of|over|every|on|at|and|a|the|to|with)[a-z$€£%-]+){0,3}"
    ),
    articles="the",
    past=(
        r"was|were|had|did|said|told|went|came|took|made|became|began|fell|rose|won|lost|left|met"
        r"|held|built|[a-z]{2,}ed|has|have"
    ),
    future=(
        "(?:will|shall|won't|is to|are to|to be|going to|scheduled|due|expects?|plans?|set to"
        "|upcoming|must|should)(?: [a-z]+){0,2}"
    ),
    month_first=True,
    patterns={
        "date": (
            "(?:<w>\\.?,? (?:the )?)?<d>(?: day)?(?: of)? <m>\\.?(?:,? <y>)?",
            "(?:<w>\\.?,? )?<m>\\.? (?:the )?<d>(?:,? <y>)?",
            "<d>-<m>-<y>",
        ),
        "month": ("<m>\\.?(?: of)?,? <y>",),
        "bare_month": (
            "(?P<m>(?-i:January|February|April|June|July|September|October|November|December))",
            f"(?:{_MONTH_LED_TO})(?P<m>(?-i:March|May|August))",
        ),
        "year": (
            rf"{_RECENT}(?!%|,[0-9]| ?(?:{_MEASURES})\b)",
            rf"{_LED_TO}(?P<y>1[0-9]{{3}}|20[0-9]{{2}})(?!%|,[0-9]| (?:{_MEASURES})\b)",
            "AD (?P<short>[0-9]{1,4})",
            "(?P<short>[0-9]{1,4}) (?:AD|CE|A\\.D\\.)",
            f"(?P<short>[0-9]{{1,5}}) {_ERA}",
        ),
        "decade": ("(?P<decade>[12][0-9]{2}0)'?s", "'(?P<tens>[1-9]0)s"),
        "century": (f"<o>[ -](?:century|centuries)(?: {_ERA})?",),
        "quarter": (
            "Q(?P<quarter>[1-4])(?:[ /-]<y>)?",
            "<y>[ -]?Q(?P<quarter>[1-4])",
            "(?P<word>first|second|third|fourth|[1-4](?:st|nd|rd|th)) quarter(?: (?:of )?<y>)?",
        ),
        "half": ("(?P<word>first|second) half of <y>", "H(?P<half>[12])[ -]<y>"),
        "season": (
            "<s>(?: of)? <y>(?:[/–-](?:[0-9]{4}|[0-9]{2}))?",
            "(?P<direction>last|next|this) <s>",
            "(?:(?<=the )|(?<=in )|(?<=since ))(?P<s>spring|summer|autumn|winter)",
        ),
        "week": ("week (?P<week>[0-9]{1,2})(?:(?:,| of)? <y>)?",),
        "directed": ("(?P<direction>last|next|this) <w>", "(?P<direction>last|next|this) <m>"),
        "directed_unit": (
            "(?:(?:later|earlier) )?(?P<direction>last|next|this) "
            "(?P<u>weekend|week|month|quarter|year|decade|century)",
            "(?:beginning|start|end|middle|course) of the (?P<u>week|month|year|decade|century)",
        ),
        "night": ("(?P<last>last night)", "tonight"),
        "this_part": ("this <p>",),
        "weekday": ("<w>",),
        "ago": ("<n>[ -]<u> ago",),
        "later": ("<n> <u> later",),
        "earlier": ("<n> <u> earlier",),
        "from_now": ("<n> <u> from (?:now|today)",),
        "in_future": ("in (?:about )?<n> <u>(?:'s? time)?",),
        "that": ("(?:that|same) (?P<u>day|week|month|year)",),
        "following": ("following (?P<u>day|week|month|year)", "(?<=the )next (?P<u>day)"),
        "previous": ("(?:previous|preceding) (?P<u>day|week|month|year)",),
        "directed_length": (
            "(?:last|past|next|coming|previous|following) <n> <u>",
            "past (?P<u>decade|century|year|week|month)",
        ),
        "vague_length": (
            "[0-9]+(?:[–-]| to | or )[0-9]+[ -]<u>",
            f"{_SMALL} (?:to|or) {_SMALL} <u>",
            "(?P<u>decades|centuries)",
            "(?<=for )(?P<u>days|weeks|months|years|hours)",
        ),
        "length": (r"<n>[ -]<u>(?![ -]olds?\b| of age\b)(?<! second)",),
        "mixed_length": (
            "<n> <u>(?:,| and|, and)? (?P<n2>[0-9]+|[a-z]+) "
            "(?P<u2>minutes?|hours?|days?|weeks?|months?|seconds?)",
        ),
        "rate": (
            f"(?:once|twice|(?:[0-9]+|{_SMALL}|several|many) times) (?:a|per|each|every) "
            "(?P<u>day|week|month|year|hour)",
            "(?:per|each|every) (?P<u>day|week|month|year)",
        ),
        "every": ("(?:every|each) <n> <u>", "every <o> (?P<u>day|week|month|year)"),
        "every_weekday": (
            "(?:every|each) <w>",
            "(?P<w>(?-i:Mondays|Tuesdays|Wednesdays|Thursdays|Fridays|Saturdays|Sundays))",
        ),
        "every_date": (
            "(?:every|each) (?:<d> )?<m>",
            "(?:every|each) <m> <d>",
        ),
        "every_part": ("(?:every|each) <p>",),
        "every_season": ("(?:every|each) <s>",),
        "part": ("<p>",),
        "clock": (
            r"(?P<hour>[01]?[0-9])(?:[:.](?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?)? ?"
            rf"(?P<half>[ap]\.m\.|[ap]m){_ZONED}",
            r"(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?"
            rf"(?: ?h(?:rs|ours)?)?{_ZONED}",
            f"(?P<hour_word>1[0-2]|[1-9]|{_SMALL}) o'clock",
            f"(?P<half_past>half past) (?P<hour_word>1[0-2]|[1-9]|{_SMALL})",
            f"(?P<quarter_past>(?:a )?quarter past) (?P<hour_word>1[0-2]|[1-9]|{_SMALL})",
            f"(?P<quarter_to>(?:a )?quarter to) (?P<hour_word>1[0-2]|[1-9]|{_SMALL})",
            "(?P<noon>noon|midday)",
            "(?P<midnight>midnight)",
        ),
        "day_range": (
            rf"(?:from |between )?(?:the )?(?P<d1>[0-3]?[0-9])(?:st|nd|rd|th)?{_TO}<d>(?: of)? <m>"
            "(?:,? <y>)?",
            rf"(?:from |between )?<m> (?P<d1>[0-3]?[0-9])(?:st|nd|rd|th)?{_TO}<d>(?:,? <y>)?",
            r"between (?:the )?(?P<d1>[0-3]?[0-9])(?:st|nd|rd|th)? and <d>(?: of)? <m>(?:,? <y>)?",
        ),
        "year_range": (
            "(?P<y1>[12][0-9]{3}) ?[–—/-] ?(?P<y2>[12][0-9]{3}|[0-9]{2})",
            "(?P<y1>[12][0-9]{3})[–-](?P<y2>[12][0-9]{3})",
            "from (?P<y1>[12][0-9]{3}) (?:to|until|till|through) (?P<y2>[12][0-9]{3})",
            "between (?P<y1>[12][0-9]{3}) and (?P<y2>[12][0-9]{3})",
            f"(?:from |between )?(?P<y1>[0-9]{{1,4}})(?:{_TO}| and )(?P<y2>[0-9]{{1,4}}) {_ERA}",
        ),
        "clock_range": (
            rf"(?:from |between )?(?P<h1>1[0-2]|[1-9])(?:[:.](?P<m1>[0-5][0-9]))?(?:{_TO}| and )"
            rf"(?P<hour>1[0-2]|[1-9])(?:[:.](?P<minute>[0-5][0-9]))? ?(?P<half>[ap]\.m\.|[ap]m)",
        ),
    },
)  # fmt: skip
