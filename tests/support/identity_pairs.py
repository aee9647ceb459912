"""Docebo users who are, or are not, one login (docs/decisions/0008): what the documents say becomes of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Keys = dict[str, Any]

# The `mapping:` sections under which people are classed.
MAPPINGS: dict[str, Keys] = {
    "email": {},
    "username": {"login_id": "username", "phone_field": "field_9"},
    "extra": {"extra_login_ids": ["username"]},
    "synthesize": {"missing_email": "synthesize", "synthesize_domain": "made-up.example.org"},
}

# What becomes of two people: a word for each, or several with "|" where the documents leave it open. "?" before a word:
# unless the policy chooses this one, who then arrives, or becomes what stands behind "/"; a third word is for whoever
# loses to somebody else.
SAME = "?duplicate ?duplicate"  # one text as soon as each is spelled as it is sent
FOLD = "duplicate duplicate"  # equal only after the fold, so that no policy chooses
APART = "created created"
NOT_ADDRESS = "created invalid_email"

POLICIES = ("conflict", "oldest", "newest_login")


@dataclass(frozen=True)
class Case:
    """People who meet in one run.

    `words` says what becomes of each: a reason, or the state of who arrives; `linked` the same under
    `policy.existing: link`. `alike` counts the pairs that a plan shows as look-alikes.
    """

    name: str
    people: tuple[Keys, ...]
    words: str
    linked: str = ""
    alike: int = 0
    strangers: tuple[Keys, ...] = ()


@dataclass(frozen=True)
class Spelled:
    """Two spellings, as addresses and as user names that are addresses."""

    name: str
    one: Any
    other: Any
    address: str
    user_name: str
    alike: int = 0


def _both(name: str, one: str, other: str, words: str, alike: int = 0) -> Spelled:
    return Spelled(name, one, other, words, words, alike)


SPELLED = (
    _both("same text", "same@example.org", "same@example.org", SAME),
    _both("other case", "case@example.org", "CASE@Example.ORG", SAME),
    _both("blank behind", "behind@example.org", "behind@example.org ", SAME),
    _both("tab before", "before@example.org", "\tbefore@example.org", SAME),
    _both("no-break blank", "nbsp@example.org", "\u00a0nbsp@example.org", SAME),
    _both("ideographic blank", "wideblank@example.org", "wideblank@example.org\u3000", SAME),
    _both("NFC and NFD", "zo\u00eb@example.org", "zoe\u0308@example.org", SAME),
    _both("NFD and case", "j\u00fcrgen@example.org", "JU\u0308RGEN@example.org", SAME),
    _both("kelvin sign", "kelvin@example.org", "\u212aelvin@example.org", SAME),
    _both("capital sharp s", "wei\u00df@example.org", "WEI\u1e9e@example.org", SAME),
    _both("tag in other case", "tagcase+x@example.org", "TagCase+X@example.org", SAME),
    _both("full-width domain", "fwdomain@example.org", "fwdomain@\uff45xample.org", SAME),
    _both("ideographic stop", "stop@mail.example.org", "stop@mail\u3002example.org", SAME),
    _both("IDN, NFC and NFD", "idnform@\u00e4pfel.example.org", "idnform@a\u0308pfel.example.org", SAME),
    _both("punycode in capitals", "ace@xn--bcher-kva.example.org", "ace@XN--BCHER-KVA.example.org", SAME),
    _both("IDN and punycode", "idn@b\u00fccher.example.org", "idn@xn--bcher-kva.example.org", FOLD),
    _both("full width", "wide@example.org", "\uff57\uff49\uff44\uff45@example.org", FOLD),
    _both("sharp s", "strasse@example.org", "stra\u00dfe@example.org", FOLD),
    _both("sharp s in the domain", "road@strasse.example.org", "road@stra\u00dfe.example.org", FOLD),
    _both("ligature", "office@example.org", "o\ufb03ce@example.org", FOLD),
    _both("final sigma", "\u03bf\u03b4\u03bf\u03c3@example.org", "\u03bf\u03b4\u03bf\u03c2@example.org", FOLD),
    _both("roman numeral", "henryiv@example.org", "henry\u2163@example.org", FOLD),
    _both("superscript", "squared2@example.org", "squared\u00b2@example.org", FOLD),
    _both("variation selector", "selector@example.org", "selector\ufe0f@example.org", FOLD),
    _both("grapheme joiner", "joiner@example.org", "join\u034fer@example.org", FOLD),
    Spelled("zero-width space", "zwspace@example.org", "zwspace\u200b@example.org", NOT_ADDRESS, FOLD),
    Spelled("zero-width joiner", "zwjoin@example.org", "zw\u200djoin@example.org", NOT_ADDRESS, FOLD),
    Spelled("soft hyphen", "softhyphen@example.org", "soft\u00adhyphen@example.org", NOT_ADDRESS, FOLD),
    Spelled("byte order mark", "order@example.org", "\ufefforder@example.org", NOT_ADDRESS, FOLD),
    Spelled("right-to-left mark", "rtl@example.org", "rtl\u200f@example.org", NOT_ADDRESS, FOLD),
    Spelled("dot behind", "rootdot@example.org", "rootdot@example.org.", NOT_ADDRESS, FOLD),
    Spelled("blank inside", "inside@example.org", "in side@example.org", NOT_ADDRESS, APART),
    _both("plus tag", "ann@example.org", "ann+x@example.org", APART, alike=1),
    _both("two tags", "bob+x@example.org", "bob+y@example.org", APART, alike=1),
    _both("dots", "c.lee@example.org", "clee@example.org", APART, alike=1),
    _both("dots at Gmail", "d.a.n@gmail.com", "dan@gmail.com", APART, alike=1),
    _both("Gmail's other name", "eva@gmail.com", "eva@googlemail.com", APART),
    _both("underscore", "f_ox@example.org", "f-ox@example.org", APART, alike=1),
    _both("accent", "rene@example.org", "ren\u00e9@example.org", APART, alike=1),
    _both("dotless i", "ismail@example.org", "\u0131smail@example.org", APART, alike=1),
    _both("dotted capital i", "irfan@example.org", "\u0130rfan@example.org", APART, alike=1),
    _both("Cyrillic a", "hanna@example.org", "h\u0430nna@example.org", APART, alike=1),
    _both("Cyrillic, all of it", "cope@example.org", "\u0441\u043e\u0440\u0435@example.org", APART, alike=1),
    _both("Greek omicron", "rob@example.org", "r\u03bfb@example.org", APART, alike=1),
    _both("zero for o", "tom@example.org", "t0m@example.org", APART, alike=1),
    _both("one for l", "paul@example.org", "pau1@example.org", APART, alike=1),
    _both("Cyrillic in the domain", "gus@example.org", "gus@ex\u0430mple.org", APART),
    _both("other domain", "hal@example.net", "hal@example.com", APART),
    _both("subdomain", "kim@example.org", "kim@mail.example.org", APART),
    _both("curly apostrophe", "o'hara@example.org", "o\u2019hara@example.org", APART),
)

# User names that are no addresses keep their case (docs/decisions/0008: only the very same text is chosen from).
NAMES = tuple(
    Case(name, ({"username": one}, {"username": other}), words, alike=alike)
    for name, one, other, words, alike in (
        ("name in other case", "Ann.Case", "ann.case", FOLD, 0),
        ("name, NFC and NFD", "No\u00ebl", "Noe\u0308l", SAME, 0),
        ("name with a blank behind", "trailing", "trailing ", SAME, 0),
        ("name in full width", "broad", "\uff42\uff52\uff4f\uff41\uff44", FOLD, 0),
        ("name with a zero-width space", "hidden", "hid\u200bden", FOLD, 0),
        ("name with sharp s", "Gro\u00df", "GROSS", FOLD, 0),
        ("a number and its text", 4711, "4711", SAME, 0),
        ("leading zeros", "0052", "52", APART, 0),
        ("phone and its punctuation", "+39 02 555 00001", "+390255500001", FOLD, 0),
        ("name with a dot", "j.doe", "jdoe", APART, 1),
        ("name with Cyrillic", "petra", "p\u0435tra", APART, 1),
        ("name with dotless i", "ilker", "\u0131lker", APART, 1),
        ("name with a tag", "eve", "eve+x", APART, 0),
        ("name with two blanks", "mia  may", "mia may", APART, 0),
        ("no name", "", None, "no_username no_username", 0),
        ("a name nobody sees", "seen", "\u200b\u2060", "created invalid_username", 0),
    )
)

_SHARED = ({"email": "mailbox@example.org"}, {"email": "mailbox@example.org"})
_NO_ADDRESS = ({"email": ""}, {"email": None}, {"email": " \t"})
_NAMED_AS = ({"email": "own.a@example.org", "username": "own.b@example.org"}, {"email": "own.b@example.org"})
_CROSSED = (
    {"email": "cross.a@example.org", "username": "cross.b@example.org"},
    {"email": "cross.b@example.org", "username": "Cross.A@example.org"},
)
_OWN = tuple({"email": f"self{n}@example.org", "username": f"Self{n}@Example.org"} for n in (1, 2))
_ONE_NAME = ({"email": "lou@example.org", "username": "lou"}, {"email": "lu@example.org", "username": "lou"})
_CHAIN = (
    {"email": "link1@example.org", "username": "link2@example.org"},
    {"email": "link2@example.org", "username": "link3@example.org"},
    {"email": "link3@example.org"},
)


def _stranger(*login_ids: str, **attributes: str) -> Keys:
    return {"loginIds": list(login_ids), "email": login_ids[0], "customAttributes": attributes}


_EMAIL = (
    Case("mailbox of two", _SHARED, SAME),
    Case(
        "mailbox of three", tuple({"email": "three@example.org"} for _ in range(3)), "?duplicate ?duplicate ?duplicate"
    ),
    Case(
        "three, one in full width",
        ({"email": "trio@example.org"}, {"email": "TRIO@example.org"}, {"email": "tri\uff4f@example.org"}),
        "duplicate duplicate duplicate",
    ),
    Case("suspended and active", tuple({"email": "left@example.org", "status": s} for s in ("0", "1")), SAME),
    Case("expired and active", tuple({"email": "over@example.org", "expired": e} for e in (True, False)), SAME),
    Case("no address", _NO_ADDRESS, "no_email no_email no_email"),
    Case("user name is another's address", _NAMED_AS, APART),
    Case("each named as the other", _CROSSED, APART),
    Case("one user name, two addresses", _ONE_NAME, APART),
    Case("chain of three", _CHAIN, "created created created"),
    Case(
        "a stranger has it",
        ({"email": "taken@example.org"},),
        "login_taken",
        "updated",
        strangers=(_stranger("taken@example.org"),),
    ),
    Case(
        "a stranger with Docebo's spelling",
        ({"email": "Mixed.Spelling@Example.org"},),
        "login_taken",
        "updated",
        strangers=(_stranger("Mixed.Spelling@Example.org"),),
    ),
    Case(
        "a stranger has what two share",
        ({"email": "double@example.org"},) * 2,
        "?duplicate/login_taken ?duplicate/login_taken",
        "?duplicate/updated ?duplicate/updated",
        strangers=(_stranger("double@example.org"),),
    ),
    Case(
        "a stranger with the logins of two",
        ({"email": "both.a@example.org"}, {"email": "both.b@example.org"}),
        "login_taken login_taken",
        "several_matches several_matches",
        strangers=(_stranger("both.a@example.org", "both.b@example.org"),),
    ),
    Case(
        "a stranger of another migration",
        ({"email": "foreign@example.org"},),
        "login_taken",
        "login_taken",
        strangers=(_stranger("foreign@example.org", doceboUserId="1", doceboPlatform="other.example.org"),),
    ),
    Case(
        "a stranger who looks alike",
        ({"email": "a.like@example.org"},),
        "created",
        strangers=(_stranger("alike@example.org"),),
    ),
)
_USERNAME = (
    Case("mailbox of two", _SHARED, APART),
    Case("no address", _NO_ADDRESS, "no_email no_email no_email"),
    Case("no address but a phone", tuple({"email": "", "field_9": f"+39025550001{n}"} for n in (1, 2)), APART),
    Case("user name is another's address", _NAMED_AS, APART),
    Case(
        "one user name, one mailbox",
        ({"email": "u@example.org", "username": "u1"},) * 2,
        "?duplicate_email ?duplicate_email",
    ),
    Case("a stranger has it", ({"username": "taken"},), "login_taken", "updated", strangers=(_stranger("taken"),)),
    Case(
        "a stranger has the address only",
        ({"username": "address.only", "email": "only@example.org"},),
        "created",
        strangers=({"loginIds": ["somebody"], "email": "only@example.org"},),
    ),
)
_EXTRA = (
    Case("mailbox of two", _SHARED, FOLD),
    Case("mailbox and user name of two", ({"email": "w@example.org", "username": "w"},) * 2, SAME),
    Case("user name is another's address", _NAMED_AS, "duplicate_login duplicate_login"),
    Case("each named as the other", _CROSSED, "duplicate_login duplicate_login"),
    Case("user name is the own address", _OWN, APART),
    Case("one user name, two addresses", _ONE_NAME, "duplicate_login duplicate_login"),
    Case("chain of three", _CHAIN, "duplicate_login duplicate_login duplicate_login"),
    Case(
        "a pair in a greater group",
        (*({"email": "pair@example.org", "username": "pair"},) * 2, {"email": "third@example.org", "username": "pair"}),
        "duplicate_email|duplicate_login duplicate_email|duplicate_login duplicate_login",
    ),
    Case(
        "a stranger with the user name only",
        ({"email": "named@example.org", "username": "named"},),
        "login_taken",
        "login_taken",
        strangers=(_stranger("named"),),
    ),
)
_SYNTHESIZE = (
    Case("no address", _NO_ADDRESS, "created created created"),
    Case("the made-up address of another", ({"email": ""}, {"email": "Docebo-{0}@made-up.example.org"}), SAME),
    Case("no address beside one", ({"email": ""}, {"email": "real@example.org"}), APART),
)

CASES: dict[str, tuple[Case, ...]] = {
    "email": (
        *(Case(one.name, ({"email": one.one}, {"email": one.other}), one.address, alike=one.alike) for one in SPELLED),
        *_EMAIL,
    ),
    "username": (
        *(
            Case(one.name, ({"username": one.one}, {"username": one.other}), one.user_name, alike=one.alike)
            for one in SPELLED
        ),
        *NAMES,
        *_USERNAME,
    ),
    "extra": _EXTRA,
    "synthesize": _SYNTHESIZE,
}


@dataclass(frozen=True)
class Life:
    """People who meet over several runs; `steps` are what happens in Docebo before each run.

    A step gives, by the person's place, the login that Docebo has now and more; None deletes the person.
    `words` say what each run makes of everybody known by then, `linked` the same under `policy.existing: link`. A login
    that is given up is looked up again by the next run at the latest, by the same one if it plans twice.
    `logins` is who has which login id in Descope in the end ("-": no account).
    """

    name: str
    steps: tuple[dict[int, Any], ...]
    words: tuple[str, ...]
    logins: str
    linked: tuple[str, ...] = ()
    linked_logins: str = ""


_HERE = {0: "a", 1: "b"}
# Whom the policy chooses holds the login from then on, and the other one cannot move to it.
_TO_ONE = "?duplicate/updated/login_taken ?duplicate/updated/login_taken"

LIVES = (
    Life("swapped", (_HERE, {0: "b", 1: "a"}), (APART, "login_taken login_taken", "login_taken login_taken"), "a b"),
    Life(
        "ring of three",
        ({**_HERE, 2: "c"}, {0: "b", 1: "c", 2: "a"}),
        ("created created created", "login_taken login_taken login_taken", "login_taken login_taken login_taken"),
        "a b c",
    ),
    Life("moved", (_HERE, {0: "n", 1: "a"}), (APART, "updated updated|login_taken", "updated updated"), "n a"),
    Life(
        "moved to a newcomer",
        ({0: "a"}, {0: "n", 1: "a"}),
        ("created", "updated created|login_taken", "updated created"),
        "n a",
    ),
    Life(
        "queue of three",
        ({**_HERE, 2: "c"}, {0: "b", 1: "c", 2: "n"}),
        (
            "created created created",
            "login_taken updated|login_taken updated",
            "updated|login_taken updated updated",
            "updated updated updated",
        ),
        "b c n",
    ),
    Life("newcomer shares", ({0: "a"}, {1: "A"}), ("created", "created duplicate", "created duplicate"), "a -"),
    Life("newcomer in another form", ({0: "gross"}, {1: "gro\u00df"}), ("created", "created duplicate"), "gross -"),
    Life(
        "created again",
        ({0: "a"}, {0: None, 1: "a"}),
        ("created", "not_in_docebo recreated", "not_in_docebo recreated"),
        "a -",
        ("created", "not_in_docebo updated", "not_in_docebo updated"),
        "- a",
    ),
    Life(
        "shared, then the first is deleted",
        ({0: "a"}, {1: "a"}, {0: None}),
        ("created", "created duplicate", "not_in_docebo recreated"),
        "a -",
        ("created", "created duplicate", "not_in_docebo updated"),
        "- a",
    ),
    Life(
        "who arrived gets a deleted user's login",
        (_HERE, {0: None, 1: "a"}),
        (APART, "not_in_docebo login_taken", "not_in_docebo login_taken"),
        "a b",
    ),
    Life("given one each", ({0: "gross", 1: "gro\u00df"}, {1: "n"}), (FOLD, "created created"), "gross n"),
    Life("one of two deleted", ({0: "gross", 1: "gro\u00df"}, {1: None}), (FOLD, "created not_in_docebo"), "gross -"),
    Life("both move to one", (_HERE, {0: "n", 1: "n"}), (APART, _TO_ONE), ""),
    Life("tag dropped", ({0: "ann+x", 1: "ann"}, {0: "ann"}), (APART, "login_taken created"), "ann+x ann"),
    Life("moved and back", (_HERE, {0: "b"}, {0: "a"}), (APART, "login_taken created", "unchanged created"), "a b"),
)
