"""Italian words and patterns of time expressions."""

from stindex.rules.language import Language

_ERA = r"(?P<era>a\. ?C\.)"
_COUNT = "(?:una?|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|dodici)"
_HOUR = "[01]?[0-9]|2[0-4]"
_YEAR_END = "(?!%| (?:euro|persone|metri|chilometri|abitanti)\\b)"

ITALIAN = Language(
    code="it",
    function_words=frozenset(
        "il lo la gli le di del della e in che un una per con è si nel alla dal sono ha".split()
    ),
    months={
        "gennaio": 1, "febbraio": 2, "marzo": 3, "aprile": 4, "maggio": 5, "giugno": 6,
        "luglio": 7, "agosto": 8, "settembre": 9, "ottobre": 10, "novembre": 11, "dicembre": 12,
    },
    weekdays={"lunedì": 1, "martedì": 2, "mercoledì": 3, "giovedì": 4, "venerdì": 5, "sabato": 6,
              "domenica": 7},
    units={
        "secondo": "second", "secondi": "second", "minuto": "minute", "minuti": "minute",
        "ora": "hour", "ore": "hour", "giorno": "day", "giorni": "day", "notte": "day",
        "notti": "day", "settimana": "week", "settimane": "week", "mese": "month",
        "mesi": "month", "anno": "year", "anni": "year", "trimestre": "quarter",
        "trimestri": "quarter", "fine settimana": "weekend", "weekend": "weekend",
        "decennio": "decade", "decenni": "decade", "secolo": "century", "secoli": "century",
    },
    numbers={
        "un": 1, "una": 1, "uno": 1, "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "sei": 6,
        "sette": 7, "otto": 8, "nove": 9, "dieci": 10, "undici": 11, "dodici": 12,
        "quindici": 15, "venti": 20, "trenta": 30, "quaranta": 40, "cinquanta": 50,
        "sessanta": 60, "cento": 100, "mezza": 0.5, "mezzo": 0.5, "diversi": None,
        "diverse": None, "alcuni": None, "alcune": None, "qualche": None, "pochi": None,
        "poche": None,
    },
    ordinals={"primo": 1, "prima": 1, "secondo": 2, "terzo": 3, "quarto": 4, "x": 10, "xv": 15,
              "xvi": 16, "xvii": 17, "xviii": 18, "xix": 19, "xx": 20, "xxi": 21, "v": 5,
              "quinto": 5, "diciannovesimo": 19, "ventesimo": 20},
    ordinal_suffix="[º°]?",
    words={"oggi": ("day", 0), "ieri": ("day", -1), "l'altro ieri": ("day", -2),
           "domani": ("day", 1), "dopodomani": ("day", 2)},
    fixed={
        "adesso": ("PRESENT_REF", "DATE"), "ora": ("PRESENT_REF", "DATE"),
        "attualmente": ("PRESENT_REF", "DATE"), "al momento": ("PRESENT_REF", "DATE"),
        "recentemente": ("PAST_REF", "DATE"), "di recente": ("PAST_REF", "DATE"),
        "presto": ("FUTURE_REF", "DATE"), "quotidiano": ("P1D", "SET"),
        "quotidiana": ("P1D", "SET"), "quotidianamente": ("P1D", "SET"),
        "settimanale": ("P1W", "SET"), "mensile": ("P1M", "SET"), "annuale": ("P1Y", "SET"),
        "tutti i giorni": ("P1D", "SET"), "tutte le settimane": ("P1W", "SET"),
        "tutti gli anni": ("P1Y", "SET"),
    },
    holidays={"natale": (12, 25), "capodanno": (1, 1), "ferragosto": (8, 15),
              "vigilia di natale": (12, 24), "epifania": (1, 6), "santo stefano": (12, 26)},
    easter={"domenica di pasqua": 0, "lunedì di pasqua": 1, "pasquetta": 1, "venerdì santo": -2},
    seasons={"primavera": "SP", "estate": "SU", "autunno": "FA", "inverno": "WI"},
    parts_of_day={"mattina": "TMO", "mattino": "TMO", "pomeriggio": "TAF", "sera": "TEV",
                  "notte": "TNI"},
    last=("scorso", "scorsa", "passato", "passata"),
    next_=("prossimo", "prossima"),
    this=("questo", "questa", "quest'"),
    between=(
        ("dal|da|dall'|dalle", "al|a|all'|alle|fino al|[–—-]"),
        ("tra il|fra il|tra|fra", "e(?: il)?"),
    ),
    until="[–—-]|fino al",
    joins="|,|,? alle|,? all'|,? ore|,? alle ore|,? dalle",
    in_part=" del | di | della ",
    of="(?:del|dell'|di)|,",
    amount_qualifiers="circa|quasi|oltre|più di|meno di|almeno|fino a|appena",
    date_qualifiers="verso|circa|(?:l')?inizio|(?:a )?metà|(?:alla )?fine",
    articles="il|lo|la|i|gli|le",
    past=r"ha|hanno|è|era|erano|fu|furono|aveva|\w{2,}(?:ò|arono|irono|erono|ava|avano|eva|evano)",
    future=r"\w{3,}(?:rà|ranno)",
    patterns={
        "date": ("(?:<w>,? )?<d> <m>(?: <y>)?",),
        "month": ("<m>(?: del)? <y>",),
        "bare_month": ("<m>",),
        "year": (
            f"(?P<y>19[0-9]{{2}}|20[0-4][0-9]){_YEAR_END}",
            f"(?:(?<=nel )|(?<=dal )|(?<=anno )|(?<=del ))(?P<y>1[0-9]{{3}}){_YEAR_END}",
            f"(?P<short>[0-9]{{1,4}}) {_ERA}",
        ),
        "decade": ("anni '(?P<tens>[1-9]0)", "anni (?P<decade>[12][0-9]{2}0)"),
        "century": (f"<o> secolo(?: {_ERA})?",),
        "quarter": ("(?P<word>primo|secondo|terzo|quarto) trimestre(?: del)?(?: <y>)?",),
        "half": ("(?P<word>primo|secondo) semestre(?: del)? <y>",),
        "season": (
            "<s>(?: del)? <y>(?:[/–-](?:[0-9]{4}|[0-9]{2}))?",
            "<s> (?P<direction>scorso|scorsa|prossimo|prossima)",
            "(?P<direction>scorso|scorsa|prossimo|prossima|questo|questa) <s>",
        ),
        "week": ("settimana (?P<week>[0-9]{1,2})(?: del)?(?: <y>)?",),
        "directed": (
            "(?:<w>|<m>) (?P<direction>scorso|scorsa|prossimo|prossima)",
            "(?P<direction>scorso|scorsa|prossimo|prossima|questo|questa) (?:<w>|<m>)",
        ),
        "directed_unit": (
            "(?P<u>settimana|mese|anno|trimestre|fine settimana|weekend|secolo) "
            "(?P<direction>scorso|scorsa|prossimo|prossima)",
            "(?P<direction>scorso|scorsa|prossimo|prossima|questo|questa) "
            "(?P<u>settimana|mese|anno|trimestre|fine settimana|weekend|secolo)",
            "(?P<direction>quest')(?P<u>anno)",
        ),
        "night": ("(?P<last>ieri notte|notte scorsa|scorsa notte)", "stanotte"),
        "this_part": ("(?:questa|questo) <p>",),
        "weekday": ("<w>",),
        "ago": ("<n> <u> fa",),
        "later": ("<n> <u> dopo",),
        "earlier": ("<n> <u> prima",),
        "in_future": ("(?:tra|fra) (?:circa )?<n> <u>",),
        "that": ("(?:stesso|quel) (?P<u>giorno|mese|anno)",),
        "following": ("(?P<u>giorno|mese|anno|settimana) (?:successivo|seguente|successiva|dopo)",),
        "previous": ("(?P<u>giorno|mese|anno|settimana) (?:precedente|prima)",),
        "directed_length": (
            "(?:ultimi|ultime|prossimi|prossime|scorsi|scorse) <n> <u>",
        ),
        "vague_length": (f"(?:[0-9]+|{_COUNT})(?:-| a | o )(?:[0-9]+|{_COUNT}) <u>",
                         "(?P<u>decenni|secoli)"),
        "length": ("<n>[ -]<u>",),
        "mixed_length": ("<n> <u> e (?P<n2>[0-9]+|\\w+) (?P<u2>minuti|ore|giorni|mesi)",),
        "rate": (f"(?:{_COUNT}|[0-9]+) volt[ae] al(?:la|l')? ?(?P<u>giorno|settimana|mese|anno)",
                 "(?:al|ogni) (?P<u>giorno|settimana|mese|anno)"),
        "every": ("ogni <n> <u>",),
        "every_weekday": ("(?:ogni|tutti i) <w>",),
        "every_part": ("(?:ogni|tutte le) <p>",),
        "part": ("<p>",),
        "clock": (
            f"(?P<hour>{_HOUR})[:.](?P<minute>[0-5][0-9])(?: \\(?(?P<zone><tz>)\\)?)?",
            f"(?:(?<=alle )|(?<=ore ))(?P<hour>{_HOUR})",
            "(?P<noon>mezzogiorno)",
            "(?P<midnight>mezzanotte)",
        ),
        "day_range": (
            "(?:dal |dall')?(?P<d1>[0-3]?[0-9])(?: al | all'| ?[–—-] ?)<d> <m>(?: <y>)?",
            "(?:tra|fra) il (?P<d1>[0-3]?[0-9]) e il <d> <m>(?: <y>)?",
        ),
        "year_range": (
            "(?P<y1>[12][0-9]{3}) ?[–—/-] ?(?P<y2>[12][0-9]{3}|[0-9]{2})",
            "dal (?P<y1>[12][0-9]{3}) al (?P<y2>[12][0-9]{3})",
            "(?:tra|fra) il (?P<y1>[12][0-9]{3}) e il (?P<y2>[12][0-9]{3})",
        ),
    },
)  # fmt: skip
