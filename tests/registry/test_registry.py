"""The registry: who may do what when, and what the history says of it."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tamis.core import CheckFailed, DataError, UsageError, Workspace
from tamis.registry import Registry, broken_at, open_registry, read_entries, served, state_of


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Lines:
    """A ledger in memory, which holds what a test puts there."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def read(self, *, after=0):
        return self.lines[after:]

    def append(self, make):
        self.lines += make(list(self.lines))

    def close(self):
        pass


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def registry(clock):
    return Registry(Lines(), who="ann", now=clock)


def register(registry, *seals, model="docs", **facts):
    """Register versions, one for each seal."""
    return [registry.register(model, {"seal": seal, "bundle": seal, **facts}, reason="a try") for seal in seals]


def approved(registry, *seals):
    for version in register(registry, *seals):
        registry.approve(version.ref, reason="good")


def test_a_version_is_pending_until_somebody_judges_it_once(registry, clock):
    (version,) = register(registry, "s1")
    assert (version.ref, version.status, version.judged) == ("docs@1", "pending", None)
    clock.now += timedelta(hours=1)
    version = registry.approve("docs@1", reason=" it is better \n", facts={"macro_f1": 0.8})
    assert version.status == "approved"
    assert version.judged is not None
    assert (version.judged.who, version.judged.at, version.judged.reason) == ("ann", clock.now, "it is better")
    assert version.judged.facts == {"macro_f1": 0.8}
    with pytest.raises(UsageError, match=r"docs@1 is approved already, by ann on 2026-11-01 .*: it is better"):
        registry.approve("docs@1", reason="once more")
    register(registry, "s2")
    registry.reject("docs@2", reason="worse on short texts")
    for judge in (registry.approve, registry.reject):
        with pytest.raises(UsageError, match=r"docs@2 is rejected already, by ann .*: worse on short texts"):
            judge("docs@2", reason="changed my mind")
    assert len(registry.history()) == 4


def test_the_same_bundle_stays_the_version_that_it_is(registry):
    register(registry, "s1", "s2")
    assert [version.number for version in register(registry, "s1", "s3", "s2")] == [1, 3, 2]
    registry.reject("docs@1", reason="no")
    assert register(registry, "s1")[0].status == "rejected"
    assert register(registry, "s1", model="other")[0].ref == "other@1"


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_reason_is_needed_for_everything(registry, reason):
    approved(registry, "s1", "s2")
    for deed in (
        lambda: registry.register("docs", {"seal": "s3"}, reason=reason),
        lambda: registry.approve("docs@1", reason=reason),
        lambda: registry.reject("docs@1", reason=reason),
        lambda: registry.promote("docs@1", reason=reason),
        lambda: registry.roll_back("docs", reason=reason),
        lambda: registry.remove(lambda state: [], reason=reason),
    ):
        with pytest.raises(UsageError, match="a reason is needed"):
            deed()


def test_only_approved_versions_are_promoted(registry):
    register(registry, "s1")
    with pytest.raises(UsageError, match=r"docs@1 is pending, not approved\n  tamis models approve docs@1 --reason"):
        registry.promote("docs@1", reason="now")
    registry.reject("docs@1", reason="no")
    with pytest.raises(UsageError, match=r"docs@1 is rejected, not approved$"):
        registry.promote("docs@1", reason="now")
    assert registry.state().model("docs").aliases == {}


def test_who_is_where_already_is_not_promoted_again(registry):
    approved(registry, "s1", "s2")
    registry.promote("docs@1", reason="first")
    registry.promote("docs@2", reason="second")
    entries = len(registry.history())
    assert registry.promote("docs@2", reason="second, again").number == 2
    assert len(registry.history()) == entries
    assert registry.roll_back("docs", reason="oh").number == 1


def test_aliases_of_ones_own_go_their_own_ways(registry):
    approved(registry, "s1", "s2")
    registry.promote("docs@1", reason="first")
    registry.promote("docs@2", alias="shadow-eu", reason="to watch it")
    state = registry.state()
    assert state.model("docs").aliases == {"champion": 1, "shadow-eu": 2}
    assert [state.version(ref).number for ref in ("docs", "docs@champion", "docs@shadow-eu", "docs@2")] == [1, 1, 2, 2]
    assert registry.promote("docs@shadow-eu", reason="it is fine").number == 2


@pytest.mark.parametrize("alias", ["", "7", "v3", "latest", "a b", "a@b", "../x", "ü", "x" * 101])
def test_an_alias_that_could_be_taken_for_something_else_is_refused(registry, alias):
    approved(registry, "s1")
    with pytest.raises(UsageError, match="alias"):
        registry.promote("docs@1", alias=alias, reason="now")


