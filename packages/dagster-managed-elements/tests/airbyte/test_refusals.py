"""What Airbyte says when it refuses, in every shape it has."""

import json

import pytest
from dagster_managed_elements.airbyte.refusals import sentence as read
from dagster_managed_elements.api.answers import Answer, said


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"message": "no such thing"}, "no such thing"),
        ({"message": "no such thing", "errorId": "e-1"}, "no such thing (error id e-1)"),
        ({"errorId": "e-1"}, "error id e-1"),
        ({"title": "t", "detail": "constant", "data": {"message": "the specific one"}}, "the specific one"),
        ({"detail": "constant", "data": None}, "constant"),
        ({"message": "Bad Request", "_embedded": {"errors": [{"message": "Invalid client"}]}}, "Invalid client"),
        (
            {
                "message": "Bad Request",
                "_embedded": {"errors": [{"message": "a: no UUID"}, 1, {"message": "b: none"}]},
            },
            "a: no UUID; b: none",
        ),
        ({"message": "Bad Request", "_embedded": {"errors": [{"message": None}]}}, "Bad Request"),
        (
            {
                "message": "Some properties contained invalid input.",
                "exceptionClassName": "x",
                "validationErrors": [
                    {"propertyPath": "body.name", "message": "is null", "invalidValue": "hush"},
                    1,
                ],
            },
            "Some properties contained invalid input. (body.name: is null)",
        ),
        (
            {"status": 400, "detail": "The value was not found.", "data": {"value": "klaus", "n": 1}},
            "The value was not found. (value: klaus)",
        ),
        ({"message": "Not found.", "exceptionStack": ["a.b.C"], "rootCauseExceptionStack": []}, "Not found."),
        ({"unheard": "of"}, '{"unheard":"of"}'),
        ("Object not found.", "Object not found."),
        ([1, 2], "[1,2]"),
    ],
)
def test_what_the_server_says_is_found_in_every_shape(body, sentence):
    assert said(Answer(status=400, body=json.dumps(body).encode()), frozenset(), read) == sentence
