"""S3Store: the Store port on S3 and everything that speaks its language (MinIO, Ceph, R2: set AWS_ENDPOINT_URL)."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from tamis.core import DataError, StoredFile, UsageError

_BUFFER_BYTES = 1 << 20
_MEMORY_BYTES = 32 << 20  # what is written waits in memory up to here, then in a temporary file
_ATTEMPTS = 4


class S3Store:
    """Files named by `s3://bucket/key`. Login and endpoint come from where every AWS tool takes them.

    That is `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`…, `~/.aws`, or the machine's role; `AWS_ENDPOINT_URL` for other services.
    """

    def list(self, uri: str) -> Iterator[StoredFile]:
        """Yield the file at `uri`, or every file below it, sorted."""
        bucket, key = _split(uri)
        with _explained(uri):
            if key and not key.endswith("/") and (head := self._head(bucket, key)) is not None:
                yield StoredFile(uri=uri, bytes=head["ContentLength"], mark=head["ETag"].strip('"'))
                return
            prefix = f"{key.rstrip('/')}/" if key else ""
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    uri_ = f"s3://{bucket}/{item['Key']}"
                    yield StoredFile(uri=uri_, bytes=item["Size"], mark=item["ETag"].strip('"'))

    def read(self, uri: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading; a connection that breaks is taken up again where it stopped."""
        bucket, key = _split(uri)
        with _explained(uri):
            if (head := self._head(bucket, key)) is None:
                raise FileNotFoundError(uri)
        return cast(BinaryIO, io.BufferedReader(_Object(self._client, uri, head["ContentLength"]), _BUFFER_BYTES))

    @contextlib.contextmanager
    def write(self, uri: str) -> Iterator[BinaryIO]:
        """Open a file that appears whole when the block ends well."""
        bucket, key = _split(uri)
        with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as draft:
            yield cast(BinaryIO, draft)
            draft.seek(0)
            with _explained(uri):
                self._client.upload_fileobj(draft, bucket, key)

    def delete(self, uri: str) -> None:
        """Remove a file if it is there."""
        bucket, key = _split(uri)
        with _explained(uri):
            self._client.delete_object(Bucket=bucket, Key=key)

    @cached_property
    def _client(self) -> Any:
        config = Config(retries={"mode": "standard"}, connect_timeout=10, read_timeout=60)
        session = boto3.Session()
        # a bucket is found from any region, and other services do not ask for one
        return session.client("s3", region_name=session.region_name or "us-east-1", config=config)

    def _head(self, bucket: str, key: str) -> Any | None:
        try:
            return self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode") != 404:
                raise
            # the answer to HEAD has no body that could say whether the bucket or the key is missing
            self._client.head_bucket(Bucket=bucket)
            return None


class _Object(io.RawIOBase):
    """One object, read in order or anywhere, over as many requests as it takes."""

    def __init__(self, client: Any, uri: str, size: int) -> None:
        self._client, self._uri, self._size = client, uri, size
        self._bucket, self._key = _split(uri)
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        position = max(0, start + offset)
        if position != self._position:
            self._drop()
        self._position = position
        return position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position >= self._size or not len(buffer):
            return 0
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                if self._body is None:
                    wanted = f"bytes={self._position}-"
                    self._body = self._client.get_object(Bucket=self._bucket, Key=self._key, Range=wanted)["Body"]
                data: bytes = self._body.read(len(buffer))
                if data:
                    buffer[: len(data)] = data
                    self._position += len(data)
                    return len(data)
                self._drop()
            except (BotoCoreError, OSError) as error:
                self._drop()
                if attempt == _ATTEMPTS:
                    raise _explain(error, self._uri) from None
            except ClientError as error:
                raise _explain(error, self._uri) from None
        raise DataError(f"{self._uri}: the connection broke off again and again", hint="try again later")

    def close(self) -> None:
        if not self.closed:
            self._drop()
        super().close()

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def _split(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri, allow_fragments=False)
    if not parts.netloc:
        raise UsageError(f"{uri} names no bucket", hint="an address on S3 reads s3://bucket/folder/file.csv")
    # a question mark is a letter like any other in a key
    return parts.netloc, uri.split("/", 3)[3] if uri.count("/") > 2 else ""


@contextlib.contextmanager
def _explained(uri: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise _explain(error, uri) from None


def _explain(error: Exception, uri: str) -> DataError:
    bucket = _split(uri)[0]
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return DataError(
            f"{uri}: no AWS login found on this machine",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run `aws configure`",
        )
    if isinstance(error, ProfileNotFound):
        return DataError(f"{uri}: {error}", hint="AWS_PROFILE names a section of ~/.aws/config")
    if isinstance(error, EndpointConnectionError):
        return DataError(f"{uri}: cannot reach S3: {error}", hint="check the network and AWS_ENDPOINT_URL")
    if isinstance(error, NoRegionError):
        return DataError(f"{uri}: no AWS region is set", hint="set AWS_REGION")
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        # what HEAD answers is only a number
        if code == "NoSuchBucket" or (code == "404" and error.operation_name == "HeadBucket"):
            return DataError(
                f"{uri}: no such bucket: {bucket}", hint="check its name, and AWS_ENDPOINT_URL if it is not on AWS"
            )
        if code in ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"):
            return DataError(
                f"{uri}: S3 refuses: access denied ({code})", hint="check the login and its rights to this bucket"
            )
        return DataError(f"{uri}: S3 says {code}: {error.response.get('Error', {}).get('Message', '')}")
    return DataError(f"{uri}: {error}", hint="check the network; try again later")
