"""Spanish words and patterns of time expressions."""

from stindex.rules.language import Language

_ERA = r"(?P<era>a\. ?C\.|a\. ?e\. ?c\.)"
_COUNT = "(?:una?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce)"
_HOUR = "[01]?[0-9]|2[0-4]"
_YEAR_END = "(?!%| (?:euros|personas|metros|kilómetros|habitantes)\\b)"

SPANISH = Language(
    code="es",
    function_words=frozenset(
        "el la los las de del y en que un una por con para es se fue su al como ha pero".split()
    ),
    months={
        "enero": 1, "febrero": 2, "marzo": 3, "abril": 4, "mayo": 5, "junio": 6, "julio": 7,
        "agosto": 8, "septiembre": 9, "setiembre": 9, "octubre": 10, "noviembre": 11,
        "diciembre": 12,
    },
    weekdays={"lunes": 1, "martes": 2, "miércoles": 3, "jueves": 4, "viernes": 5, "sábado": 6,
              "domingo": 7},
    units={
        "segundo": "second", "segundos": "second", "minuto": "minute", "minutos": "minute",
        "hora": "hour", "horas": "hour", "día": "day", "días": "day", "noche": "day",
        "noches": "day", "semana": "week", "semanas": "week", "mes": "month", "meses": "month",
        "año": "year", "años": "year", "trimestre": "quarter", "trimestres": "quarter",
        "fin de semana": "weekend", "década": "decade", "décadas": "decade",
        "siglo": "century", "siglos": "century",
    },
    numbers={
        "un": 1, "una": 1, "uno": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
        "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12, "quince": 15,
        "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "cien": 100,
        "media": 0.5, "medio": 0.5, "varios": None, "varias": None, "unos pocos": None,
        "unas pocas": None, "algunos": None, "algunas": None,
    },
    ordinals={"primer": 1, "primera": 1, "primero": 1, "segundo": 2, "segunda": 2, "tercer": 3,
              "tercera": 3, "cuarto": 4, "cuarta": 4, "x": 10, "xv": 15, "xvi": 16, "xvii": 17,
              "xviii": 18, "xix": 19, "xx": 20, "xxi": 21, "v": 5, "iv": 4, "iii": 3},
    ordinal_suffix="[º°]?",
    words={"hoy": ("day", 0), "ayer": ("day", -1), "anteayer": ("day", -2),
           "pasado mañana": ("day", 2), "mañana": ("day", 1)},
    fixed={
        "ahora": ("PRESENT_REF", "DATE"), "actualmente": ("PRESENT_REF", "DATE"),
        "hoy en día": ("PRESENT_REF", "DATE"), "recientemente": ("PAST_REF", "DATE"),
        "pronto": ("FUTURE_REF", "DATE"), "diario": ("P1D", "SET"), "diaria": ("P1D", "SET"),
        "diariamente": ("P1D", "SET"), "semanal": ("P1W", "SET"), "mensual": ("P1M", "SET"),
        "anual": ("P1Y", "SET"), "todos los días": ("P1D", "SET"),
        "todas las semanas": ("P1W", "SET"), "todos los meses": ("P1M", "SET"),
        "todos los años": ("P1Y", "SET"),
    },
    holidays={"navidad": (12, 25), "nochebuena": (12, 24), "nochevieja": (12, 31),
              "año nuevo": (1, 1), "día de reyes": (1, 6)},
    easter={"domingo de pascua": 0, "viernes santo": -2, "jueves santo": -3},
    seasons={"primavera": "SP", "verano": "SU", "otoño": "FA", "invierno": "WI"},
    parts_of_day={"mañana": "TMO", "tarde": "TAF", "noche": "TNI", "madrugada": "TMO"},
    last=("pasado", "pasada", "último", "última"),
    next_=("próximo", "próxima", "que viene"),
    this=("este", "esta"),
    between=(("del|desde(?: el)?|de", "al|a|hasta(?: el)?|[–—-]"), ("entre(?: el)?", "y(?: el)?")),
    until="[–—-]|hasta(?: el)?",
    joins="|,|,? a las?|,? de|,? por la",
    in_part=" de la | por la ",
    of="(?:del|de la|de)|,",
    amount_qualifiers=(
        "unos|unas|casi|cerca de|más de|menos de|alrededor de|al menos|aproximadamente"
    ),
    date_qualifiers="hacia|alrededor de|(?:a )?principios de|(?:a )?mediados de|(?:a )?finales de",
    articles="el|la|los|las",
    past=r"ha|han|había|fue|fueron|era|estaba|tuvo|hizo|\w{2,}(?:ó|aron|ieron|aba|aban|ía|ían)",
    future=r"va a|van a|\w{3,}(?:rá|rán)",
    patterns={
        "date": ("(?:<w>,? )?<d> de <m>(?: del? <y>)?",),
        "month": ("<m>(?: del?)? <y>",),
        "bare_month": ("<m>",),
        "year": (
            f"(?P<y>19[0-9]{{2}}|20[0-4][0-9]){_YEAR_END}",
            f"(?:(?<=en )|(?<=desde )|(?<=año )|(?<=hacia ))(?P<y>1[0-9]{{3}}){_YEAR_END}",
            f"(?P<short>[0-9]{{1,4}}) {_ERA}",
        ),
        "decade": ("(?:años|década de(?: los)?) (?P<decade>[12][0-9]{2}0)",),
        "century": (f"siglo <o>(?: {_ERA})?",),
        "quarter": ("(?P<word>primer|segundo|tercer|cuarto) trimestre(?: del? <y>)?",),
        "half": ("(?P<word>primer|segundo) semestre del? <y>",),
        "season": (
            "<s>(?: del?)? <y>(?:[/–-](?:[0-9]{4}|[0-9]{2}))?",
            "<s> (?P<direction>pasado|pasada)",
            "(?P<direction>próximo|próxima|este|esta) <s>",
        ),
        "week": ("semana (?P<week>[0-9]{1,2})(?: del? <y>)?",),
        "directed": (
            "(?:<w>|<m>) (?P<direction>pasado|próximo|que viene)",
            "(?P<direction>pasado|próximo|este) (?:<w>|<m>)",
        ),
        "directed_unit": (
            "(?P<u>semana|mes|año|trimestre|fin de semana|década|siglo) "
            "(?P<direction>pasado|pasada|próximo|próxima|que viene)",
            "(?P<direction>pasado|pasada|último|última|próximo|próxima|este|esta) "
            "(?P<u>semana|mes|año|trimestre|fin de semana|siglo)",
        ),
        "night": ("(?P<last>anoche)", "esta noche"),
        "this_part": ("(?:esta) <p>",),
        "weekday": ("<w>",),
        "ago": ("hace (?:unos |unas |casi |más de )?<n> <u>",),
        "later": ("<n> <u> (?:después|más tarde)",),
        "earlier": ("<n> <u> antes",),
        "in_future": ("(?:dentro de|en) (?:unos |unas )?<n> <u>",),
        "that": ("(?:mismo|ese|aquel) (?P<u>día|mes|año)",),
        "following": ("(?P<u>día|mes|año|semana) siguiente", "siguiente (?P<u>día|mes|año)"),
        "previous": ("(?P<u>día|mes|año|semana) anterior",),
        "directed_length": (
            "(?:últimos|últimas|próximos|próximas) <n> <u>",
            "<n> <u> (?:pasados|pasadas|siguientes)",
        ),
        "vague_length": (f"(?:[0-9]+|{_COUNT})(?:-| a | o )(?:[0-9]+|{_COUNT}) <u>",
                         "(?P<u>décadas|siglos)"),
        "length": ("<n>[ -]<u>(?! de edad)",),
        "mixed_length": ("<n> <u> y (?P<n2>[0-9]+|\\w+) (?P<u2>minutos|horas|días|meses)",),
        "rate": (f"(?:{_COUNT}|[0-9]+) ve(?:z|ces) (?:al|a la|por) (?P<u>día|semana|mes|año)",
                 "(?:por|cada|al) (?P<u>día|semana|mes|año)"),
        "every": ("cada <n> <u>",),
        "every_weekday": ("(?:cada|todos los) <w>",),
        "every_part": ("(?:cada|todas las) <p>",),
        "part": ("(?:(?<=la )|(?<=por la )|(?<=ayer por la ))<p>", "(?P<p>tarde|noche|madrugada)"),
        "clock": (
            f"(?P<hour>{_HOUR})[:.](?P<minute>[0-5][0-9])(?: ?h(?:oras)?)?"
            "(?: \\(?(?P<zone><tz>)\\)?)?",
            f"(?P<hour>{_HOUR}) ?h",
            "(?:(?<=las )|(?<=la ))(?P<hour_word>1[0-2]|[1-9]|una|dos|tres|cuatro|cinco|seis|siete"
            "|ocho|nueve|diez|once|doce)(?= de la )",
            "(?P<noon>mediodía)",
            "(?P<midnight>medianoche)",
        ),
        "day_range": (
            "(?:del? )?(?P<d1>[0-3]?[0-9])(?: al? | ?[–—-] ?)<d> de <m>(?: del? <y>)?",
            "entre el (?P<d1>[0-3]?[0-9]) y el <d> de <m>(?: del? <y>)?",
        ),
        "year_range": (
            "(?P<y1>[12][0-9]{3}) ?[–—/-] ?(?P<y2>[12][0-9]{3}|[0-9]{2})",
            "(?:de|desde) (?P<y1>[12][0-9]{3}) (?:a|hasta) (?P<y2>[12][0-9]{3})",
            "entre (?P<y1>[12][0-9]{3}) y (?P<y2>[12][0-9]{3})",
        ),
    },
)  # fmt: skip
