"""Chinese and Japanese words and patterns of time expressions, in one table.

The two share their characters for dates; nothing sets words apart, so that patterns match anywhere.
"""

from stindex.rules.language import Language

_NUMBER = "[0-9]+|[一二两三四五六七八九十]|数|几|幾"

CJK = Language(
    code="cjk",
    function_words=frozenset(),
    months={str(month): month for month in range(1, 13)},
    weekdays={
        "星期一": 1, "星期二": 2, "星期三": 3, "星期四": 4, "星期五": 5, "星期六": 6, "星期日": 7,
        "星期天": 7, "周一": 1, "周二": 2, "周三": 3, "周四": 4, "周五": 5, "周六": 6, "周日": 7,
        "月曜日": 1, "火曜日": 2, "水曜日": 3, "木曜日": 4, "金曜日": 5, "土曜日": 6, "日曜日": 7,
    },
    units={
        "秒": "second", "分钟": "minute", "分間": "minute", "小时": "hour", "個小時": "hour",
        "个小时": "hour", "時間": "hour", "天": "day", "日間": "day", "日": "day", "周": "week",
        "週間": "week", "个星期": "week", "个月": "month", "個月": "month", "か月": "month",
        "ヶ月": "month", "カ月": "month", "年": "year", "年間": "year",
    },
    numbers={
        "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
        "十": 10, "数": None, "几": None, "幾": None, "半": 0.5,
    },
    words={
        "今天": ("day", 0), "昨天": ("day", -1), "前天": ("day", -2), "明天": ("day", 1),
        "后天": ("day", 2), "後天": ("day", 2), "今日": ("day", 0), "昨日": ("day", -1),
        "一昨日": ("day", -2), "明日": ("day", 1), "明後日": ("day", 2), "去年": ("year", -1),
        "昨年": ("year", -1), "今年": ("year", 0), "明年": ("year", 1), "来年": ("year", 1),
        "前年": ("year", -2), "上周": ("week", -1), "上星期": ("week", -1), "本周": ("week", 0),
        "这周": ("week", 0), "下周": ("week", 1), "先週": ("week", -1), "今週": ("week", 0),
        "来週": ("week", 1), "上个月": ("month", -1), "上月": ("month", -1),
        "本月": ("month", 0), "这个月": ("month", 0), "下个月": ("month", 1),
        "先月": ("month", -1), "今月": ("month", 0), "来月": ("month", 1),
        "上周末": ("weekend", -1), "先週末": ("weekend", -1), "本周末": ("weekend", 0),
        "今週末": ("weekend", 0), "下周末": ("weekend", 1),
    },
    fixed={
        "现在": ("PRESENT_REF", "DATE"), "目前": ("PRESENT_REF", "DATE"),
        "現在": ("PRESENT_REF", "DATE"), "最近": ("PAST_REF", "DATE"),
        "每天": ("P1D", "SET"), "毎日": ("P1D", "SET"), "每日": ("P1D", "SET"),
        "每周": ("P1W", "SET"), "毎週": ("P1W", "SET"), "每月": ("P1M", "SET"),
        "毎月": ("P1M", "SET"), "每年": ("P1Y", "SET"), "毎年": ("P1Y", "SET"),
    },
    seasons={"春天": "SP", "春季": "SP", "夏天": "SU", "夏季": "SU", "秋天": "FA", "秋季": "FA",
             "冬天": "WI", "冬季": "WI", "春": "SP", "夏": "SU", "秋": "FA", "冬": "WI"},
    parts_of_day={"早上": "TMO", "上午": "TMO", "午前": "TMO", "下午": "TAF", "午後": "TAF",
                  "晚上": "TEV", "夜": "TNI", "朝": "TMO", "夕方": "TEV"},
    between=(("从|自", "到|至"),),
    until="[–—~〜～-]|到|至|から",
    of="的|の",
    joins="|的|の|，|、",
    past="了|过|た|ました",
    future="将|將|会|會|要|予定",
    bounded=False,
    patterns={
        "date": ("<y>年 ?<m>月 ?<d>[日号](?:[（(][一-鿿]+[)）])?", "<m>月 ?<d>[日号]"),
        "month": ("<y>年 ?<m>月(?!間)",),
        "bare_month": ("(?<![0-9])<m>月(?![間内])",),
        "year": ("(?<![0-9])(?P<y>[12][0-9]{3})年(?![間代度])",),
        "decade": ("(?P<decade>[12][0-9]{2}0)年代",),
        "century": ("(?P<o>[0-9]{1,2})世[纪紀]",),
        "quarter": ("<y>年第(?P<quarter>[1-4])(?:季度|四半期)",),
        "season": ("<y>年(?:の)?<s>",),
        "weekday": ("<w>",),
        "ago": (f"(?P<n>{_NUMBER})<u>(?:前|以前)",),
        "from_now": (f"(?P<n>{_NUMBER})<u>(?:后|後|以后)",),
        "every_weekday": ("[每毎](?:周|週)?<w>",),
        "length": (f"(?P<n>{_NUMBER})(?P<u>分钟|分間|个小时|小时|時間|天|日間|周|週間|个星期|个月"
                   "|個月|か月|ヶ月|カ月|年間|年)(?![代度級级])",),
        "part": ("(?P<p>早上|上午|午前|下午|午後|晚上|夕方)",),
        "clock": (
            "(?P<hour>[01]?[0-9]|2[0-4])[:：](?P<minute>[0-5][0-9])",
            "(?P<hour>[01]?[0-9]|2[0-4])[时時点點](?![间間])(?:(?P<minute>[0-5]?[0-9])分)?",
            "(?:上午|午前|早上)(?P<hour>1[0-2]|[0-9])[时時点點](?![间間])"
            "(?:(?P<minute>[0-5]?[0-9])分)?",
            "(?P<pm>下午|午後|晚上)(?P<hour>1[0-2]|[0-9])[时時点點](?![间間])"
            "(?:(?P<minute>[0-5]?[0-9])分)?",
        ),
        "day_range": ("(?:<y>年)?<m>月(?P<d1>[0-3]?[0-9])日?(?:[–—~〜～-]|到|至|から)<d>日",),
        "year_range": (
            "(?:从)?(?P<y1>[12][0-9]{3})年?(?:[–—~〜～-]|到|至|から)(?P<y2>[12][0-9]{3})年",
        ),
    },
)  # fmt: skip
