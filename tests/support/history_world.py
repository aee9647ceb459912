"""Weeks of both worlds: what people and admins do in Docebo and in Descope, and the truth about all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from history_words import ADDRESSES, CITIES, NAMES, NO_ADDRESSES, USERNAMES, fold, folds, mark_of, record

if TYPE_CHECKING:
    from world import Place

Account = dict[str, Any]
CROWD = 100  # ids from here on belong to people to whom nothing happens


@dataclass
class Facts:
    """What the judge knows about a Descope user beyond what the server shows.

    `origin`: stranger, ours or linked. `disabled_by`: us, admin, or unsure when a program could not know.
    `enabled_by`: admin, or the checkpoint that did it.
    """

    origin: str = "stranger"
    disabled_by: str = ""
    enabled_by: str = ""
    made_by: str = ""  # the checkpoint whose run made it
    edited: bool = False


@dataclass
class World:
    """Both worlds, the truth about Docebo, and a list of what happened."""

    place: Place
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: dict[str, dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    freed: set[str] = field(default_factory=set)  # login ids that somebody gave up at Descope
    rights: str = "super_admin"
    login_case: str = "preserve"
    disliked: list[str] = field(default_factory=list)
    forgets: bool = False
    spoilt: bool = False
    tick: int = 0
    story: list[str] = field(default_factory=list)
    _next: int = 1

    def __post_init__(self) -> None:
        self.control = self.place.sandbox.control
        self.platform = self.place.sandbox.docebo_url.removeprefix("http://")

    def tell(self, text: str) -> None:
        """Something happened; whatever was found out before may be wrong now."""
        self.tick += 1
        self.story.append(text)

    # --- Docebo -------------------------------------------------------------------------------

    def someone(self, number: int) -> str | None:
        """One of the people to whom things happen."""
        ids = [user_id for user_id in self.people if int(user_id) < CROWD]
        return ids[number % len(ids)] if ids else None

    def hire(self, email: int, username: int, name: int) -> None:
        """Somebody new, with an address and a user name from the pools."""
        made = record(
            self._next,
            self._address(email, spare=name % 4 > 0),
            self._free_username(username),
            NAMES[name % len(NAMES)],
            CITIES[name % len(CITIES)],
        )
        self._next += 1
        self._put(made, f"hire {made['user_id']} {made['email']} {made['username']}")

    def crowd(self, number: int) -> None:
        """People to whom nothing happens, so that one who leaves is no mass exodus."""
        for place in range(number):
            made = record(CROWD + place, f"crowd{place}@acme.example", f"crowd-{place}", ("Crowd", str(place)), "Rome")
            self.people[made["user_id"]] = made
            self.control.put_docebo_user(made)
        if number:
            self.tell(f"crowd of {number}")

    def change(self, user_id: str, **keys: Any) -> None:
        """Change a record."""
        self._put(self.people[user_id] | keys, f"change {user_id} {keys}")

    def move(self, user_id: str, email: int) -> None:
        """Another address, in one of four cases that of somebody else."""
        old = self.people[user_id]["email"]
        self.change(user_id, email=self._address(email, but=old, spare=email % 4 > 0))

    def rename_login(self, user_id: str, username: int) -> None:
        """Another user name; Docebo has each only once."""
        self.change(user_id, username=self._free_username(username))

    def rename(self, user_id: str, name: int) -> None:
        """Another name."""
        others = [name for name in NAMES if name[0] != self.people[user_id]["first_name"]]
        first, last = others[name % len(others)]
        self.change(user_id, first_name=first, last_name=last, fullname=f"{first} {last}")

    def relocate(self, user_id: str, city: int) -> None:
        """Another city."""
        others = [name for name in CITIES if name != self.people[user_id]["field_4"]]
        self.change(user_id, field_4=others[city % len(others)])

    def suspend_or_bring_back(self, user_id: str, how: int) -> None:
        """Suspend or let expire who is active, bring back who is not."""
        person = self.people[user_id]
        if person["status"] == "0" or person["expired"]:
            self.change(user_id, status="1", expired=False)
        else:
            self.change(user_id, **({"expired": True} if how % 3 == 0 else {"status": "0"}))

    def blank(self, user_id: str, how: int) -> None:
        """No address any more."""
        self.change(user_id, email=NO_ADDRESSES[how % len(NO_ADDRESSES)])

    def take_over(self, one: str, other: str, email: int) -> None:
        """`one` moves to a pool address, `other` gets the one it had."""
        old = self.people[one]["email"]
        self.move(one, email)
        self.change(other, email=old)

    def swap(self, one: str, other: str, key: str) -> None:
        """Two people swap addresses or user names."""
        first, second = self.people[one][key], self.people[other][key]
        self.change(one, **{key: second})
        self.change(other, **{key: first})

    def fire(self, user_id: str) -> None:
        """Delete somebody in Docebo."""
        self.gone[user_id] = self.people.pop(user_id)
        self.control.delete_docebo_user(user_id)
        self.tell(f"fire {user_id}")

    def make_anew(self, user_id: str) -> None:
        """Delete somebody and make the same person again, under a new id."""
        old = self.people[user_id]
        self.fire(user_id)
        made = old | {"user_id": str(self._next), "uuid": f"{self._next:08x}-90aa-11ee-8f10-000000000000"}
        self._next += 1
        self._put(made, f"make anew {user_id} as {made['user_id']}")

    def list_again(self, number: int) -> None:
        """Docebo shows somebody again who was gone."""
        if self.gone:
            user_id = sorted(self.gone)[number % len(self.gone)]
            self._put(self.gone.pop(user_id), f"list {user_id} again")

    def lose_rights(self, level: str, sees: int) -> None:
        """The migrating user sees only some people, or nobody."""
        self.rights = level
        self.control.set_switches(docebo={"session_level": level, "power_user_sees": sees})
        self.tell(f"rights {level} {sees if level == 'admin' else ''}")

    def give_rights_back(self) -> None:
        """The migrating user sees everybody."""
        if self.rights != "super_admin":
            self.lose_rights("super_admin", 0)

    def _put(self, made: dict[str, Any], what: str) -> None:
        self.people[made["user_id"]] = made
        self.control.put_docebo_user(made)
        self.tell(what)

    def _address(self, number: int, *, but: str | None = None, spare: bool = True) -> str:
        """An address of the pool, if asked for and possible one that nobody has."""
        start = number % len(ADDRESSES)
        others = [address for address in (*ADDRESSES[start:], *ADDRESSES[:start]) if address != but]
        taken = {fold(str(person["email"])) for person in self.people.values()}
        free = [address for address in others if fold(address) not in taken] if spare else []
        return (free or others)[0]

    def _free_username(self, number: int) -> str:
        """Docebo's user names are unique, in any case."""
        taken = {str(person["username"]).lower() for person in self.people.values()}
        for place in range(len(USERNAMES)):
            name = USERNAMES[(number + place) % len(USERNAMES)]
            if name.lower() not in taken:
                return name
        return f"emp-{self._next}-{self.tick}"

    # --- Descope ------------------------------------------------------------------------------

    def accounts(self) -> dict[str, Account]:
        """Every Descope user by id."""
        return {user["userId"]: user for user in self.control.state()["descope"]["users"]}

    def account(self, number: int, *, ours: bool) -> Account | None:
        """One Descope user, ours or not."""
        users = [user for user in self.accounts().values() if (mark_of(user) is not None) == ours]
        users = [user for user in users if int((mark_of(user) or ("", "0"))[1]) < CROWD]
        return users[number % len(users)] if users else None

    def sign_up(self, logins: list[str], name: int, *, half_mark: bool = False) -> None:
        """A stranger comes to Descope; a login id that somebody has is not given twice."""
        taken = {login for user in self.accounts().values() for login in folds(user["loginIds"])}
        free = [self._stored(login) for login in logins if fold(login) not in taken]
        if not free:
            return
        first, last = NAMES[name % len(NAMES)]
        email = next((login for login in free if "@" in login), "")
        user_id = self.control.put_descope_user(
            {
                "loginIds": list(dict.fromkeys(free)),
                "email": email,
                "verifiedEmail": bool(email),
                "name": f"{first} {last}",
                "givenName": first,
                "password": True,
                "customAttributes": {"doceboPlatform": self.platform} if half_mark else {},
            }
        )
        self.facts[user_id] = Facts()
        self.tell(f"sign up {free}{' half a mark' if half_mark else ''}")

    def _stored(self, login: str) -> str:
        """The login id as Descope stores it."""
        bare = fold(login)
        if bare.startswith("+"):
            return bare
        return login.lower() if self.login_case == "lower" else login

    def edit(self, account: Account, **values: Any) -> None:
        """A person or an admin changes an account."""
        self.facts.setdefault(account["userId"], Facts()).edited = True
        self.control.put_descope_user(account | values)
        self.tell(f"edit at Descope {_name(account)} {values}")

    def set_status(self, account: Account, status: str) -> None:
        """An admin disables or enables an account."""
        facts = self.facts.setdefault(account["userId"], Facts())
        if account["status"] == status:
            return
        if status == "disabled":
            facts.disabled_by = "unsure" if facts.enabled_by == "admin" else "admin"
        else:
            facts.enabled_by = "admin"
        self.edit(account, status=status)

    def sign_in(self, account: Account) -> None:
        """Somebody signs in for the first time and sets a credential."""
        if account["customAttributes"].get("freshlyMigrated"):
            self.edit(account, password=True, customAttributes=account["customAttributes"] | {"freshlyMigrated": False})

    def clean_up(self, account: Account) -> None:
        """An admin takes the attribute away that has done its work."""
        kept = {key: value for key, value in account["customAttributes"].items() if key != "freshlyMigrated"}
        self.edit(account, customAttributes=kept)

    def move_at_descope(self, account: Account, email: int) -> None:
        """A person changes the own address, and with it the login id."""
        new = ADDRESSES[email % len(ADDRESSES)].lower()
        others = {i for u in self.accounts().values() if u["userId"] != account["userId"] for i in folds(u["loginIds"])}
        if fold(new) in others:
            new = f"own-{self.tick}@home.example"
        self.freed |= folds(account["loginIds"])
        kept = [login for login in account["loginIds"] if fold(login) != fold(account["email"])]
        self.edit(account, email=new, loginIds=list(dict.fromkeys([new, *kept])))

    def delete_account(self, account: Account) -> None:
        """An admin deletes an account."""
        self.freed |= folds(account["loginIds"])
        self.control.delete_descope_user(account["userId"])
        self.tell(f"delete at Descope {_name(account)}")

    def merge(self, kept: Account, lost: Account) -> None:
        """An admin merges two accounts."""
        if kept["userId"] == lost["userId"]:
            return
        self.delete_account(lost)
        self.edit(kept, loginIds=list(dict.fromkeys([*kept["loginIds"], *lost["loginIds"]])))

    def wipe(self) -> None:
        """Somebody empties the project."""
        for account in self.accounts().values():
            self.delete_account(account)

    def dislike(self, login: str) -> None:
        """Descope cannot stomach a login id."""
        self.disliked = [*self.disliked, login]
        self.control.set_switches(descope={"refuse_logins": self.disliked})
        self.tell(f"Descope dislikes {login}")

    def set_up(self, *, existing_login: str, login_case: str) -> None:
        """What Descope does about login ids that are there already, and about their case."""
        self.login_case = login_case
        search = "insensitive" if login_case == "insensitive" else "exact"
        self.control.set_switches(
            descope={"existing_login": existing_login, "login_case": login_case, "search_case": search}
        )
        self.tell(f"existing_login {existing_login}, login_case {login_case}")

    def forget_city(self, *, forgets: bool) -> None:
        """Descope does not keep a value, and says nothing."""
        self.forgets = forgets
        self.control.set_switches(descope={"ignored_attribute": "city" if forgets else None})
        self.tell(f"Descope {'forgets' if forgets else 'keeps'} the city")

    def spoil(self, *rules: dict[str, Any]) -> None:
        """Answers go wrong from now on, or, without rules, no more."""
        self.spoilt = bool(rules)
        self.control.set_faults(*rules)
        self.tell(f"answers go wrong: {rules}" if rules else "answers are right again")

    @property
    def unforeseen(self) -> bool:
        """Whether something is wrong that no plan can see."""
        return bool(self.disliked) or self.forgets or self.spoilt


def _name(account: Account) -> str:
    mark = mark_of(account)
    return f"user of {mark[1]}" if mark else str(account["loginIds"])
