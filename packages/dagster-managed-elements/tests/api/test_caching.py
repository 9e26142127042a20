import anyio
import pytest
from dagster_managed_elements.api.caching import Cache
from dagster_managed_elements.engine.errors import ServerFault


class Asked:
    def __init__(self, *replies):
        self.replies, self.times = list(replies), 0

    async def __call__(self):
        self.times += 1
        await anyio.lowlevel.checkpoint()
        reply = self.replies[min(self.times, len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply


async def test_parallel_callers_share_one_call():
    memory, ask, got = Cache(), Asked("reply"), []

    async def caller():
        got.append(await memory.get("question", ask))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(caller)
    assert (got, ask.times) == (["reply"] * 5, 1)


async def test_questions_do_not_wait_for_each_other():
    memory, held = Cache(), anyio.Event()

    async def slow():
        await held.wait()
        return "slow"

    async with anyio.create_task_group() as group:
        group.start_soon(memory.get, "one", slow)
        assert await memory.get("other", Asked("quick")) == "quick"
        held.set()


async def test_a_failure_is_a_reply_too():
    memory, ask = Cache(), Asked(ServerFault("it broke"), "late")
    for _ in range(2):
        with pytest.raises(ServerFault, match="it broke"):
            await memory.get("question", ask)
    assert ask.times == 1


async def test_what_is_forgotten_is_asked_again():
    memory, ask = Cache(), Asked("old", "new")
    assert await memory.get("question", ask) == "old"
    memory.forget("question")
    memory.forget("never asked")
    assert await memory.get("question", ask) == "new"


async def test_a_caller_that_gives_up_leaves_the_question_to_the_next():
    memory = Cache()
    with anyio.move_on_after(0):
        await memory.get("question", anyio.sleep_forever)
    assert await memory.get("question", Asked("reply")) == "reply"
