"""What becomes of versions: verified, compared, collected, and killed in between."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tamis.core import UsageError, Workspace
from tamis.registry import (
    bundles_folder,
    collect_bundles,
    compare_versions,
    open_registry,
    register_run,
    unneeded,
    verify_registry,
    version_bundle,
)


def kept(workspace):
    """The folders of bundles, by version; and all else that is there."""
    names = sorted(path.name for path in bundles_folder(workspace).iterdir())
    versions = open_registry(workspace).state().model("reviews").versions
    return [number for number, each in versions.items() if each.facts["bundle"] in names], len(names)


class TestVerify:
    """Is everything what it was?"""

    def test_all_is_well(self, workspace, make_run):
        empty = verify_registry(workspace)
        assert (empty.sound, empty.entries, empty.head) == (True, 0, "0" * 32)
        register_run(workspace, make_run(), reason="a try")
        first = verify_registry(workspace)
        assert (first.sound, first.entries, first.bundles) == (True, 1, 1)
        open_registry(workspace).approve("reviews@1", reason="good")
        again = verify_registry(workspace, head=first.head)
        assert again.sound
        assert again.head == open_registry(workspace).history()[-1].hash != first.head

    def test_a_cut_end_is_found_by_a_head_that_was_noted(self, workspace, make_run):
        register_run(workspace, make_run(), reason="a try")
        shutil.copy(workspace.registry / "history.db", workspace.root / "before.db")
        open_registry(workspace).approve("reviews@1", reason="good")
        head = verify_registry(workspace).head
        shutil.copy(workspace.root / "before.db", workspace.registry / "history.db")
        assert verify_registry(workspace).sound
        found = verify_registry(workspace, head=head)
        assert (found.sound, found.cut, found.broken) == (False, True, None)

    def test_a_changed_line_is_found(self, workspace, make_run):
        register_run(workspace, make_run(), reason="a try")
        for number in (2, 3):
            register_run(workspace, make_run(number), reason="another")
        changes = sqlite3.connect(workspace.registry / "history.db")
        changes.execute("DROP TRIGGER no_change")
        changes.execute("UPDATE ledger SET line = replace(line, 'another', 'perfect') WHERE number = 2")
        changes.commit()
        changes.close()
        found = verify_registry(workspace)
        assert (found.sound, found.broken, found.entries) == (False, 2, 3)

    def test_a_damaged_bundle_is_named(self, workspace, make_run):
        register_run(workspace, make_run(1), reason="a try")
        register_run(workspace, make_run(2), reason="another")
        folder = version_bundle(workspace, "reviews@2").path
        (folder / "model.safetensors").unlink()
        found = verify_registry(workspace)
        assert (found.sound, list(found.damaged)) == (False, ["reviews@2"])
        assert "is not the file that was sealed" in found.damaged["reviews@2"]


class TestCollect:
    """What no one will serve any more may go."""

    @pytest.fixture
    def many(self, workspace, make_run):
        """Six versions: 1 was champion, 2 is it, 3 is pending, 4 rejected, 5 and 6 are approved."""
        registry = open_registry(workspace)
        for number in range(1, 7):
            register_run(workspace, make_run(number), reason="a try")
            if number not in (3, 4):
                registry.approve(f"reviews@{number}", reason="good")
        registry.reject("reviews@4", reason="bad")
        for number in (1, 2):
            registry.promote(f"reviews@{number}", reason="now")
        return registry

    def test_what_is_named_was_named_or_is_new_stays(self, workspace, many):
        goes = {keep: [each.number for each in unneeded(many.state(), keep=keep)] for keep in (0, 1, 2, 4, 9)}
        assert goes == {0: [3, 4, 5, 6], 1: [3, 4, 5], 2: [3, 4], 4: [4], 9: [4]}
        assert kept(workspace) == ([1, 2, 3, 4, 5, 6], 6)  # asking changes nothing
        removed = collect_bundles(workspace, keep=1, reason="the disk is small", who="ann")
        assert [version.number for version in removed] == [3, 4, 5]
        assert kept(workspace) == ([1, 2, 6], 3)
        entries = [entry for entry in many.history() if entry.action == "remove"]
        assert [(entry.version, entry.who, entry.reason) for entry in entries] == [
            (number, "ann", "the disk is small") for number in (3, 4, 5)
        ]
        assert collect_bundles(workspace, keep=1, reason="again") == []
        assert many.roll_back("reviews", reason="it still can").number == 1
        assert verify_registry(workspace).sound

    def test_a_removed_version_says_so_and_the_same_bundle_may_come_again(self, workspace, many):
        collect_bundles(workspace, keep=0, reason="room")
        with pytest.raises(UsageError, match=r"the bundle of reviews@5 was removed by .*: room"):
            version_bundle(workspace, "reviews@5")
        with pytest.raises(UsageError, match="reviews@5 is removed, not approved"):
            many.promote("reviews@5", reason="now")
        assert register_run(workspace, "reviews-linear-5", reason="it is wanted after all").number == 7
        assert version_bundle(workspace, "reviews@7")

    def test_a_bundle_of_two_models_stays_as_long_as_one_needs_it(self, workspace, many):
        register_run(workspace, "reviews-linear-4", model="other", reason="it is good at this")
        removed = collect_bundles(workspace, reason="room")
        assert "reviews@4" in [version.ref for version in removed]
        assert version_bundle(workspace, "other@1")

    def test_what_a_killed_registration_left_goes_too(self, workspace, many):
        home = bundles_folder(workspace)
        shutil.copytree(version_bundle(workspace, "reviews@1").path, home / "0123456789abcdef")
        (home / ".writing-999999999-abc").mkdir()
        collect_bundles(workspace, keep=9, reason="room")
        assert len(list(home.iterdir())) == 5

    def test_in_a_folder_that_is_shared_only_what_is_known_goes(self, workspace, many, tmp_path):
        shutil.move(bundles_folder(workspace), tmp_path / "shared")
        for name in ("0123456789abcdef", ".writing-999999999-abc"):  # of another history, of another machine
            (tmp_path / "shared" / name).mkdir()
        here = Workspace(workspace.root, (f"registry.bundles={tmp_path / 'shared'}",))
        assert version_bundle(here, "reviews@1").path.parent == tmp_path / "shared"
        collect_bundles(here, keep=9, reason="room")
        left = {path.name for path in (tmp_path / "shared").iterdir()}
        assert len(left) == 7
        assert {"0123456789abcdef", ".writing-999999999-abc"} <= left

    def test_numbers_below_nought_are_refused(self, workspace, many):
        with pytest.raises(UsageError, match="keep -1"):
            collect_bundles(workspace, keep=-1, reason="room")


_REGISTER = """
import sys
from pathlib import Path
from tamis.core import Workspace
from tamis.registry import register_run
print("begun", flush=True)
for number in range(1, 99):
    register_run(Workspace(Path(sys.argv[1])), f"reviews-linear-{number}", reason="a try")
