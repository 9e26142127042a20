"""The File source: what it reads, what it infers, what it refuses."""

from __future__ import annotations

import json

import pytest
from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.file import File
from airbyte_local.connectors.files.fetching import fetched
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings

FORMATS = ("csv", "json", "jsonl", "excel", "excel_binary", "fwf", "feather", "parquet", "yaml")


@pytest.fixture
def discover(tmp_path):
    def run(content, form="csv", name="f", **more):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        configuration = {
            "dataset_name": "t",
            "format": form,
            "url": f"/local/{name}",
            "provider": {"storage": "local"},
            **more,
        }
        (stream,) = File().discover(configuration, Surroundings(local_root=tmp_path))
        return stream

    return run


def types(stream):
    return {name: schema["type"] for name, schema in stream["jsonSchema"]["properties"].items()}


def test_columns_of_a_csv_are_nullable_and_numbers_are_number(discover):
    stream = discover("name,calories,rating,ok\nA,70,1.5,True\nB,50,2,False\n")
    assert types(stream) == {
        "name": ["string", "null"],
        "calories": ["number", "null"],
        "rating": ["number", "null"],
        "ok": ["boolean", "null"],
    }
    assert (stream["name"], stream["supportedSyncModes"]) == ("t", ["full_refresh"])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", ""], "number"),
        (["", "NaN"], "number"),
        (["1", "x"], "string"),
        (["True", "1"], "string"),
        (["True", ""], "string"),
        (["1e5", "-2.5"], "number"),
        (["1_000"], "string"),
        (["2024-01-01"], "string"),
    ],
)
def test_mixed_columns_are_what_pandas_makes_of_them(discover, values, kind):
    stream = discover("a,b\n" + "".join(f"{value},x\n" for value in values))
    assert types(stream)["a"] == [kind, "null"]


def test_names_given_twice_are_numbered_and_empty_ones_named(discover):
    assert list(types(discover("a,a,,a\n1,2,3,4\n"))) == ["a", "a.1", "Unnamed: 2", "a.2"]
    assert list(types(discover("a,a,a.1,,a\n"))) == ["a", "a.2", "a.1", "Unnamed: 3", "a.3"]


@pytest.mark.parametrize(
    ("content", "options", "names"),
    [
        ("a;b\n1;2\n", {"sep": ";"}, ["a", "b"]),
        ("a\tb\n", {"delimiter": "\t"}, ["a", "b"]),
        ("1,2\n", {"header": None, "names": ["x", "y"]}, ["x", "y"]),
        ("junk\na,b\n", {"skiprows": 1}, ["a", "b"]),
        ("ä,b\n".encode("latin-1"), {"encoding": "latin-1"}, ["ä", "b"]),
        ("\ufeffa,b\n", {}, ["a", "b"]),
        ("'a,x',b\n", {"quotechar": "'"}, ["a,x", "b"]),
    ],
)
def test_reader_options_are_obeyed(discover, content, options, names):
    assert list(types(discover(content, reader_options=json.dumps(options)))) == names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("{not json", "reader_options is no valid JSON"),
        ("[]", "must be a JSON object"),
        (
            '{"converters": {}}',
            "obeys the reader_options .*, sep, .*, not converters; the real one does: ",
        ),
        ('{"na_values": ["-"]}', "not na_values; the real one does: `airbyte-local install source-file`"),
        ('{"sep": ";;"}', "do not fit: sep must be one character, not ';;'"),
        ('{"sep": ",", "delimiter": ";"}', "either sep or delimiter"),
        ('{"encoding": "klingon"}', "not klingon text"),
        ('{"encoding": "base64"}', "not base64 text"),
        ('{"header": -1}', "header must be the number of a row"),
        ('{"names": ["x", "x"]}', "different names"),
        ('{"usecols": ["z"]}', "usecols 'z' is no column; there are .'a', 'b'."),
        ('{"dtype": "datetime64"}', "dtype must be .str., or"),
        ('{"skiprows": 9}', "no columns to parse"),
    ],
)
def test_reader_options_that_cannot_be_obeyed_are_named(discover, options, said):
    with pytest.raises(ConnectorFailed, match=said):
        discover("a,b\n1,2\n", reader_options=options)


def test_json_lines_keep_their_nesting(discover):
    stream = discover('{"a": 1, "b": {"c": [1.5]}}\n{"a": null, "d": "x"}\n', "jsonl")
    inner = {"c": {"type": "array", "items": {"type": "number"}}}
    assert stream["jsonSchema"] == {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "a": {"type": ["integer", "null"]},
            "b": {"type": "object", "properties": inner, "required": ["c"]},
            "d": {"type": "string"},
        },
        "required": ["a"],
    }


