"""Every switch of both sandbox APIs, in every value: the same right result, or the outcome that is listed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import oracle
import pytest
from runs import CREATE, Run, go
from switch_cases import (
    ANOTHER,
    APIS,
    COUNTS,
    NO_SECOND_RUN,
    NOT_FOR_THE_ORACLE,
    OTHERS,
    POPULATION,
    REASONS,
    SCENES,
    SOMEBODY,
    TYPED,
    VALUES,
    Other,
    Scene,
)
from virtual_clock import FastClock

if TYPE_CHECKING:
    from pathlib import Path

    from world import Place


@dataclass(frozen=True)
class Case:
    """One switch in one value; `name` is the value, or its place in `VALUES`."""

    api: str
    switch: str
    value: Any
    name: Any

    @property
    def other(self) -> Other | None:
        """The listed outcome, if it differs."""
        return OTHERS.get((self.switch, self.name))


def cases() -> list[Case]:
    """All of them, from the switches' own types; a switch that is neither a choice nor in `VALUES` is an error."""
    found = []
    for api, model in APIS.items():
        for switch, info in model.model_fields.items():
            if get_origin(info.annotation) is Literal:
                found += [Case(api, switch, value, value) for value in get_args(info.annotation)]
            else:
                found += [Case(api, switch, value, name) for name, value in enumerate(VALUES[switch])]
    return found


@pytest.fixture(params=cases(), ids=lambda case: f"{case.api}-{case.switch}-{case.name}")
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def arrange(place: Place, case: Case) -> Scene:
    scene = SCENES.get((case.switch, case.name)) or SCENES.get(case.switch) or Scene()
    control = place.sandbox.control
    control.reset(**POPULATION)
    for api, switches in {"docebo": scene.docebo, "descope": scene.descope}.items():
        control.set_switches(**{api: switches | ({case.switch: case.value} if api == case.api else {})})
    if scene.fault is not None:
        control.set_faults(scene.fault)
    place.configure(docebo={"page_size": 50}, descope={"batch_size": 50}, mapping={"attributes": TYPED})
    place.configure(**scene.config)
    return scene


def run(place: Place, scene: Scene) -> Run:
    return go(place, FastClock(scene.factor) if scene.factor else None)


def test_n13_n14_p6_every_switch_gives_the_same_right_result(place: Place, case: Case) -> None:
    """Under each value everybody ends as under the default, or as listed; Descope's work for the catch-up pass, too."""
    scene = arrange(place, case)
    start = oracle.before(place)

    first = run(place, scene)

    other = case.other or Other(3, "", COUNTS, REASONS)
    assert first.code == other.code, first.error
    if other.counts is not None:
        assert (first.counts, first.reasons) == (other.counts, other.reasons)
    if {case.switch, (case.switch, case.name)}.isdisjoint(NOT_FOR_THE_ORACLE):
        oracle.check(place, start, whole=first.code == 3)
        assert not differences(place).exists()
    if first.code != 3:
        recover(place, start)
    elif case.api == "descope" and {case.switch, (case.switch, case.name)}.isdisjoint(NO_SECOND_RUN):
        catch_up(place, scene, first)  # Docebo's switches are about reading, which the first run did


def differences(place: Place) -> Path:
    """Where the program lists users who came back other than they were sent."""
    return place.folder / "reports" / "differences.csv"


def recover(place: Place, start: oracle.Before) -> None:
    """Nothing was spoilt: with everything as usual the next run gives the usual result."""
    control = place.sandbox.control
    usual = {api: model().model_dump() for api, model in APIS.items()}
    control.set_switches(docebo=usual["docebo"], descope=usual["descope"])
    place.settings.clear()
    place.configure(docebo={"page_size": 50}, descope={"batch_size": 50}, mapping={"attributes": TYPED})
    again = go(place)
    assert (again.counts, again.reasons) == (COUNTS, REASONS)
    oracle.check(place, start)


def catch_up(place: Place, scene: Scene, first: Run) -> None:
    """A changed name and a changed address arrive, and nobody is created anew."""
    control = place.sandbox.control
    control.patch_docebo_user(SOMEBODY["user_id"], fullname="Neue Frau")
    control.patch_docebo_user(ANOTHER["user_id"], email="brand.new@example.org")
    start = oracle.before(place)
    again = run(place, scene)
    assert again.code == first.code, again.error
    changed = 1 if first.counts.get("failed") else 2  # one of the two may be the one that is refused
    assert again.counts == first.counts | {"created": first.counts["created"] - changed, "updated": changed}
    oracle.check(place, start)
    assert not any(entry["path"] == CREATE and entry["committed"] for entry in place.journal("descope", start.journal))


def test_every_value_listed_here_belongs_to_a_switch() -> None:
    """The tables above name no switch that is gone."""
    known = {name for model in APIS.values() for name in model.model_fields}
    tables = (*VALUES, *SCENES, *OTHERS, *NO_SECOND_RUN, *NOT_FOR_THE_ORACLE)
    assert {key if isinstance(key, str) else key[0] for key in tables} <= known
