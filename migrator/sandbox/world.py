"""Both sides of a made-up migration: a Docebo full of people, a Descope project, journal and faults."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from migrator.sandbox import people
from migrator.sandbox.descope import Store
from migrator.sandbox.docebo import Platform
from migrator.sandbox.faults import Faults
from migrator.sandbox.journal import Journal
from migrator.sandbox.relying_party import RelyingParty

_OWN_ADDRESS: Final = ("ordinary", "suspended", "expired")


class Population(BaseModel):
    """Who is there at the start.

    `strangers` are Descope users who were there before and hold the e-mail address of a Docebo person.
    """

    model_config = ConfigDict(extra="forbid")

    users: int = Field(200, ge=0)
    seed: int = 1
    difficult: float = Field(0.05, ge=0, le=1)
    strangers: int = Field(0, ge=0)
    pending: int = Field(5, ge=0)


class World:
    """All state of the sandbox."""

    def __init__(self, population: Population) -> None:
        self.docebo = Platform()
        self.relying_party = RelyingParty(self.docebo)
        self.descope = Store()
        self.faults = Faults()
        self.reset(population)

    def reset(self, population: Population) -> None:
        """Begin anew: other people, fresh project, default switches, no faults, empty journal."""
        made = people.make(population.users, population.seed, population.difficult)
        waiting = people.pending(population.pending, population.seed)
        self.docebo.reset((person.record for person in made), waiting)
        self.relying_party.reset()
        self.descope.reset()
        taken = [person.record["email"] for person in made if person.kind in _OWN_ADDRESS]
        # From the end: the earliest people stay plain for whoever looks at a page by eye.
        self.descope.seed_strangers(population.strangers, population.seed, taken[::-1][: population.strangers])
        self.faults.set([])
        self.journal = Journal()
