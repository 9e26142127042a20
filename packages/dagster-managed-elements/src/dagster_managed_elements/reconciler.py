"""Elements that are to exist somewhere, as a module exposes them and the command line finds them.

By them a check and an apply are asked for in Python: one diff, and an exception for what went wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Literal, TypeAlias, cast, get_args

from dagster_managed_elements.engine.concurrency import WoundUp, run_blocking
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.guarding import Policy, policy_of
from dagster_managed_elements.engine.kinds import Instance, Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.secrets import Resent
from dagster_managed_elements.reconciling import Options, Result, Versions, check
from dagster_managed_elements.types import ManagedElementDiff, ManagedElementReconciler, to_diff

SecretsFrom: TypeAlias = Literal["local", "server"]
"""Where changes of secrets are looked for: in what is declared, or on the server too."""


class Reconciler(ManagedElementReconciler):
    """Elements that are to exist at an instance: what a module exposes and the command line finds.

    Args:
        instance: Where they are to exist.
        elements: What is to exist; the elements that these refer to are declared along with them.
        delete_unmentioned_resources: Whether everything at that place that no reconciler of the run declares is
            deleted; without it, what is not declared is left alone. "owned": only what this reconciler created
            or adopted, as the state knows, and nobody else declares.
        policy: What may be destroyed without being asked about; of several reconcilers of a place the strictest
            holds.
        state: The URL of what is remembered between runs: `file://`, `s3://`, `gs://` or `az://`.
        name: By which the state knows what is this reconciler's; no other one has it.

    Raises:
        DeclarationError: Where one of these is of another type.
    """

    def __init__(
        self,
        instance: Instance,
        elements: Sequence[Element],
        *,
        delete_unmentioned_resources: bool | Literal["owned"] = False,
        policy: Policy | None = None,
        state: str | None = None,
        name: str = "",
    ) -> None:
        if not isinstance(cast("object", instance), Instance):
            raise DeclarationError(f"A reconciler wants an Instance, not {type(instance).__name__}.")
        if not isinstance(cast("object", elements), Iterable):
            raise DeclarationError(f"A reconciler takes elements, not {type(elements).__name__}.")
        owned = cast("object", delete_unmentioned_resources) == "owned"
        if not isinstance(cast("object", delete_unmentioned_resources), (bool, type(None))) and not owned:
            given = type(delete_unmentioned_resources).__name__
            raise DeclarationError(f'delete_unmentioned_resources= wants True, False or "owned", not {given}.')
        for word, given in (("state", cast("object", state or "")), ("name", cast("object", name))):
            if not isinstance(given, str):
                raise DeclarationError(f"{word}= wants text, not {type(given).__name__}.")
        if owned and not name:
            raise DeclarationError(
                'delete_unmentioned_resources="owned" needs name=: whose it is, the state tells.'
            )
        self.instance = instance
        self.elements = tuple(elements)
        for element in cast("tuple[object, ...]", self.elements):
            if not isinstance(element, Element):
                raise DeclarationError(f"A reconciler takes elements, not {type(element).__name__}.")
        if not isinstance(cast("object", policy), (Policy, type(None))):
            raise DeclarationError(f"policy= wants a Policy, not {type(policy).__name__}.")
        self.delete_unmentioned_resources: bool | Literal["owned"] = delete_unmentioned_resources or False
        self.state, self.name = state or None, name
        self.policy = policy_of(policy, "policy")

    def check(
        self,
        *,
        include_all_secrets: bool = False,
        include_secrets: Iterable[str] = (),
        refresh_catalogs: bool = False,
        secrets: SecretsFrom = "local",
        **unknown: object,
    ) -> ManagedElementDiff:
        """What an apply would change.

        Args:
            include_all_secrets: Whether every secret that the server holds is listed as changed.
            include_secrets: Paths, as a plan prints them (`shop.password`), of secrets that are listed as changed.
            refresh_catalogs: Whether sources are asked anew for what patterns and exclusions depend on.
            secrets: "server" lists those too that somebody else changed there, by a read for each element of which
                the state knows a version.
            **unknown: Refused: a keyword that is not heeded could be one that was to keep a run from writing.

        Raises:
            ManagedElementsError: Where that cannot be said.
        """
        return check_together(
            [self],
            include_all_secrets=include_all_secrets,
            include_secrets=include_secrets,
            refresh_catalogs=refresh_catalogs,
            secrets=secrets,
            **unknown,
        )

    def apply(
        self,
        *,
        include_all_secrets: bool = False,
        include_secrets: Iterable[str] = (),
        refresh_catalogs: bool = False,
        allow_destructive: bool = False,
        secrets: SecretsFrom = "local",
        trust_secrets: bool = False,
        lock_timeout: float = 0.0,
        **unknown: object,
    ) -> ManagedElementDiff:
        """Apply and return what was changed.

        Args:
            include_all_secrets: Whether every secret that the server holds is sent again.
            include_secrets: Paths, as a plan prints them (`shop.password`), of secrets that are sent again.
            allow_destructive: Whether a plan that deletes, replaces or loses sync state is carried out.
            refresh_catalogs: Whether sources are asked anew for what patterns and exclusions depend on.
            secrets: "server" sends those too that somebody else changed there.
            trust_secrets: Whether those of which the state knows nothing are recorded as what the server has.
            lock_timeout: How many seconds to wait for the lock of the state, where somebody else applies.
            **unknown: Refused: a keyword that is not heeded could be one that was to keep a run from writing.

        Raises:
            ApplyFailed: With a report, where not everything was done.
            PlanRefused: Where the plan destroys something and *allow_destructive* is not given.
            StateError: Where the state cannot be read, written or locked.
            ApplyInterrupted: A KeyboardInterrupt with the reports, once what was in flight has ended.
        """
        return apply_together(
            [self],
            include_all_secrets=include_all_secrets,
            include_secrets=include_secrets,
            refresh_catalogs=refresh_catalogs,
            allow_destructive=allow_destructive,
            secrets=secrets,
            trust_secrets=trust_secrets,
            lock_timeout=lock_timeout,
            **unknown,
        )


def check_together(
    of: Sequence[Reconciler],
    *,
    include_all_secrets: bool = False,
    include_secrets: Iterable[str] = (),
    refresh_catalogs: bool = False,
    secrets: SecretsFrom = "local",
    **unknown: object,
) -> ManagedElementDiff:
    """As `Reconciler.check`, of several in one diff: those of one place are planned together."""
    _refuse("check", unknown)
    resent = _resent(include_secrets, every=include_all_secrets)
    settings = Settings(refresh_catalogs=refresh_catalogs)
    options = Options(resent=resent, settings=settings, versions=versions_of(secrets))
    return _joined(run_blocking(lambda _stop: check(of, options), winds_up=False))


def apply_together(
    of: Sequence[Reconciler],
    *,
    include_all_secrets: bool = False,
    include_secrets: Iterable[str] = (),
    refresh_catalogs: bool = False,
    allow_destructive: bool = False,
    secrets: SecretsFrom = "local",
    trust_secrets: bool = False,
    lock_timeout: float = 0.0,
    **unknown: object,
) -> ManagedElementDiff:
    """As `Reconciler.apply`, of several: what one of a place declares, another that deletes what is not declared
    leaves alone.
    """
    from dagster_managed_elements.applying import apply

    _refuse("apply", unknown)
    policy = Policy(allow_all=allow_destructive)
    resent = _resent(include_secrets, every=include_all_secrets)
    options = Options(
        resent=resent,
        settings=Settings(refresh_catalogs=refresh_catalogs),
        decide=partial(_decided, policy),
        versions=versions_of(secrets),
        trust_secrets=trust_secrets,
        lock_timeout=lock_timeout,
    )
    try:
        results = run_blocking(partial(apply, of, options))
    except WoundUp as interrupt:
        raise ApplyInterrupted(interrupt.result) from None
    for report in (result.report for result in results if result.error is None):
        if report is not None and not report.ok:
            raise ApplyFailed(report) from next(_faults(report), None)
    return _joined(results)


def _refuse(verb: str, unknown: Mapping[str, object]) -> None:
    """A keyword that is not heeded could be one that was to keep an apply from writing."""
    if unknown:
        raise DeclarationError(f"{verb} takes no {', '.join(f'{name}=' for name in unknown)}; nothing was written.")


def versions_of(secrets: SecretsFrom, told: Versions = "asked") -> Versions:
    """*told* where they are looked for on the server. Raises DeclarationError for another word."""
    if secrets not in get_args(SecretsFrom):
        raise DeclarationError(f"secrets= is one of {', '.join(get_args(SecretsFrom))}, not {secrets!r}.")
    return told if secrets == "server" else "unasked"


def _resent(paths: Iterable[str], *, every: bool) -> Resent:
    return Resent(every=every, paths=frozenset([paths] if isinstance(paths, str) else paths))


def _joined(results: Sequence[Result]) -> ManagedElementDiff:
    diff = ManagedElementDiff()
    for result in results:
        diff = diff.join(to_diff(_plan_of(result).entries))
    return diff


class ApplyFailed(ManagedElementsError):
    """Some operation was not done.

    Args:
        report: Has the outcome of each operation.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        lines = [
            f"  {outcome.step}: {outcome.status}: {outcome.reason}"
            for outcome in report.outcomes
            if outcome.status != "done"
        ]
        super().__init__("Not everything was applied:\n" + "\n".join(lines))


class ApplyInterrupted(KeyboardInterrupt):
    """The user interrupted an apply; its `reports` have the outcome of each operation, one report a place.

    Args:
        results: What became of each place.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        self.reports = tuple(result.report for result in results if result.report is not None)
        begun = [outcome for report in self.reports for outcome in report.outcomes if outcome.status != "skipped"]
        lines = [
            f"  {outcome.step}: {outcome.status}{f': {outcome.reason}' if outcome.reason else ''}"
            for outcome in begun
        ]
        lines += [f"  {result.place}: {result.error}" for result in results if result.error is not None]
        super().__init__("\n".join(["Interrupted; this was done before:", *lines]) if lines else _NOTHING_WRITTEN)


_NOTHING_WRITTEN: Final = "Interrupted; nothing was written."


def _faults(report: Report) -> Iterator[Exception]:
    """What no operation should have raised: the cause of a failure, with its traceback, for who can mend it."""
    return (outcome.error for outcome in report.outcomes if outcome.error is not None)


async def _decided(policy: Policy, _plan: Plan) -> Policy:
    return policy


def _plan_of(result: Result) -> Plan:
    if result.error is not None:
        raise result.error
    if result.plan is None:
        raise DeclarationError("nothing is declared")
    return result.plan
