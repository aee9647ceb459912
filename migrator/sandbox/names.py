"""Tables of names for the made-up people: as written, and as Latin letters for an e-mail address."""

from __future__ import annotations

from typing import Final, TypeAlias

NamePair: TypeAlias = tuple[str, str]

# One row per script or language: (Docebo language name, its label, time zone, first names, last names).
PEOPLES: Final[tuple[tuple[str, str, str, tuple[NamePair, ...], tuple[NamePair, ...]], ...]] = (
    (
        "english",
        "English",
        "Europe/London",
        (("Olivia", "olivia"), ("James", "james"), ("Aoife", "aoife"), ("Siân", "sian")),
        (("O'Neil", "oneil"), ("Smith-Jones", "smith-jones"), ("Brown", "brown"), ("MacDonald", "macdonald")),
    ),
    (
        "italian",
        "Italiano",
        "Europe/Rome",
        (("Niccolò", "niccolo"), ("Giulia", "giulia"), ("Márta", "marta"), ("Luca", "luca")),
        (("D'Angelo", "dangelo"), ("Rossi", "rossi"), ("De Cesarè", "decesare"), ("Bianchi", "bianchi")),
    ),
    (
        "polish",
        "Polski",
        "Europe/Warsaw",
        (("Łukasz", "lukasz"), ("Małgorzata", "malgorzata"), ("Zoë", "zoe"), ("Jiří", "jiri")),
        (
            ("Wiśniewski", "wisniewski"),
            ("Dvořák", "dvorak"),
            ("Kowalczyk", "kowalczyk"),
            ("Żółć", "zolc"),
        ),
    ),
    (
        "german",
        "Deutsch",
        "Europe/Berlin",
        (("Jürgen", "juergen"), ("Käthe", "kaethe"), ("Åsa", "asa"), ("Bjørn", "bjorn")),
        (
            ("Groß", "gross"),
            ("Müller", "mueller"),
            ("von der Höhe", "vonderhoehe"),
            ("Østergård", "ostergard"),
        ),
    ),
    (
        "turkish",
        "Türkçe",
        "Europe/Istanbul",
        (("İpek", "ipek"), ("Çağrı", "cagri"), ("Gül", "gul"), ("Işıl", "isil")),  # noqa: RUF001 -- Turkish writes the dotless i
        (("Yılmaz", "yilmaz"), ("Öztürk", "ozturk"), ("Şahin", "sahin"), ("Çelik", "celik")),  # noqa: RUF001 -- Turkish writes the dotless i
    ),
    (
        "vietnamese",
        "Tiếng Việt",
        "Asia/Ho_Chi_Minh",
        (("Thảo", "thao"), ("Đức", "duc"), ("Hương", "huong"), ("Quốc", "quoc")),
        (("Nguyễn", "nguyen"), ("Trần", "tran"), ("Phạm", "pham"), ("Đặng", "dang")),
    ),
    (
        "russian",
        "Русский",
        "Europe/Moscow",
        (("Мария", "maria"), ("Юрий", "yuri"), ("Алёна", "alyona"), ("Сергей", "sergey")),
        (("Соловьёв", "solovyov"), ("Кузнецов", "kuznetsov"), ("Щукина", "shchukina"), ("Попов", "popov")),
    ),
    (
        "greek",
        "Ελληνικά",
        "Europe/Athens",
        (("Γιώργος", "giorgos"), ("Ελένη", "eleni"), ("Νίκος", "nikos"), ("Σοφία", "sofia")),
        (("Παπαδόπουλος", "papadopoulos"), ("Νικολάου", "nikolaou"), ("Οικονόμου", "oikonomou")),
    ),
    (
        "arabic",
        "العربية",
        "Asia/Dubai",
        (("فاطمة", "fatima"), ("محمد", "mohamed"), ("ليلى", "layla"), ("يوسف", "yousef")),
        (("الحسن", "alhasan"), ("منصور", "mansour"), ("الخطيب", "alkhatib"), ("حداد", "haddad")),
    ),
    (
        "hebrew",
        "עברית",
        "Asia/Jerusalem",
        (("נועה", "noa"), ("דוד", "david"), ("תמר", "tamar"), ("יונתן", "yonatan")),
        (("לוי", "levi"), ("כהן", "cohen"), ("מזרחי", "mizrahi"), ("פרץ", "peretz")),
    ),
    (
        "hindi",
        "हिन्दी",
        "Asia/Kolkata",
        (("आरती", "aarti"), ("राजेश", "rajesh"), ("प्रिया", "priya"), ("विक्रम", "vikram")),
        (("शर्मा", "sharma"), ("गुप्ता", "gupta"), ("सिंह", "singh"), ("वर्मा", "verma")),
    ),
    (
        "simplified_chinese",
        "简体中文",
        "Asia/Shanghai",
        (("伟", "wei"), ("秀英", "xiuying"), ("娜", "na"), ("建国", "jianguo")),
        (("王", "wang"), ("李", "li"), ("欧阳", "ouyang"), ("张", "zhang")),
    ),
    (
        "japanese",
        "日本語",
        "Asia/Tokyo",
        (("さくら", "sakura"), ("翔太", "shota"), ("エミリー", "emiry"), ("結衣", "yui")),
        (("佐藤", "sato"), ("鈴木", "suzuki"), ("ヤマダ", "yamada"), ("高橋", "takahashi")),
    ),
    (
        "korean",
        "한국어",
        "Asia/Seoul",
        (("지훈", "jihoon"), ("서연", "seoyeon"), ("민준", "minjun"), ("하은", "haeun")),
        (("김", "kim"), ("박", "park"), ("최", "choi"), ("남궁", "namgung")),
    ),
    (
        "thai",
        "ไทย",
        "Asia/Bangkok",
        (("สมชาย", "somchai"), ("มาลี", "malee"), ("อรุณ", "arun")),
        (("ใจดี", "jaidee"), ("ศรีสุข", "srisuk"), ("วงศ์ไทย", "wongthai")),
    ),
)

DOMAINS: Final = ("acme.example", "learn.acme.example", "example.org", "example.net", "partner.example.com")
CITIES: Final = ("Milan", "Kraków", "São Paulo", "München", "大阪", "Αθήνα", "New York", "Göteborg")
