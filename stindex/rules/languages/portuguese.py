"""Portuguese words and patterns of time expressions."""

from stindex.rules.language import Language

_ERA = r"(?P<era>a\. ?C\.)"
_COUNT = "(?:uma?|dois|duas|três|quatro|cinco|seis|sete|oito|nove|dez|doze)"
_HOUR = "[01]?[0-9]|2[0-4]"
_DAYS = "segunda|terça|quarta|quinta|sexta"
_YEAR_END = "(?!%| (?:euros|reais|pessoas|metros|quilômetros|habitantes)\\b)"

PORTUGUESE = Language(
    code="pt",
    function_words=frozenset(
        "o os as de do da dos das e em que um uma para com não no na foi por ao são mais".split()
    ),
    months={
        "janeiro": 1, "fevereiro": 2, "março": 3, "abril": 4, "maio": 5, "junho": 6, "julho": 7,
        "agosto": 8, "setembro": 9, "outubro": 10, "novembro": 11, "dezembro": 12,
    },
    weekdays={
        "segunda-feira": 1, "terça-feira": 2, "quarta-feira": 3, "quinta-feira": 4,
        "sexta-feira": 5, "sábado": 6, "domingo": 7,
    },
    units={
        "segundos": "second", "minuto": "minute", "minutos": "minute", "hora": "hour",
        "horas": "hour", "dia": "day", "dias": "day", "noite": "day", "noites": "day",
        "semana": "week", "semanas": "week", "mês": "month", "meses": "month", "ano": "year",
        "anos": "year", "trimestre": "quarter", "trimestres": "quarter",
        "fim de semana": "weekend", "década": "decade", "décadas": "decade",
        "século": "century", "séculos": "century",
    },
    numbers={
        "um": 1, "uma": 1, "dois": 2, "duas": 2, "três": 3, "quatro": 4, "cinco": 5, "seis": 6,
        "sete": 7, "oito": 8, "nove": 9, "dez": 10, "onze": 11, "doze": 12, "quinze": 15,
        "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60, "cem": 100,
        "meia": 0.5, "meio": 0.5, "vários": None, "várias": None, "alguns": None,
        "algumas": None, "poucos": None, "poucas": None,
    },
    ordinals={"primeiro": 1, "primeira": 1, "segundo": 2, "terceiro": 3, "quarto": 4, "v": 5,
              "x": 10, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18, "xix": 19, "xx": 20,
              "xxi": 21},
    ordinal_suffix="[º°]?",
    words={"hoje": ("day", 0), "ontem": ("day", -1), "anteontem": ("day", -2),
           "amanhã": ("day", 1), "depois de amanhã": ("day", 2)},
    fixed={
        "agora": ("PRESENT_REF", "DATE"), "atualmente": ("PRESENT_REF", "DATE"),
        "no momento": ("PRESENT_REF", "DATE"), "recentemente": ("PAST_REF", "DATE"),
        "em breve": ("FUTURE_REF", "DATE"), "diário": ("P1D", "SET"), "diária": ("P1D", "SET"),
        "diariamente": ("P1D", "SET"), "semanal": ("P1W", "SET"), "mensal": ("P1M", "SET"),
        "anual": ("P1Y", "SET"), "anualmente": ("P1Y", "SET"), "todos os dias": ("P1D", "SET"),
        "todas as semanas": ("P1W", "SET"), "todos os anos": ("P1Y", "SET"),
    },
    holidays={"natal": (12, 25), "véspera de natal": (12, 24), "ano novo": (1, 1),
              "dia de finados": (11, 2)},
    easter={"domingo de páscoa": 0, "sexta-feira santa": -2, "quarta-feira de cinzas": -46,
            "corpus christi": 60},
    seasons={"primavera": "SP", "verão": "SU", "outono": "FA", "inverno": "WI"},
    parts_of_day={"manhã": "TMO", "tarde": "TAF", "noite": "TNI", "madrugada": "TMO"},
    last=("passado", "passada", "último", "última"),
    next_=("próximo", "próxima", "que vem"),
    this=("este", "esta", "neste", "nesta", "deste", "desta"),
    between=(("de|do|desde", "a|ao|até(?: o)?|[–—-]"), ("entre(?: o)?", "e(?: o)?")),
    until="[–—-]|até",
    joins="|,|,? às|,? à|,? de|,? pela|,? das",
    in_part=" da | de ",
    of="(?:de|do|da)|,",
    amount_qualifiers="cerca de|quase|mais de|menos de|aproximadamente|pelo menos|até|apenas",
    date_qualifiers="por volta de|cerca de|início de|meados de|fim de|final de",
    articles="o|a|os|as",
    past=(
        r"foi|foram|era|eram|tinha|estava|teve|fez|disse"
        r"|\w{2,}(?:ou|aram|iu|iram|eu|eram|ava|avam)"
    ),
    future=r"vai|vão|\w{3,}(?:rá|rão)",
    patterns={
        "date": ("(?:<w>,? )?<d> de <m>(?: de <y>)?",),
        "month": ("<m>(?: de)? <y>",),
        "bare_month": ("<m>",),
        "year": (
            f"(?P<y>19[0-9]{{2}}|20[0-4][0-9]){_YEAR_END}",
            f"(?:(?<=em )|(?<=desde )|(?<=ano de )|(?<=ano ))(?P<y>1[0-9]{{3}}){_YEAR_END}",
            f"(?P<short>[0-9]{{1,4}}) {_ERA}",
        ),
        "decade": ("(?:anos|década de) (?P<decade>[12][0-9]{2}0)", "anos (?P<tens>[1-9]0)"),
        "century": (f"século <o>(?: {_ERA})?",),
        "quarter": ("(?P<word>primeiro|segundo|terceiro|quarto) trimestre(?: de <y>)?",),
        "half": ("(?P<word>primeiro|segundo) semestre de <y>",),
        "season": (
            "<s>(?: de)? <y>(?:[/–-](?:[0-9]{4}|[0-9]{2}))?",
            "<s> (?P<direction>passado|passada)",
            "(?P<direction>último|última|próximo|próxima|neste|nesta|este|esta) <s>",
        ),
        "week": ("semana (?P<week>[0-9]{1,2})(?: de <y>)?",),
        "directed": (
            "(?:<w>|<m>) (?P<direction>passado|passada|que vem)",
            "(?P<direction>último|última|próximo|próxima|nesta|neste) (?:<w>|<m>)",
        ),
        "directed_unit": (
            "(?P<u>semana|mês|ano|trimestre|fim de semana|século) "
            "(?P<direction>passado|passada|que vem)",
            "(?P<direction>último|última|próximo|próxima|n?este|n?esta|deste|desta) "
            "(?P<u>semana|mês|ano|trimestre|fim de semana|século)",
        ),
        "night": ("(?P<last>ontem à noite|noite passada)", "hoje à noite|esta noite"),
        "this_part": ("(?:esta) <p>",),
        "weekday": ("<w>", f"(?<=na )(?P<w>{_DAYS})"),
        "ago": ("há (?:cerca de |quase |mais de )?<n> <u>(?: atrás)?", "<n> <u> atrás"),
        "later": ("<n> <u> depois", "<n> <u> mais tarde"),
        "earlier": ("<n> <u> antes",),
        "in_future": ("(?:daqui a|dentro de|em) (?:cerca de )?<n> <u>",),
        "that": ("(?:mesmo|naquele|nesse) (?P<u>dia|mês|ano)",),
        "following": ("(?P<u>dia|mês|ano|semana) seguinte",),
        "previous": ("(?P<u>dia|mês|ano|semana) anterior",),
        "directed_length": (
            "(?:últimos|últimas|próximos|próximas) <n> <u>",
        ),
        "vague_length": (f"(?:[0-9]+|{_COUNT})(?:-| a | ou )(?:[0-9]+|{_COUNT}) <u>",
                         "(?P<u>décadas|séculos)"),
        "length": ("<n>[ -]<u>(?! de idade)",),
        "mixed_length": ("<n> <u> e (?P<n2>[0-9]+|\\w+) (?P<u2>minutos|horas|dias|meses)",),
        "rate": (f"(?:{_COUNT}|[0-9]+) ve(?:z|zes) (?:ao|à|por) (?P<u>dia|semana|mês|ano)",
                 "(?:por|cada|ao) (?P<u>dia|semana|mês|ano)"),
        "every": ("a cada <n> <u>",),
        "every_weekday": ("(?:toda|todo|cada|todas as|todos os) <w>",),
        "every_part": ("(?:toda|todas as|cada) <p>",),
        "part": ("<p>",),
        "clock": (
            f"(?P<hour>{_HOUR})[:h](?P<minute>[0-5][0-9])(?: ?min)?(?: \\(?(?P<zone><tz>)\\)?)?",
            f"(?P<hour>{_HOUR}) ?h",
            f"(?<=às )(?P<hour>{_HOUR})(?: horas)?",
            "(?P<noon>meio-dia)",
            "(?P<midnight>meia-noite)",
        ),
        "day_range": (
            "(?:de )?(?P<d1>[0-3]?[0-9])(?: a | ao | até | ?[–—-] ?)<d> de <m>(?: de <y>)?",
            "entre(?: os dias| o dia)? (?P<d1>[0-3]?[0-9]) e <d> de <m>(?: de <y>)?",
        ),
        "year_range": (
            "(?P<y1>[12][0-9]{3}) ?[–—/-] ?(?P<y2>[12][0-9]{3}|[0-9]{2})",
            "de (?P<y1>[12][0-9]{3}) (?:a|até) (?P<y2>[12][0-9]{3})",
            "entre (?P<y1>[12][0-9]{3}) e (?P<y2>[12][0-9]{3})",
        ),
    },
)  # fmt: skip