"""


@pytest.mark.slow
def test_a_killed_registration_leaves_nothing_half(workspace, make_run):
    for number in range(1, 99):
        make_run(number)
    chance, before = random.Random(3), 0
    for _ in range(2):
        writer = subprocess.Popen([sys.executable, "-c", _REGISTER, workspace.root], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.uniform(0.05, 0.3))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        found = verify_registry(workspace)
        assert found.sound
        assert found.entries == found.bundles >= before
        before = found.entries
    register_run(workspace, "reviews-linear-1", reason="again")
    collect_bundles(workspace, keep=99, reason="what was left")
    assert len(list(bundles_folder(workspace).iterdir())) == max(found.bundles, 1)


def test_two_versions_side_by_side(workspace, make_run):
    gate = {"passed": True, "conditions": []}
    register_run(workspace, make_run(1, macro_f1=0.5, accuracy=0.625), reason="a try")
    register_run(workspace, make_run(2, macro_f1=0.75), gate=gate, reason="another")
    open_registry(workspace).approve("reviews@2", reason="good")
    found = compare_versions(workspace, "reviews@1", "reviews@2")
    assert found.facts["status"] == ("pending", "approved")
    assert found.facts["run"] == ("tiny-linear-1", "tiny-linear-1")
    assert found.scores["macro_f1"] == (
        {"value": 0.5, "low": 0.25, "high": 0.625},
        {"value": 0.75, "low": 0.5, "high": 0.875},
    )
    assert found.scores["accuracy"][1] is None
    assert found.gates == (None, gate)
    assert found.settings == {"epochs": (1, 2)}
    assert found.judged_on == ("reviews@1 (50 rows)", "reviews@1 (50 rows)")
    assert found.notes == ()


def test_what_is_not_known_of_a_version_is_told(workspace, make_run):
    register_run(workspace, make_run(1), reason="a try")
    register_run(workspace, make_run(2, macro_f1=0.75), reason="another")
    open_registry(workspace).reject("reviews@2", reason="no")
    collect_bundles(workspace, reason="room")
    found = compare_versions(workspace, "reviews@1", "reviews@2")
    assert found.settings == {}
    assert found.notes[0] == "no evaluation came with reviews@1"
    assert found.notes[1].startswith("the settings of reviews@2 are not known: the bundle of reviews@2 was removed by")
