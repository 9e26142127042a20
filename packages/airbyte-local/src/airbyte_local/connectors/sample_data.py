"""The Sample Data source: users, products and purchases that nobody had to enter, as many as wanted.

What stands in a row follows from the seed and its number alone, so a run can begin anywhere. As with the vendor's
connector, `updated_at` is the time of the run, a row has no key for what has not happened, three purchases of ten
stay in the cart and one comes back, and of ten users eight buy once, one twice, one never.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import blake2b
from pathlib import Path

from airbyte_local.connectors.messages import now_ms, record, stream_state, stream_status
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings
from airbyte_local.connectors.specifications import Specified, streams
from airbyte_local.model.json_values import Json

STREAMS = streams("source-faker")
ROWS_AT_ONCE = 1000  # between two looks at whether the job was cancelled
PRODUCTS = 100
FROM, TO = 946_684_800, 1_735_689_600  # the years 2000 to 2024, in seconds since 1970
_words: Json = json.loads(Path(__file__).with_name("sample_words.json").read_text(encoding="utf-8"))
MAKES: dict[str, list[str]] = _words.pop("makes")
WORDS: dict[str, list[str]] = {kind: " ".join(lines).split() for kind, lines in _words.items()}
"""Each list is as long as a power of two, so that a byte picks evenly."""
Row = Callable[[int, int, str], Json]  # of a seed, a number from 1 on, and the time of the run


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one reading goes by."""

    count: int
    seed: int  # as configured: what a state has
    dice: int  # as thrown
    slice: int
    always_updated: bool
    now: str
    around: Surroundings

    def total(self, name: str) -> int:
        """As many users, as many purchases, and a hundred products at most."""
        return min(self.count, PRODUCTS) if name == "products" else self.count

    def state(self, name: str, done: int) -> Json:
        offset: Json = {} if name == "products" else {"loop_offset": done}
        return stream_state(name, {"seed": self.seed, "updated_at": self.now, **offset})

    def done(self, name: str, state: Json) -> int:
        """How many rows need not come again. Unlike the vendor's, a run that was broken off is taken up again."""
        if self.always_updated or "updated_at" not in state:
            return 0
        offset = state.get("loop_offset")
        return offset if isinstance(offset, int) else self.total(name)


class SampleData(Specified):
    image = "source-faker"

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        """Nothing can be wrong that the specification does not already refuse."""

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        return list(STREAMS)

    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        """Rows of one seed are the same on every run, but for `updated_at`, which is the time of the run."""
        seed: int = configuration.get("seed", -1)
        run = Run(
            count=configuration.get("count", 1000),
            seed=seed,
            dice=secrets.randbits(63) if seed == -1 else seed,
            slice=configuration.get("records_per_slice", 1000),
            always_updated=configuration.get("always_updated", True),
            now=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            around=around,
        )
        told = [message["stream"] for message in state if "stream" in message]
        states: dict[str, Json] = {
            stream["stream_descriptor"]["name"]: stream.get("stream_state") or {} for stream in told
        }
        for configured in catalog["streams"]:
            name: str = configured["stream"]["name"]
            if name not in ROWS:
                raise ConnectorFailed(f"There is no stream {name!r} here: there are {', '.join(ROWS)}")
            incremental = configured.get("sync_mode") == "incremental"
            yield from _read(run, name, run.done(name, states.get(name, {})) if incremental else 0)


def _read(run: Run, name: str, done: int) -> Generator[Json]:
    total, row = run.total(name), ROWS[name]
    yield stream_status(name, "STARTED")
    if done < total:
        yield stream_status(name, "RUNNING")
    while done < total:
        if done % ROWS_AT_ONCE == 0:
            run.around.cancellation.raise_if_requested()
        done += 1
        yield record(name, row(run.dice, done, run.now), now_ms())
        if done % run.slice == 0 and done < total and name != "products":  # whose state knows no middle
            yield run.state(name, done)
    yield run.state(name, done)
    yield stream_status(name, "COMPLETE")


def _dice(seed: int, stream: str, number: int) -> bytes:
    return blake2b(f"{seed} {stream} {number}".encode()).digest()


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def _between(least: int, greatest: int, dice: bytes) -> int:
    return least + int.from_bytes(dice, "big") * (greatest - least) // (1 << 8 * len(dice))


def user(seed: int, number: int, now: str) -> Json:
    dice = _dice(seed, "users", number)
    name = WORDS["names"][dice[0] & 63]
    return {
        "id": number,
        "created_at": _time(_between(FROM, TO, dice[40:44])),
        "updated_at": now,
        "name": name,
        "title": WORDS["titles"][dice[1] & 7],
        "age": 18 + dice[2] % 63,
        "email": f"{name.lower()}.{dice[3]}+{number}@{WORDS['domains'][dice[4] & 3]}",
        "telephone": f"({200 + dice[5]}) 555-{dice[6]:03}{dice[7] % 10}",
        "gender": WORDS["genders"][dice[8] & 3],
        "language": WORDS["languages"][dice[9] & 31],
        "academic_degree": WORDS["degrees"][dice[10] & 3],
        "nationality": WORDS["nationalities"][dice[11] & 31],
        "occupation": WORDS["occupations"][dice[12] & 31],
        "height": f"1.{50 + dice[13] % 50}",
        "blood_type": WORDS["bloods"][dice[14] & 7],
        "weight": 45 + dice[15] % 60,
        "address": {
            "street_number": str(1 + dice[16]),
            "street_name": WORDS["streets"][dice[17] & 31],
            "city": WORDS["cities"][dice[18] & 31],
            "state": WORDS["states"][dice[19] & 31],
            "province": WORDS["states"][dice[20] & 31],
            "postal_code": f"{dice[21]:03}{dice[22] % 100:02}",
            "country_code": WORDS["countries"][dice[23] & 31],
        },
    }


def product(_seed: int, number: int, now: str) -> Json:
    """The same for every seed."""
    dice = _dice(0, "products", number)
    make = list(MAKES)[dice[0] % len(MAKES)]
    models = MAKES[make]
    return {
        "id": number,
        "make": make,
        "model": models[dice[1] % len(models)],
        "year": 2000 + dice[2] % 25,
        "price": _between(5_000, 90_000, dice[3:7]),
        "created_at": _time(FROM),
        "updated_at": now,
    }


def purchase(seed: int, number: int, now: str) -> Json:
    dice = _dice(seed, "purchases", number)
    created = _between(FROM, TO, dice[0:4])
    added = _between(created, TO, dice[4:8])
    purchased = _between(added, TO, dice[8:12])
    row = {
        "id": number,
        "user_id": _buyer(seed, number),
        "product_id": 1 + dice[12] * PRODUCTS // 256,
        "created_at": _time(created),
        "updated_at": now,
        "added_to_cart_at": _time(added),
    }
    end = dice[13] % 10
    if end > 2:
        row["purchased_at"] = _time(purchased)
    if end == 9:
        row["returned_at"] = _time(_between(purchased, TO, dice[14:18]))
    return row


def _buyer(seed: int, number: int) -> int:
    """The user of one purchase: never one with a greater number, so there is one however few users there are."""
    ten, place = divmod(number - 1, 10)
    dice = _dice(seed, "tens", ten)
    twice = dice[0] % 9
    never = twice + 1 + dice[1] % (9 - twice)
    return number - 1 if twice < place <= never else number


ROWS: dict[str, Row] = {"users": user, "products": product, "purchases": purchase}
