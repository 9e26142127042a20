"""A source as a program: tables of a JSON file, read whole or on from a cursor, the row of the cursor included.

The file has `{"streams": [{name, namespace, properties, key, cursor, rows}], "fault": {after, act}}`: the fault, if
there is one, happens once so many rows have been sent.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

STATE_EVERY = 3


def say(kind, **inner):
    key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
    print(json.dumps({"type": kind, key: inner}), flush=True)


def given(name):
    if f"--{name}" not in sys.argv:
        return []
    return json.loads(Path(sys.argv[sys.argv.index(f"--{name}") + 1]).read_text())


def stream_status(descriptor, status):
    told = {"stream_descriptor": descriptor, "status": status}
    say("TRACE", type="STREAM_STATUS", emitted_at=1, stream_status=told)


def misbehave(fault):
    match fault["act"]:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "wait":
            Path(fault["marker"]).touch()
            while True:
                time.sleep(60)
        case "exit":
            sys.exit(fault["code"])
        case "error":
            told = {"message": fault["message"], "failure_type": "system_error"}
            say("TRACE", type="ERROR", emitted_at=1, error=told)
            sys.exit(1)
        case "write":
            sys.stdout.buffer.write(bytes.fromhex(fault["bytes"]))
            sys.stdout.buffer.flush()


def catalog(tables):
    for table in tables:
        yield {
            "name": table["name"],
            **({"namespace": table["namespace"]} if table.get("namespace") else {}),
            "json_schema": {"type": "object", "properties": table["properties"]},
            "supported_sync_modes": ["full_refresh", *(["incremental"] if table.get("cursor") else [])],
            "default_cursor_field": [table["cursor"]] if table.get("cursor") else [],
            "source_defined_primary_key": [[table["key"]]] if table.get("key") else [],
        }


def read(tables, fault):
    states = {}
    for each in given("state"):
        found = each["stream"]["stream_descriptor"]
        states[found.get("namespace"), found["name"]] = each["stream"]["stream_state"]
    for configured in given("catalog")["streams"]:
        stream = configured["stream"]
        key = (stream.get("namespace"), stream["name"])
        table = next(each for each in tables if (each.get("namespace"), each["name"]) == key)
        descriptor = {"name": key[1], **({"namespace": key[0]} if key[0] else {})}
        stream_status(descriptor, "STARTED")
        rows(table, descriptor, configured["sync_mode"] == "incremental", states.get(key), fault)
        stream_status(descriptor, "COMPLETE")


def rows(table, descriptor, incremental, state, fault):
    """A state that is given is honoured, and states are said, in whatever mode: so do the vendor's connectors."""
    cursor, sent, last = table.get("cursor"), 0, None
    known = table["rows"]
    if incremental:
        known = sorted(known, key=lambda row: row[cursor])
    for row in known:
        if state and row[cursor] < state[cursor]:
            continue
        place = {"namespace": descriptor["namespace"]} if "namespace" in descriptor else {}
        say("RECORD", stream=descriptor["name"], **place, data=row, emitted_at=1_700_000_000_000 + sent)
        sent, last = sent + 1, row
        if cursor and sent % STATE_EVERY == 0:
            checkpoint(descriptor, cursor, row)
        if fault and sent == fault["after"]:
            misbehave(fault)
    if cursor and last is not None:
        checkpoint(descriptor, cursor, last)


def checkpoint(descriptor, cursor, row):
    say("STATE", type="STREAM", stream={"stream_descriptor": descriptor, "stream_state": {cursor: row[cursor]}})


def main():
    command = sys.argv[1]
    if command == "spec":
        schema = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string"}}}
        say("SPEC", connectionSpecification=schema)
        return
    content = json.loads(Path(given("config")["file"]).read_text("utf-8"))
    tables = content["streams"]
    if command == "check":
        say("CONNECTION_STATUS", status="SUCCEEDED")
    elif command == "discover":
        say("CATALOG", streams=list(catalog(tables)))
    else:
        read(tables, content.get("fault"))


main()
