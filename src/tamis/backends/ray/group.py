"""Group: processes of a Ray cluster that run at the same time and may talk to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ray
from ray import cloudpickle
from ray.exceptions import RayActorError
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from tamis.backends.ray.outcome import outcome_of, packed, value_of
from tamis.core import WorkerLost, free_port, join_group


class _Member:
    """One of them, in a process of its own that ends with the group."""

    def place(self) -> tuple[str, int]:
        return ray.util.get_node_ip_address(), free_port()

    def work(self, call: bytes, rank: int, workers: int, host: str, port: int) -> bytes:
        join_group(rank, workers, host=host, port=port)
        return outcome_of(call, cloudpickle.dumps(rank), cloudpickle.dumps(workers))


def run_in_group(fn: Callable[[int, int], Any], workers: int, *, processors: float, tries: int) -> list[Any]:
    """Return `fn(rank, workers)` of each; where there are fewer processors, the members share them."""
    share = min(1.0, int(1000 * processors / workers) / 1000)
    room = placement_group([{"CPU": share}] * workers)
    try:
        ray.get(room.ready())
        for _ in range(tries):
            places = [PlacementGroupSchedulingStrategy(room, number) for number in range(workers)]
            member = ray.remote(_Member)
            members = [member.options(num_cpus=share, scheduling_strategy=place).remote() for place in places]
            try:
                return _work(members, packed(fn))
            except RayActorError:  # the others wait for the one that is gone: all begin again
                continue
            finally:
                for each in members:
                    ray.kill(each)
        raise WorkerLost
    finally:
        remove_placement_group(room)


def _work(members: list[Any], call: bytes) -> list[Any]:
    host, port = ray.get(members[0].place.remote())
    workers = len(members)
    running = {each.work.remote(call, rank, workers, host, port): rank for rank, each in enumerate(members)}
    results = {}
    while running:
        finished, _ = ray.wait(list(running))
        results[running.pop(finished[0])] = value_of(ray.get(finished[0]))
    return [results[rank] for rank in range(workers)]
