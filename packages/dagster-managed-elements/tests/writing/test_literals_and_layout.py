"""Values as source: they come back as they were, no formatter changes a line, and a text stays a text."""

from __future__ import annotations

import ast
import io
import math
import random
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import Any

import pytest
from dagster_managed_elements.writing.expressions import Expressions
from dagster_managed_elements.writing.layout import WIDTH, assigned
from dagster_managed_elements.writing.literals import comment_text, number_literal, text_literal
from hypothesis import given
from hypothesis import strategies as st

RUFF = Path(sys.executable).with_name("ruff")
PLAIN = Expressions("dagster_managed_elements", {}, ())
TEXTS = [
    "",
    "a",
    "it's",
    'say "hi"',
    "both ' and \"",
    "\\",
    "a\nb",
    "ü",
    "\u2028",
    "x" * 100,
    "${A}",
    '"""',
    "\x7f",
]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_text_is_one_literal_that_holds_it_byte_for_byte(text):
    literal = text_literal(text)
    assert ast.literal_eval(literal) == text
    assert literal.isprintable()


@given(st.text())
def test_a_comment_ends_nowhere_but_at_its_end(text):
    line = f"# {comment_text(text)}\nafter = 1\n"
    tokens = [token.type for token in tokenize.generate_tokens(io.StringIO(line).readline)]
    assert tokens[:2] == [tokenize.COMMENT, tokenize.NL]
    assert compile(line.encode("utf-8", "backslashreplace"), "exported", "exec").co_names == ("after",)


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_is_itself(number):
    assert ast.literal_eval(number_literal(number)) == number


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_is_no_number_of_json_is_not_written(number):
    with pytest.raises(ValueError, match="no number"):
        number_literal(number)


def _random_value(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.randrange(9 if depth < 4 else 5)
    match kind:
        case 0 | 1:
            return dice.choice(TEXTS) * dice.randrange(1, 3)
        case 2:
            return dice.choice([0, -1, 10**12, 1.5, 1e16, 1e-7, -2.5e-300])
        case 3:
            return dice.choice([True, False, None])
        case 4:
            return (dice.choice(TEXTS), dice.choice(TEXTS))
        case 5 | 6:
            return [_random_value(dice, depth + 1) for _ in range(dice.randrange(5))]
        case _:
            keys = [
                dice.choice([*TEXTS, *((a, b) for a in TEXTS[:4] for b in TEXTS[-4:])])
                for _ in range(dice.randrange(5))
            ]
            return {key: _random_value(dice, depth + 1) for key in keys}


def test_a_formatter_changes_nothing():
    dice = random.Random(7)
    values = [_random_value(dice) for _ in range(1500)]
    text = "\n\n".join(assigned(f"value_{n}", PLAIN.value(value)) for n, value in enumerate(values)) + "\n"
    done = subprocess.run(
        [RUFF, "format", "--isolated", "-"], input=text, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == text
    wide = [RUFF, "format", "--isolated", "--line-length", "120", "-"]
    wider = subprocess.run(wide, input=text, capture_output=True, text=True, check=True, timeout=60)
    assert wider.stdout == text
    assert [ast.literal_eval(each.value) for each in ast.parse(text).body] == values


def test_what_fits_is_one_line_and_what_does_not_is_one_line_an_item():
    assert assigned("a", PLAIN.value(["b"])) == 'a = ["b"]'
    long = assigned("a", PLAIN.value({"key": ["x" * 60, "y" * 20], "z": 1})).splitlines()
    assert long == [
        "a = {",
        '    "key": [',
        f'        "{"x" * 60}",',
        f'        "{"y" * 20}",',
        "    ],",
        '    "z": 1,',
        "}",
    ]
    assert max(map(len, long)) <= WIDTH


def test_what_has_no_plain_form_is_not_written():
    with pytest.raises(TypeError, match="object"):
        PLAIN.value(object())
