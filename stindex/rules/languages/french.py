"""French words and patterns of time expressions."""

from stindex.rules.language import Language

_ERA = r"(?P<era>av(?:\.|ant) J\.-C\.)"
_COUNT = "(?:une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|douze)"
_HOUR = "[01]?[0-9]|2[0-4]"
_YEAR_END = "(?!%| (?:euros|personnes|mètres|kilomètres|habitants)\\b)"

FRENCH = Language(
    code="fr",
    function_words=frozenset(
        "le la les des du et est dans une un pour que qui sur avec au par pas ont été cette".split()
    ),
    months={
        "janvier": 1, "février": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7,
        "août": 8, "septembre": 9, "octobre": 10, "novembre": 11, "décembre": 12,
    },
    month_abbreviations={"janv.": 1, "févr.": 2, "avr.": 4, "juil.": 7, "sept.": 9, "oct.": 10,
                         "nov.": 11, "déc.": 12},
    weekdays={"lundi": 1, "mardi": 2, "mercredi": 3, "jeudi": 4, "vendredi": 5, "samedi": 6,
              "dimanche": 7},
    units={
        "seconde": "second", "secondes": "second", "minute": "minute", "minutes": "minute",
        "heure": "hour", "heures": "hour", "jour": "day", "jours": "day", "nuit": "day",
        "nuits": "day", "semaine": "week", "semaines": "week", "mois": "month", "an": "year",
        "ans": "year", "année": "year", "années": "year", "trimestre": "quarter",
        "trimestres": "quarter", "week-end": "weekend", "décennie": "decade",
        "décennies": "decade", "siècle": "century", "siècles": "century",
    },
    numbers={
        "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7,
        "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "quinze": 15, "vingt": 20,
        "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "cent": 100,
        "une demi": 0.5, "plusieurs": None, "quelques": None,
    },
    ordinals={"premier": 1, "première": 1, "deuxième": 2, "second": 2, "seconde": 2,
              "troisième": 3, "quatrième": 4, "xe": 10, "xve": 15, "xvie": 16, "xviie": 17,
              "xviiie": 18, "xixe": 19, "xxe": 20, "xxie": 21},
    ordinal_suffix="(?:er|e|ème)?",
    words={"aujourd'hui": ("day", 0), "hier": ("day", -1), "avant-hier": ("day", -2),
           "demain": ("day", 1), "après-demain": ("day", 2)},
    fixed={
        "maintenant": ("PRESENT_REF", "DATE"), "actuellement": ("PRESENT_REF", "DATE"),
        "de nos jours": ("PRESENT_REF", "DATE"), "en ce moment": ("PRESENT_REF", "DATE"),
        "récemment": ("PAST_REF", "DATE"), "bientôt": ("FUTURE_REF", "DATE"),
        "quotidien": ("P1D", "SET"), "quotidienne": ("P1D", "SET"),
        "quotidiennement": ("P1D", "SET"), "hebdomadaire": ("P1W", "SET"),
        "mensuel": ("P1M", "SET"), "mensuelle": ("P1M", "SET"), "annuel": ("P1Y", "SET"),
        "annuelle": ("P1Y", "SET"), "tous les jours": ("P1D", "SET"),
        "toutes les semaines": ("P1W", "SET"), "tous les mois": ("P1M", "SET"),
        "tous les ans": ("P1Y", "SET"), "tous les matins": ("XXXX-XX-XXTMO", "SET"),
    },
    holidays={"noël": (12, 25), "jour de l'an": (1, 1), "toussaint": (11, 1),
              "14 juillet": (7, 14), "saint-sylvestre": (12, 31)},
    easter={"dimanche de pâques": 0, "lundi de pâques": 1, "vendredi saint": -2},
    seasons={"printemps": "SP", "été": "SU", "automne": "FA", "hiver": "WI"},
    parts_of_day={"matin": "TMO", "après-midi": "TAF", "soir": "TEV", "soirée": "TEV",
                  "nuit": "TNI"},
    last=("dernier", "dernière", "passé", "passée"),
    next_=("prochain", "prochaine"),
    this=("ce", "cet", "cette"),
    between=(("du|de|d'|depuis le", "au|à|jusqu'au|[–—-]"), ("entre(?: le)?", "et(?: le)?")),
    until="[–—-]|au",
    joins="|,|,? à|,? vers|,? de",
    in_part=" du | de l'",
    of="(?:du|de la|le)|,",
    amount_qualifiers="environ|près de|plus de|moins de|presque|au moins|jusqu'à|à peine",
    date_qualifiers="vers|environ|début|mi-|fin|(?:la )?fin de|(?:le )?début de",
    articles="le|la|les",
    past=r"a|ont|avait|avaient|était|étaient|fut|furent|eut|est|sont|\w+(?:ait|aient|èrent)",
    future=r"va|vont|doit|doivent|sera|seront|aura|auront|\w{3,}(?:era|eront|ira|iront)",
    patterns={
        "date": ("(?:<w> (?:le )?)?<d> <m>(?: <y>)?",),
        "month": ("<m> <y>",),
        "bare_month": ("<m>",),
        "year": (
            f"(?P<y>19[0-9]{{2}}|20[0-4][0-9]){_YEAR_END}",
            "(?:(?<=en )|(?<=depuis )|(?<=vers )|(?<=année )|(?<=an ))"
            f"(?P<y>1[0-9]{{3}}){_YEAR_END}",
            f"(?P<short>[0-9]{{1,4}}) {_ERA}",
        ),
        "decade": ("années (?P<decade>[12][0-9]{2}0)", "années (?P<tens>[1-9]0)"),
        "century": (f"<o> siècle(?: {_ERA})?",),
        "quarter": (
            "T(?P<quarter>[1-4]) <y>",
            "(?P<word>premier|deuxième|troisième|quatrième|[1-4]e?r?) trimestre(?: (?:de )?<y>)?",
        ),
        "half": ("(?P<word>premier|second|deuxième) semestre(?: de)? <y>",),
        "season": (
            "<s>(?: de)? <y>(?:[/–-](?:[0-9]{4}|[0-9]{2}))?",
            "<s> (?P<direction>dernier|prochain)",
            "(?P<direction>cet|ce) <s>",
        ),
        "week": ("semaine (?P<week>[0-9]{1,2})(?:(?: de)? <y>)?",),
        "directed": ("(?:<w>|<m>) (?P<direction>dernier|prochain|passé)",
                     "(?P<direction>ce) (?:<w>|<m>)"),
        "directed_unit": (
            "(?P<u>semaine|mois|an|année|trimestre|week-end) "
            "(?P<direction>dernière?|passée?|prochaine?)",
            "(?P<direction>ce|cette) (?P<u>semaine|mois|année|trimestre|week-end)",
        ),
        "night": ("(?P<last>(?:la )?nuit dernière)", "cette nuit"),
        "this_part": ("(?:ce|cet|cette) <p>",),
        "weekday": ("<w>",),
        "ago": ("il y a (?:environ |près de |plus de )?<n> <u>",),
        "later": ("<n> <u> plus tard",),
        "earlier": ("<n> <u> (?:plus tôt|auparavant)",),
        "in_future": ("dans (?:environ )?<n> <u>",),
        "that": ("(?:même|ce) (?P<u>jour)(?:-là)?",),
        "following": ("(?P<u>jour|mois|semaine|année) suivante?",),
        "previous": ("(?P<u>jour|mois|semaine|année) précédente?",),
        "directed_length": (
            "<n> (?:dernier|prochain|dernière|prochaine)s? <u>",
            "<n> <u> (?:dernier|prochain|dernière|prochaine)s",
        ),
        "vague_length": (f"(?:[0-9]+|{_COUNT})(?:-| à | ou )(?:[0-9]+|{_COUNT}) <u>",
                         "plusieurs <u>", "(?P<u>décennies|siècles)"),
        "length": ("<n>[ -]<u>",),
        "mixed_length": ("<n> <u> et (?P<n2>[0-9]+|\\w+) (?P<u2>minutes|heures|jours|mois)",),
        "rate": (f"(?:{_COUNT}|[0-9]+) fois par (?P<u>jour|semaine|mois|an)",
                 "(?:par|chaque) (?P<u>jour|semaine|mois|an|année)"),
        "every": ("tou(?:s|tes) les <n> <u>",),
        "every_weekday": ("(?:chaque <w>)", "tous les (?P<w>lundis|mardis|mercredis|jeudis)",
                          "tous les (?P<w>vendredis|samedis|dimanches)"),
        "every_part": ("chaque <p>",),
        "part": ("<p>",),
        "clock": (
            f"(?P<hour>{_HOUR}) ?h(?:eures?)? ?(?P<minute>[0-5][0-9])?",
            f"(?P<hour>{_HOUR}):(?P<minute>[0-5][0-9])(?: ?h)?(?: \\(?(?P<zone><tz>)\\)?)?",
            f"(?P<hour>{_HOUR}) (?:h|heures?)",
            "(?<!après-)(?P<noon>midi)",
            "(?P<midnight>minuit)",
        ),
        "day_range": (
            "(?:du )?(?P<d1>[0-3]?[0-9])(?:er)?(?: au | ?[–—-] ?)<d> <m>(?: <y>)?",
            "entre le (?P<d1>[0-3]?[0-9])(?:er)? et le <d> <m>(?: <y>)?",
        ),
        "year_range": (
            "(?P<y1>[12][0-9]{3}) ?[–—/-] ?(?P<y2>[12][0-9]{3}|[0-9]{2})",
            "de (?P<y1>[12][0-9]{3}) à (?P<y2>[12][0-9]{3})",
            "entre (?P<y1>[12][0-9]{3}) et (?P<y2>[12][0-9]{3})",
        ),
        "clock_range": (
            f"(?:de |entre )?(?P<h1>{_HOUR}) ?h ?(?P<m1>[0-5][0-9])?(?: à | et | ?[–-] ?)"
            f"(?P<hour>{_HOUR}) ?h ?(?P<minute>[0-5][0-9])?",
        ),
    },
)  # fmt: skip