@pytest.mark.parametrize("model", ["", "a@1", "a/b", ".x", "a b"])
def test_a_model_has_a_plain_name(registry, model):
    with pytest.raises(UsageError, match="is no name for a model"):
        register(registry, "s1", model=model)


def test_unknown_names_are_told_with_the_nearest(registry):
    with pytest.raises(UsageError, match=r"no model 'docs' in the registry. Nothing is registered yet."):
        registry.approve("docs@1", reason="good")
    approved(registry, "s1")
    registry.promote("docs@1", reason="first")
    with pytest.raises(UsageError, match=r"no model 'dosc'.*Did you mean 'docs'"):
        registry.approve("dosc@1", reason="good")
    with pytest.raises(UsageError, match=r"'champoin' of 'docs'. There are: champion, 1. Did you mean 'champion'"):
        registry.promote("docs@champoin", alias="mine", reason="good")
    with pytest.raises(UsageError, match=r"no version or alias '9{5000}' of 'docs'"):
        registry.approve(f"docs@{'9' * 5000}", reason="good")
    with pytest.raises(UsageError, match=r"docs has no alias 'mine'. Its aliases: champion"):
        registry.roll_back("docs", alias="mine", reason="oh")


def test_what_is_served_cannot_be_rejected_and_it_says_what_to_do(registry):
    approved(registry, "s1", "s2")
    registry.promote("docs@1", reason="first")
    with pytest.raises(UsageError, match=r"docs@champion is docs@1: .*\n  first promote another one"):
        registry.reject("docs@1", reason="it is wrong")
    registry.promote("docs@2", reason="second")
    with pytest.raises(UsageError, match=r"\n  first tamis models rollback docs --alias champion .*to version 1"):
        registry.reject("docs@2", reason="it is wrong")
    assert registry.reject("docs@1", reason="nobody serves it").status == "rejected"


def test_going_back_passes_over_what_may_not_be_served_any_more(registry):
    approved(registry, "s1", "s2", "s3", "s4")
    for number in (1, 2, 3, 4):
        registry.promote(f"docs@{number}", reason="newer")
    registry.reject("docs@3", reason="leaks")
    registry.remove(lambda state: [state.version("docs@2")], reason="room")
    assert registry.roll_back("docs", reason="4 is slow").number == 1
    with pytest.raises(UsageError, match=r"docs@champion is docs@1 and was nowhere before that may still be served"):
        registry.roll_back("docs", reason="and back")
    registry.promote("docs@4", reason="not so slow")
    assert registry.state().model("docs").places["champion"] == (1, 4)


def test_going_back_never_means_staying(registry):
    approved(registry, "s1", "s2", "s3")
    for number in (1, 2, 3, 2):
        registry.promote(f"docs@{number}", reason="now")
    registry.reject("docs@3", reason="leaks")
    assert registry.roll_back("docs", reason="oh").number == 1
    assert registry.state().model("docs").places["champion"] == (1,)


def test_a_failed_gate_cannot_be_approved(registry):
    register(registry, "s1", gate={"passed": False, "conditions": []})
    with pytest.raises(CheckFailed, match="docs@1 did not pass its gate"):
        registry.approve("docs@1", reason="but I like it")
    register(registry, "s2", gate={"passed": True})
    assert registry.approve("docs@2", reason="it passed").status == "approved"


def test_what_keeps_files_from_their_place_keeps_a_version_out(registry):
    def full():
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        registry.register("docs", {"seal": "s1"}, reason="a try", place=full)
    assert registry.history() == []


def test_a_clock_that_was_set_back_is_told_and_does_not_mix_up_the_history(registry, clock, caplog):
    register(registry, "s1")
    noon = clock.now
    clock.now -= timedelta(days=40)
    registry.approve("docs@1", reason="good")
    assert "the clock was set back" in caplog.text
    assert [entry.at for entry in registry.history()] == [noon, noon]
    clock.now = noon + timedelta(seconds=1)
    caplog.clear()
    registry.promote("docs@1", reason="now")
    assert not caplog.text
    assert registry.history()[-1].at == clock.now


