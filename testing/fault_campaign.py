"""A campaign of seeded faults against a local Airbyte: what a report says is so, nothing is doubled, nothing lost.

What the server holds is read from its store, and held against what was declared, whatever the library thinks of it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final

import anyio
from airbyte_local.connectors.registry import PUBLIC
from airbyte_local.handlers.connections import configured_streams, shared_properties
from airbyte_local.handlers.workspaces import NOTIFICATION_SETTINGS
from airbyte_local.model import configurations
from airbyte_local.model.records import Definition
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.changes import Change, Replace
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.reports import Outcome
from dagster_managed_elements.engine.succession import read_interim
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result

from testing.airbytes import Cell
from testing.fault_dice import (
    COLORS,
    CONFIGURED,
    IMAGE,
    MADE_OF,
    PAGE,
    Dice,
    Module,
    made_of,
    manifest,
    stream_settings,
)
from testing.inner_airbyte import Asker, InnerAirbyte, Killed, at_once, inner_airbyte

PROMISES: Final[Mapping[str, str]] = {
    "duplicate": "No object is there twice that no report said to be.",
    "lost": "Nothing is gone that is declared before and after.",
    "false done": "What is reported as done is so.",
    "false failed": "What is reported as failed or skipped is not so.",
    "created again": "A create that was not answered is not sent a second time in that run.",
    "written beside an error": "Where a run ends with an error instead of a report, nothing was written.",
    "internal error": "No fault of a server makes the library itself fail.",
    "stuck": "Once the server behaves, at most three more runs end what is left.",
    "not as declared": "Then everything is as declared, each field, and nothing else is there.",
    "choice lost": "What is not declared is as it was, unless the plan said otherwise.",
    "written again": "The run after that plans nothing and writes nothing.",
}
"""What the campaign holds every run to, by what it says of one that does not keep it."""

ROUNDS: Final = 4
"""Of changes, one after the other, in the world of one seed."""
MOST_RERUNS: Final = 4
DEFINITIONS = {definition.id: definition.name for definition in PUBLIC}
SETTINGS: Final = (
    "prefix",
    "scheduleType",
    "scheduleData",
    "status",
    "nonBreakingChangesPreference",
    "notifySchemaChanges",
    "notifySchemaChangesByEmail",
    "backfillPreference",
    "resourceRequirements",
    "geography",
)
SCHEDULE: Final = frozenset({"scheduleType", "scheduleData"})
LOOSE: Final = frozenset({"status", "tags"}) | SCHEDULE
"""What a replacement has only in the end, or what not every API can give it."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """An object as the store has it; *facts* are what every module declares of it, *settings* what it may."""

    kind: str
    name: str
    id: str
    facts: Any
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def place(self) -> str:
        """Whose name it has, or is to have."""
        return base(self.name)


def base(name: str) -> str:
    interim = read_interim(name)
    return name if interim is None else interim.name


def rows_of(server: InnerAirbyte) -> dict[str, Row]:
    """All that is not deleted, by its id."""
    workspace_id = server.workspace_id
    with server.world.store.transaction() as session:
        connectors = {kind: session.definitions.all(kind) for kind in ("source", "destination")}
        own = {id_: each for found in connectors.values() for id_, each in found.items() if each.custom}
        rows = [
            Row(
                kind=kind,
                name=actor.name,
                id=actor.id,
                facts=(
                    DEFINITIONS.get(actor.definition_id) or own[actor.definition_id].details["name"],
                    configurations.hydrate(actor.configuration or {}, session.actors.secret),
                ),
            )
            for kind in ("source", "destination")
            for actor in session.actors.of_workspaces(kind, [workspace_id])
        ]
        names = {row.id: base(row.name) for row in rows}
        rows += [
            Row(kind="tag", name=tag.name, id=tag.id, facts=tag.color)
            for tag in session.tags.of_workspace(workspace_id)
        ]
        rows += [connector_row(definition) for definition in own.values() if not definition.tombstone]
        workspace = session.workspaces.get(workspace_id)
        assert workspace is not None
        told = workspace.details.get("notificationSettings", NOTIFICATION_SETTINGS)["sendOnFailure"]
        is_told = "customerio" in told.get("notificationType", ())
        rows.append(Row(kind="workspace", name=workspace.name, id=workspace.id, facts=is_told))
        for found in session.connections.of_workspaces([workspace_id]):
            ends = names.get(found.source_id), names.get(found.destination_id)
            facts = (*ends, streams_of(found.details))
            settings = settings_of(shared_properties(session, found))
            for stream in found.details["streams"]:
                settings |= stream_settings(stream["stream"]["name"], stream["config"], server.api)
            rows.append(Row(kind="connection", name=found.name, id=found.id, facts=facts, settings=settings))
    return {row.id: row for row in rows}


def connector_row(definition: Definition) -> Row:
    """Of a low-code one what is in use counts."""
    details = definition.details
    if "manifest" in details:
        return Row(kind="low-code connector", name=details["name"], id=definition.id, facts=details["manifest"])
    facts = details["dockerRepository"], details["dockerImageTag"], details["documentationUrl"]
    return Row(kind=f"{definition.kind} definition", name=details["name"], id=definition.id, facts=facts)


def streams_of(details: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        row["stream"]["name"]: (row["config"]["syncMode"], row["config"]["destinationSyncMode"])
        for row in details["streams"]
        if row["config"].get("selected", True)
    }


def settings_of(read: Mapping[str, Any]) -> dict[str, Any]:
    """In one form whatever it was written by: none where there is none."""
    definition = read["namespaceDefinition"]
    found = {name: read.get(name) for name in SETTINGS}
    return {
        **found,
        "prefix": read.get("prefix") or "",
        "resourceRequirements": read.get("resourceRequirements") or {},
        "geography": read.get("geography") or "auto",
        "namespace": (definition, read.get("namespaceFormat") if definition == "customformat" else None),
        "tags": sorted(tag["name"] for tag in read["tags"]),
    }


def declared(module: Module, kind: str, name: str) -> Any:
    if kind == "connection":
        sync = module.connections[name]
        return sync.source, sync.destination, {name: stream.mode.value for name, stream in sync.streams.items()}
    if kind == "tag":
        return COLORS[module.tags[name]]
    if kind == "workspace":
        return module.workspace is not None and module.workspace[1]
    if kind == "low-code connector":
        return manifest(module.manifests[name])
    if kind.endswith("definition"):
        return IMAGE, f"1.{module.images[kind][name]}", PAGE
    if kind == "source" and name in module.made:
        return MADE_OF[name], made_of(module.made[name])
    connector, number = (module.sources if kind == "source" else module.destinations)[name]
    return connector, CONFIGURED[kind][connector](number)


def is_as_declared(row: Row, module: Module, kind: str, name: str) -> bool:
    if row.kind != kind or row.facts != declared(module, kind, name):
        return False
    wanted = module.connections[name].settings() if kind == "connection" else {}
    return all(row.settings.get(word) == value for word, value in wanted.items())


def differing(before: Mapping[str, Any], now: Mapping[str, Any], own: Container[str]) -> dict[str, tuple[Any, Any]]:
    """What is not among *own* and was another *before*, but for what is of a stream that is not there any more."""
    found = {word: (value, now[word]) for word, value in before.items() if word in now and word not in own}
    return {word: (old, new) for word, (old, new) in found.items() if old != new}


def choose(
    server: InnerAirbyte, name: str, chosen: Mapping[str, Any], streams: Mapping[str, Mapping[str, Any]]
) -> None:
    """As the UI does: *streams* are parts of their configurations; one that is narrowed already stays as it is."""
    workspace_id = server.workspace_id
    with server.world.store.transaction() as session:
        (row,) = [row for row in session.connections.of_workspaces([workspace_id]) if row.name == name]
        before = row.details["streams"]
        after = [
            {**each, "config": {**each["config"], **streams.get(each["stream"]["name"], {})}}
            if not each["config"].get("fieldSelectionEnabled")
            else each
            for each in before
        ]
        row = replace(row, details={**row.details, "streams": configured_streams({"streams": after}, before)})
        details = {**row.details, **{word: value for word, value in chosen.items() if word != "namespace"}}
        status = details.pop("status", row.status)
        if "namespace" in chosen:
            details["namespaceDefinition"], details["namespaceFormat"] = chosen["namespace"]
        session.connections.save(replace(row, status=status, details=details))


@dataclass
class Campaign:
    """Episodes against one server. *counts* is what there is to say of them, *wrong* what must not be."""

    cell: Cell
    server: InnerAirbyte
    counts: Counter[str] = field(default_factory=Counter)
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seed: str = ""
    faults: list[dict[str, Any]] = field(default_factory=list)
    named: dict[str, bool] = field(default_factory=dict[str, bool])
    """Whether each plan that was agreed to, also by who was killed then, and that replaces the connection with this
    id, says that its schedule is lost.
    """
    parted: set[str] = field(default_factory=set)
    """Connections that went with the source or destination that somebody deleted since it was there twice."""

    def episode(self, seed: str) -> None:
        """A module, and changes to it one after the other, each over faults and then without."""
        dice = Dice(seed, self.cell)
        random.seed(seed)  # what the library draws its pauses from
        self.seed, self.faults = seed, []
        self.server.reset()
        before = dice.module()
        self.converged(before, deletes=True)
        for number in range(ROUNDS):
            self.seed = f"{seed} round {number}"
            self.round(dice, before, after := dice.after(before))
            before = after

    def round(self, dice: Dice, before: Module, after: Module) -> None:
        self.named, self.parted = dict[str, bool](), set[str]()
        self.choose(dice, before)
        deletes, there = dice.deletes(), rows_of(self.server)
        known = {kind: {row.name for row in there.values() if row.kind == kind} for kind in before.names()}
        for _ in range(dice.random.choice([1, 1, 2])):
            self.faulted(dice, after, deletes=deletes)
            self.hold(known, after)
            if dice.is_wide:
                there = self.chosen_since(dice, before, there)
        self.converged(after, deletes=deletes)
        self.compare(known, after, there, deletes=deletes)

    def choose(self, dice: Dice, module: Module) -> None:
        """What somebody chooses in the UI of some of the connections that *module* declares."""
        here = {row.name: row for row in rows_of(self.server).values() if row.kind == "connection"}
        for name in sorted(here.keys() & set(module.connections)):
            if dice.random.random() < 0.5:
                choose(self.server, name, dice.chosen(), dice.chosen_streams(here[name].facts[-1]))

    def chosen_since(self, dice: Dice, module: Module, there: Mapping[str, Row]) -> dict[str, Row]:
        """*there* with what somebody has chosen now, after a run that may have been cut in two."""
        before = rows_of(self.server)
        self.choose(dice, module)
        now = rows_of(self.server)
        changed = {id_: row for id_, row in now.items() if id_ in before and row.settings != before[id_].settings}
        found = dict(there)
        for id_, row in changed.items():
            words = {word: new for word, (_, new) in differing(before[id_].settings, row.settings, ()).items()}
            held = next((old for old in there.values() if (old.kind, old.name) == (row.kind, row.name)), row)
            found.pop(held.id, None)
            # What was said to be lost is, where another one has its place; of a new choice no plan knows yet.
            gone = SCHEDULE if id_ != held.id and self.named.get(held.id) else ()
            if gone or not SCHEDULE.isdisjoint(words):
                self.named.pop(held.id, None)
            settings = {**held.settings, **words, **{word: row.settings[word] for word in gone}}
            found[id_] = replace(row, settings=settings)
        return found

    def faulted(self, dice: Dice, module: Module, *, deletes: bool) -> None:
        """One run, or two at once, while faults are on."""
        ending, there = dice.ending(), rows_of(self.server)
        self.faults = [] if ending in {"two", "killed"} and dice.random.random() < 0.5 else dice.faults()
        self.server.forget_requests()
        self.server.faults(*self.faults)
        askers = [Asker(draws=dice.random) for _ in range(2 if ending == "two" else 1)]
        if ending == "killed":
            askers[0].dies_at, askers[0].heard = dice.random.randint(4, 40), dice.random.random() < 0.5
        told = dice.random.randint(1, 4) if ending == "interrupted" else None
        results = self.apply(module, askers, deletes=deletes, told=told, concurrency=dice.concurrency())
        self.server.faults()
        self.note(ending)
        if ending != "two":
            self.once()
        rows = rows_of(self.server)
        for result in results:
            self.judge(result, module, rows, there, is_alone=ending != "two")
        if ending == "two":
            self.part(results, rows)

    def note(self, ending: str) -> None:
        """Count what was hit: which write of which kind, by what."""
        hit = [exchange for exchange in self.server.requests if exchange.fault]
        self.counts["runs over faults"] += 1
        self.counts["runs that a fault met"] += bool(hit)
        self.counts[f"ended: {ending}"] += 1
        for exchange in hit:
            if (write := write_of(exchange.method, exchange.path)) is not None:
                for action in exchange.fault.split(", "):
                    self.hits[write, action] += 1

    def once(self) -> None:
        """No create is sent again whose answer did not come."""
        unanswered: set[tuple[str, bytes]] = set()
        for exchange in self.server.requests:
            sent = exchange.path, exchange.request_bytes
            if (write_of(exchange.method, exchange.path) or "").startswith("create"):
                if sent in unanswered:
                    self.say("created again", exchange.path)
                if not exchange.delivered or "cut-body" in (exchange.fault or ""):
                    unanswered.add(sent)

    def say(self, wrong: str, *facts: object) -> None:
        assert wrong in PROMISES
        told = ", ".join(map(str, facts))
        self.wrong.append(f"{self.seed}: {wrong}: {told}; faults {self.faults}")

    def apply(
        self,
        module: Module,
        askers: Iterable[Asker],
        *,
        deletes: bool,
        told: int | None = None,
        concurrency: int = 10,
    ) -> list[Result]:
        """What became of one run for each of *askers*, all at once; nothing of one that was killed. *told*: how
        many outcomes are heard before somebody interrupts.
        """
        results: list[Result] = []

        async def decide(plan: Plan) -> Policy:
            self.agree(plan)
            return Policy(allow_all=True)

        async def one(asker: Asker) -> None:
            stop, outcomes = anyio.Event(), count(1)

            def hear(_outcome: Outcome) -> None:
                if told is not None and next(outcomes) >= told:
                    stop.set()

            settings = Settings(patience=30.0, timeout=1000, concurrency=concurrency)
            options = Options(decide=decide, settings=settings, on_outcome=hear)
            instance = self.server.instance(self.cell, asker)
            reconciler = Reconciler(instance, module.elements(), delete_unmentioned_resources=deletes)
            try:
                results.extend(await apply([reconciler], options, stop))
            except BaseException as error:
                if not is_killed(error):
                    raise

        async def go() -> None:
            async with anyio.create_task_group() as group:
                for asker in askers:
                    self.counts["runs"] += 1
                    group.start_soon(one, asker)
            await self.server.settle()

        at_once(go)
        return results

    def agree(self, plan: Plan) -> None:
        """Keep what *plan* says before anything of it is done."""
        said = {found.key for found in plan.consequences if "its schedule (" in found.text}
        for change in (operation.change for operation in plan.operations):
            if isinstance(change, Replace) and change.key.kind == "connection":
                id_ = change.observed.id
                self.named[id_] = self.named.get(id_, True) and change.key in said

    def judge(
        self,
        result: Result,
        module: Module,
        rows: Mapping[str, Row],
        there: Mapping[str, Row],
        *,
        is_alone: bool,
    ) -> None:
        if result.error is not None or result.report is None or result.plan is None:
            self.counts["errors"] += 1
            if is_alone and rows != there:
                self.say("written beside an error", result.error)
            return
        self.counts["interrupted"] += result.report.interrupted
        changes = {operation.step: operation.change for operation in result.plan.operations}
        for outcome in result.report.outcomes:
            self.counts[outcome.status] += 1
            if outcome.error is not None:
                self.say("internal error", outcome.step, outcome.reason, repr(outcome.error))
            so = carried_out(outcome, changes[outcome.step], module, rows, there)
            if outcome.status == "done" and not so:
                self.say("false done", outcome.step, changes[outcome.step].action, outcome.reason)
            if is_alone and outcome.status in {"failed", "skipped"} and so:
                self.say("false failed", outcome.step, outcome.status, outcome.reason)

    def hold(self, known: Mapping[str, set[str]], after: Module) -> None:
        """Nothing is doubled, and nothing is gone that is declared before and after."""
        rows = rows_of(self.server).values()
        for (kind, name), found in Counter((row.kind, row.name) for row in rows).items():
            if found > 1:
                self.say("duplicate", kind, name)
        for kind, names in after.names().items():
            gone = names & known[kind] - {row.place for row in rows if row.kind == kind}
            for name in gone - (self.parted if kind == "connection" else set[str]()):
                self.say("lost", kind, name)

    def part(self, results: Iterable[Result], rows: Mapping[str, Row]) -> None:
        """What two runs at once have made twice, each not seeing the other, one of them has to say something of:
        that it is there twice, that it was found, or, where the server was late, that nobody knows. And then
        somebody deletes all but one.
        """
        reports = [result.report for result in results if result.report is not None]
        said = {outcome.step.key for report in reports for outcome in report.outcomes if outcome.reason}
        for (kind, name), found in Counter((row.kind, row.name) for row in rows.values()).items():
            if found == 1:
                continue
            twins = [row.id for row in rows.values() if (row.kind, row.name) == (kind, name)]
            self.counts["made twice by two at once"] += 1
            if Key(kind, base(name)) not in said:
                self.say("duplicate", "of which no report of the two says anything", kind, name)
            self.drop(kind, twins)

    def drop(self, kind: str, twins: list[str]) -> None:
        with self.server.world.store.transaction() as session:
            if kind.endswith(("definition", "connector")):
                projects = session.definitions.all("project").values()
                used = {project.details.get("sourceDefinitionId") for project in projects}
                for id_ in sorted(twins, key=lambda id_: id_ not in used)[1:]:
                    definition = session.definitions.get(id_)
                    assert definition is not None
                    session.definitions.save(replace(definition, tombstone=True))
                return
            if kind == "connection":
                for id_ in twins[1:]:
                    session.connections.save(replace(session.connections.find(id_), status="deprecated"))
                return
            least_used = sorted(twins, key=lambda id_: len(session.connections.of_actor(id_)))
            for id_ in least_used[:-1]:
                for connection in session.connections.of_actor(id_):
                    self.parted.add(base(connection.name))
                    session.connections.save(replace(connection, status="deprecated"))
                actor = session.actors.get(id_)
                assert actor is not None
                session.actors.save(replace(actor, tombstone=True))

    def converged(self, module: Module, *, deletes: bool) -> None:
        """Without faults, run by run, until one finds nothing to do; and that one writes nothing."""
        for _ in range(MOST_RERUNS):
            stored = rows_of(self.server)
            self.server.forget_requests()
            (result,) = self.apply(module, [Asker()], deletes=deletes)
            if result.error is None and result.plan is not None and not result.plan.entries:
                if rows_of(self.server) != stored or any(map(is_write, self.server.requests)):
                    self.say("written again")
                return
        self.say("stuck", repr(result.error), result.report)

    def compare(
        self, known: Mapping[str, set[str]], after: Module, there: Mapping[str, Row], *, deletes: bool
    ) -> None:
        self.hold(known, after)
        rows = rows_of(self.server).values()
        for kind, names in after.names().items():
            found = {row.name: row for row in rows if row.kind == kind}
            # Without one that is declared these are somebody else's.
            is_whole = deletes and (kind in {"source", "destination", "connection"} or bool(names))
            allowed = known[kind] if kind != "workspace" or not names else set[str]()
            if not names <= set(found) <= (names if is_whole else names | allowed):
                self.say("not as declared", kind, sorted(found), "declared", sorted(names))
            for name in names & set(found):
                if not is_as_declared(found[name], after, kind, name):
                    said = (
                        declared(after, kind, name),
                        after.connections[name].settings() if kind == "connection" else "",
                    )
                    self.say("not as declared", found[name], *said)
        tags = {row.name for row in rows if row.kind == "tag"}
        now = {row.name: row.settings for row in rows if row.kind == "connection"}
        for row in there.values():
            if row.kind == "connection" and row.name in {*after.connections} & {*now} - self.parted:
                own = set(after.connections[row.name].settings())
                # The plan said so where an API cannot set such a schedule.
                own |= SCHEDULE if self.named.get(row.id) else set[str]()
                before = {**row.settings, "tags": [tag for tag in row.settings["tags"] if tag in tags]}
                if gone := differing(before, now[row.name], own):
                    self.say("choice lost", row.name, gone)


def is_killed(error: BaseException) -> bool:
    inside: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return isinstance(error, Killed) or any(map(is_killed, inside))


ENDPOINTS: Final = {
    "source_definitions": "source definition",
    "destination_definitions": "destination definition",
    "connector_builder_projects": "low-code connector",
    "declarative_source_definitions": "low-code connector",
    "workspaces": "workspace",
    **{f"{kind}s": kind for kind in ("source", "destination", "tag", "connection")},
}
"""The kind, by the first word of a path."""
DEFINED: Final = {
    "sources": "source definition",
    "destinations": "destination definition",
    "declarative_sources": "low-code connector",
}
WORDS: Final = {
    **dict.fromkeys(("create", "create_custom", "publish"), "create"),
    **dict.fromkeys(("update", "partial_update", "create_manifest", "update_active_manifest"), "update"),
    "delete": "delete",
}
VERBS: Final = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}


def write_of(method: str, path: str) -> str | None:
    """The kind and the verb of a request, such as "create source"; None where it writes nothing."""
    parts = path.removeprefix("/api/public").removeprefix("/api").removeprefix("/v1").strip("/").split("/")
    if path.startswith("/api/v1/"):
        kind, verb = ENDPOINTS.get(parts[0]), WORDS.get(parts[-1])
    else:
        defined = DEFINED[parts[3]] if parts[0] == "workspaces" and len(parts) > 3 else None
        kind, verb = defined or ENDPOINTS.get(parts[0]), VERBS.get(method)
    return None if verb is None or kind is None else f"{verb} {kind}"


def is_write(exchange: Any) -> bool:
    return write_of(exchange.method, exchange.path) is not None


def carried_out(
    outcome: Outcome, change: Change, module: Module, rows: Mapping[str, Row], there: Mapping[str, Row]
) -> bool:
    """Whether the server has what *outcome* is about."""
    step = outcome.step
    if step.verb == "delete":
        return step.id not in rows
    ids = {step.id} & set(rows) if step.id else set(rows) - set(there)
    if outcome.status == "done" and outcome.id is not None:
        ids = {outcome.id} & set(rows)
    kind, name = step.key.kind, step.key.name
    found = [rows[id_] for id_ in ids]
    if step.verb == "create" and isinstance(change, Replace):
        old = there.get(change.observed.id)
        found = [as_begun(row, module, old) for row in found if (row.kind, row.place) == (kind, name)]
    return any(row.name == name and is_as_declared(row, module, kind, name) for row in found)


def as_begun(row: Row, module: Module, old: Row | None) -> Row:
    """*row* that takes the place of *old*, as it is to be by its own name: no longer paused; and as if what is not
    declared of it were, where it is not as *old* has it.
    """
    if row.kind != "connection" or old is None:
        return replace(row, name=row.place)
    own = {**module.connections[row.place].settings()}
    lost = differing(old.settings, row.settings, {*own, *LOOSE})
    settings = {**row.settings, "status": own.get("status")}
    return replace(row, name=row.place, settings=settings, facts=None if lost else row.facts)


def campaign(cell: Cell, seeds: Iterator[str], runs: int) -> Campaign:
    """So many *runs* at least, or as long as there are *seeds*."""
    with inner_airbyte(cell) as server:
        running = Campaign(cell, server)
        for seed in seeds:
            running.episode(seed)
            if running.counts["runs"] >= runs:
                break
    return running
