"""A row by its number: what stands in it follows from the seed and the number alone, so a run can begin anywhere.

As with the vendor's connector, `updated_at` is the time of the run, a row has no key for what has not happened,
three purchases of ten stay in the cart and one comes back, and of ten users eight buy once, one twice, one never.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from hashlib import blake2b

from airbyte_local.connectors.samples import words
from airbyte_local.model.json_values import Json

PRODUCTS = 100
FROM, TO = 946_684_800, 1_735_689_600  # the years 2000 to 2024, in seconds since 1970
Row = Callable[[int, int, str], Json]  # of a seed, a number from 1 on, and the time of the run


def _dice(seed: int, stream: str, number: int) -> bytes:
    return blake2b(f"{seed} {stream} {number}".encode()).digest()


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def _between(least: int, greatest: int, dice: bytes) -> int:
    return least + int.from_bytes(dice, "big") * (greatest - least) // (1 << 8 * len(dice))


def user(seed: int, number: int, now: str) -> Json:
    dice = _dice(seed, "users", number)
    name = words.NAMES[dice[0] & 63]
    return {
        "id": number,
        "created_at": _time(_between(FROM, TO, dice[40:44])),
        "updated_at": now,
        "name": name,
        "title": words.TITLES[dice[1] & 7],
        "age": 18 + dice[2] % 63,
        "email": f"{name.lower()}.{dice[3]}+{number}@{words.DOMAINS[dice[4] & 3]}",
        "telephone": f"({200 + dice[5]}) 555-{dice[6]:03}{dice[7] % 10}",
        "gender": words.GENDERS[dice[8] & 3],
        "language": words.LANGUAGES[dice[9] & 31],
        "academic_degree": words.DEGREES[dice[10] & 3],
        "nationality": words.NATIONALITIES[dice[11] & 31],
        "occupation": words.OCCUPATIONS[dice[12] & 31],
        "height": f"1.{50 + dice[13] % 50}",
        "blood_type": words.BLOODS[dice[14] & 7],
        "weight": 45 + dice[15] % 60,
        "address": {
            "street_number": str(1 + dice[16]),
            "street_name": words.STREETS[dice[17] & 31],
            "city": words.CITIES[dice[18] & 31],
            "state": words.STATES[dice[19] & 31],
            "province": words.STATES[dice[20] & 31],
            "postal_code": f"{dice[21]:03}{dice[22] % 100:02}",
            "country_code": words.COUNTRIES[dice[23] & 31],
        },
    }


def product(_seed: int, number: int, now: str) -> Json:
    """The same for every seed."""
    dice = _dice(0, "products", number)
    make = list(words.MAKES)[dice[0] % len(words.MAKES)]
    models = words.MAKES[make]
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
    fate = dice[13] % 10
    if fate > 2:
        row["purchased_at"] = _time(purchased)
    if fate == 9:
        row["returned_at"] = _time(_between(purchased, TO, dice[14:18]))
    return row


def _buyer(seed: int, number: int) -> int:
    """The user of one purchase: never one with a greater number, so there is one however few users there are."""
    ten, place = divmod(number - 1, 10)
    dice = _dice(seed, "tens", ten)
    twice = dice[0] % 9
    never = twice + 1 + dice[1] % (9 - twice)
    return number - 1 if twice < place <= never else number