def test_what_is_now_a_scalar_and_now_an_object_is_a_choice(discover):
    stream = discover('{"a": 1}\n{"a": "x"}\n{"a": {"k": 1}}\n{"a": [1, 2.5]}\n{"a": {}}\n', "jsonl")
    assert stream["jsonSchema"]["properties"]["a"] == {
        "anyOf": [
            {"type": ["integer", "string"]},
            {"type": "object", "properties": {"k": {"type": "integer"}}},
            {"type": "array", "items": {"type": "number"}},
        ]
    }


@pytest.mark.parametrize(
    ("content", "form"),
    [("[1, 2]", "jsonl"), ("{cut", "jsonl"), ("", "csv"), ("\xff\xfe".encode("utf-16"), "jsonl")],
)
def test_a_file_without_a_table_is_refused(discover, content, form):
    with pytest.raises(ConnectorFailed):
        discover(content, form)


def test_only_the_beginning_of_a_large_file_is_read(discover):
    content = "a,b\n" + "1,2\n" * 1_200_000 + "x,y\n"
    assert types(discover(content)) == {"a": ["number", "null"], "b": ["number", "null"]}


STORES = {
    "S3": {"aws_access_key_id": "k", "aws_secret_access_key": "hush"},
    "GCS": {"service_account_json": "{}"},
    "AzBlob": {"storage_account": "a", "shared_key": "hush"},
    "SSH": {"user": "u", "host": "h", "password": "hush"},
    "SCP": {"user": "u", "host": "h", "password": "hush"},
    "SFTP": {"user": "u", "host": "h", "password": "hush"},
}
ELSEWHERE = [
    *((form, {"storage": "local"}, form) for form in FORMATS if form not in {"csv", "jsonl"}),
    *(("csv", {"storage": storage, **more}, storage) for storage, more in STORES.items()),
]


def test_the_table_of_what_is_not_read_here_is_whole():
    properties = File().spec()["properties"]
    storages = {branch["properties"]["storage"]["const"] for branch in properties["provider"]["oneOf"]}
    assert (set(FORMATS), set(STORES)) == (set(properties["format"]["enum"]), storages - {"local", "HTTPS"})


@pytest.mark.parametrize(("form", "provider", "word"), ELSEWHERE, ids=[word for *_, word in ELSEWHERE])
def test_what_is_not_read_here_is_refused_with_the_command_that_makes_it_read(tmp_path, form, provider, word):
    around = Surroundings(local_root=tmp_path)
    configuration = {"dataset_name": "t", "format": form, "url": "/local/t", "provider": provider}
    said = (
        f"The local File source reads csv and jsonl from local and HTTPS, not {word}; "
        "the real one does: `airbyte-local install source-file`"
    )
    with pytest.raises(ConnectorFailed) as checked:
        File().check(configuration, around)
    messages = File().read(configuration, {"streams": [{"stream": {"name": "t"}}]}, [], around)
    with pytest.raises(ConnectorFailed) as read:
        list(messages)
    assert [str(checked.value), str(read.value)] == [said, said]


@pytest.mark.parametrize(
    "url", ["/local/../secret", "/etc/passwd", "/local/link", "/local/dir/secret", "secret", "/local"]
)
def test_nothing_outside_local_can_be_read(tmp_path, url):
    (tmp_path / "secret").write_text("a,b\n")
    root = tmp_path / "local"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "dir").symlink_to(tmp_path)
    configuration = {"dataset_name": "t", "format": "csv", "url": url, "provider": {"storage": "local"}}
    with pytest.raises(ConnectorFailed):
        File().discover(configuration, Surroundings(local_root=root))


def source(api, url):
    return api.source("f", "File", dataset_name="t", format="csv", url=url, provider={"storage": "HTTPS"})[
        "sourceId"
    ]


def test_a_file_of_this_server_is_read_over_plain_http(api):
    (api.server.files / "t.csv").write_text("a,b\n1,x\n")
    answer = api.ok("sources/discover_schema", sourceId=source(api, f"{api.server.url}/_local/files/t.csv"))
    assert list(answer["catalog"]["streams"][0]["stream"]["jsonSchema"]["properties"]) == ["a", "b"]


def test_a_missing_file_fails_the_check_with_its_address(api):
    answer = api.ok("sources/check_connection", sourceId=source(api, f"{api.server.url}/_local/files/none.csv"))
    assert answer["status"] == "failed"
    assert "/_local/files/none.csv' answered 404" in answer["message"]


def test_https_is_asked_whatever_scheme_is_given(api):
    address = api.server.url.removeprefix("http://")
    for url in (f"https://{address}/x", f"{address}/x", f"ftp://{address}/x"):
        answer = api.ok("sources/check_connection", sourceId=source(api, url))
        assert answer["status"] == "failed"
    assert [exchange.path for exchange in api.server.requests if exchange.path == "/x"] == []


@pytest.mark.parametrize("url", ["", "http://", "http://[::1", "https://user:pass@"])
def test_no_address_is_refused(url):
    with pytest.raises(ConnectorFailed), fetched(url, user_agent=False, cancellation=Cancellation()):
        pass