def test_what_was_true_on_a_day_before(registry, clock):
    days = [clock.now + timedelta(days=day) for day in range(6)]
    approved(registry, "s1", "s2")
    for day, deed in (
        (1, lambda: registry.promote("docs@1", reason="the first one")),
        (3, lambda: registry.promote("docs@2", reason="better by 2 points")),
        (5, lambda: registry.roll_back("docs", reason="wrong on laws")),
    ):
        clock.now = days[day]
        deed()
    assert registry.state(at=days[0]).model("docs").aliases == {}
    assert registry.state(at=days[2]).version("docs@champion").number == 1
    history = registry.history()

    def at(since, until=None):
        return [
            (each.version, each.by, each.moved.reason) for each in served(history, since=since, until=until or since)
        ]

    first, second = (1, "promote", "the first one"), (2, "promote", "better by 2 points")
    assert at(days[0]) == []
    assert at(days[1]) == at(days[2]) == [first]
    assert at(days[3]) == at(days[5] - timedelta(microseconds=1)) == [second]
    assert at(days[5]) == [(1, "rollback", "wrong on laws")]
    assert at(days[2], days[4]) == [first, second]
    stretch = served(history, since=days[4], until=days[4])[0]
    assert (stretch.since, stretch.until) == (days[3], days[5])
    assert stretch.approved is not None
    assert stretch.approved.reason == "good"


def test_whatever_is_changed_in_a_history_is_found(registry):
    approved(registry, "s1", "s2")
    registry.promote("docs@1", reason="first")
    lines = registry.ledger.lines
    assert broken_at(lines) is None
    for number, line in enumerate(lines, 1):
        said = json.loads(line)
        for name in said:
            for other in ({**said, name: "other"}, {key: value for key, value in said.items() if key != name}):
                assert broken_at([*lines[: number - 1], json.dumps(other), *lines[number:]]) == number, name
        without = [*lines[: number - 1], *lines[number:]]
        assert broken_at(without) == (number if number < len(lines) else None)  # a cut end: only a noted head tells
    assert broken_at([lines[1], lines[0], *lines[2:]]) == 1
    (second,) = read_entries(lines[1:2])
    resealed = second.model_copy(update={"reason": "other"}).sealed()  # it is sound, but nothing follows from it
    assert broken_at([lines[0], resealed.line, *lines[2:]]) == 3
    assert broken_at(["no JSON", *lines[1:]]) == 1
    assert broken_at(["[]", *lines[1:]]) == 1


def test_a_history_that_cannot_be_read_or_does_not_follow_is_told(registry):
    approved(registry, "s1")
    lines = registry.ledger.lines
    newer = json.dumps(json.loads(lines[0]) | {"weather": "fine"})
    assert broken_at([newer]) == 1
    with pytest.raises(DataError, match=r"entry 1 of .* cannot be read: weather: .*\n.*a newer Tamis"):
        read_entries([newer])
    with pytest.raises(DataError, match=r"entry 2 .*\(approve docs@1\) does not follow .*\n  tamis models verify"):
        state_of(read_entries(lines[1:]))


def test_strange_words_from_a_shell_are_kept_as_well_as_can_be(registry):
    register(registry, "s1")
    registry.approve("docs@1", reason="it's “good” \udcff\0\x1b[2J | <b>\nand more")
    assert registry.history()[-1].reason == "it's “good” ???[2J | <b>\nand more"
    assert broken_at(registry.ledger.lines) is None


def test_many_at_once_leave_one_champion_and_a_chain_that_verifies(workspace):
    approved(open_registry(workspace), "s1", "s2", "s3")

    def work(n):
        registry = open_registry(workspace, who=f"worker {n}")
        if n % 4 == 3:
            with contextlib.suppress(UsageError):  # there may be nowhere to go back to
                registry.roll_back("docs", reason=f"{n}")
        else:
            registry.promote(f"docs@{n % 3 + 1}", reason=f"{n}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(48)))
    registry = open_registry(workspace)
    assert broken_at(registry.ledger.read()) is None
    assert registry.state().model("docs").aliases["champion"] in (1, 2, 3)


def test_who_it_was_is_asked_of_the_environment(workspace, monkeypatch):
    monkeypatch.setenv("TAMIS_USER", "nightly")
    approved(open_registry(workspace), "s1")
    open_registry(workspace, who="bob").promote("docs@1", reason="now")
    assert [entry.who for entry in open_registry(workspace).history()] == ["nightly", "nightly", "bob"]
    assert open_registry(workspace, who=" ").who == "nightly"


@pytest.mark.parametrize("url", ["sqlite:///history.db", "history.db"])
def test_a_history_of_ones_own_has_no_address(workspace, url):
    with pytest.raises(UsageError, match=r"registry\.url.*empty for SQLite in the workspace"):
        open_registry(Workspace(workspace.root, overrides=(f"registry.url={url}",)))
