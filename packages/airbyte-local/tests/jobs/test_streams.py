"""What a stream of a connection is to its destination, and to its source."""

from __future__ import annotations

import pytest
from airbyte_local.model.records import StreamStates


@pytest.mark.parametrize(
    ("details", "namespace", "expected"),
    [
        ({}, None, (None, "users")),
        ({}, "shop", ("shop", "users")),
        ({"prefix": "raw_"}, "shop", ("shop", "raw_users")),
        ({"namespaceDefinition": "destination"}, "shop", (None, "users")),
        (
            {"namespaceDefinition": "customformat", "namespaceFormat": "x_${SOURCE_NAMESPACE}"},
            "shop",
            ("x_shop", "users"),
        ),
        ({"namespaceDefinition": "customformat", "namespaceFormat": "${SOURCE_NAMESPACE}"}, None, (None, "users")),
    ],
)
def test_namespace_and_prefix_name_the_target(details, namespace, expected, stream, entry):
    target = stream(entry(namespace=namespace), **details).target
    assert (target.namespace, target.name) == expected


def test_a_clear_and_a_stale_stream_replace_and_never_checkpoint(stream):
    stale = StreamStates(connection_id="c", stale=frozenset({(None, "users")}))
    for target in (stream(empties=True).target, stream(states=stale).target):
        assert (target.replaces, target.checkpoints) == (True, False)
    assert (stream().target.replaces, stream().target.checkpoints) == (False, True)
