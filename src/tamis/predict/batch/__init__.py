"""Batch: predictions over many files, here or in a bucket, by many processes, going on after any kill.

The files of a source are cut into shards, always in the same way. Each shard becomes one Parquet file of the target;
what is known of it is noted beside, and when all are there `manifest.json` tells of the whole.
"""

from tamis.predict.batch.job import BatchJob
from tamis.predict.batch.plan import PlannedFile, plan_batch
from tamis.predict.batch.run import BatchResult, run_batch

__all__ = ["BatchJob", "BatchResult", "PlannedFile", "plan_batch", "run_batch"]
