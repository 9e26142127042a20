from dagster_managed_elements.airbyte.sending import holds_mask, revealed
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import SECRET_MASK, Masked


def test_secrets_are_read_once_and_remembered():
    read = []

    def vault():
        read.append(1)
        return "hush"

    outgoing = revealed({"name": "n", "c": {"keys": [Secret.call(vault, reference="v")], "n": 1}})
    assert outgoing.body == {"name": "n", "c": {"keys": ["hush"], "n": 1}}
    assert outgoing.secrets == {"hush"}
    assert len(read) == 1
    assert "hush" not in repr(outgoing)


def test_the_parts_of_a_secret_object_are_secret_each():
    outgoing = revealed({"c": Secret.literal({"key": "hush", "pin": 1234, "on": True, "no": None, "l": ["x"]})})
    assert outgoing.secrets == {"hush", "1234", "x"}


def test_what_a_secret_is_made_of_is_secret_by_itself_and_read_once():
    read = []
    vault = Secret.call(lambda: read.append(1) or "hush", reference="v")
    address = Secret.format("postgres://{user}:{}@host", vault, user="me")
    whole = Secret.holding({"url": address, "n": 1})
    outgoing = revealed({"c": whole})
    assert outgoing.body == {"c": {"url": "postgres://me:hush@host", "n": 1}}
    assert outgoing.secrets == {"hush", "postgres://me:hush@host", "1"}
    assert len(read) == 1


def test_a_secret_that_is_kept_is_sent_as_the_mask():
    assert revealed({"a": Masked(), "b": [Masked()]}).body == {"a": SECRET_MASK, "b": [SECRET_MASK]}


def test_a_mask_is_found_wherever_it_stands():
    assert holds_mask({"a": [{"b": SECRET_MASK}]})
    assert not holds_mask({"a": [{"b": SECRET_MASK + "*"}], SECRET_MASK: "x"})
