"""Decodes records ahead of their reader, in threads and in order, and counts the damaged ones.

`helpers.records.read` (lab 3) gives such a reader. Decompressing pictures takes nearly all of the
time and happens in C code that lets other threads run, so two threads read nearly twice as fast as
one. Rests on the standard library.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from helpers.environment import available_cpus
from helpers.errors import RecordError
from helpers.records.raw import RawRecord, read_raw

T = TypeVar("T")
KEPT_ERRORS = 100
AHEAD = 2  # records for each thread: one that it decodes, one that is ready or waits


class Reading(Iterator[T], Generic[T]):
    """The decoded records of some files, in order.

    Attributes:
        skipped: How many damaged records were left out so far; only with `skip_bad`.
        errors: The errors of the first hundred of them.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        decode: Callable[[RawRecord], T],
        *,
        skip_bad: bool = False,
        workers: int | None = None,
        every: int = 1,
    ) -> None:
        self.skipped = 0
        self.errors: list[RecordError] = []
        self._paths = list(paths)
        self._decode = decode
        self._skip_bad = skip_bad
        self._every = every
        self._decoded = self._decode_ahead(workers or available_cpus())

    def __iter__(self) -> Reading[T]:
        return self

    def __next__(self) -> T:
        return next(self._decoded)

    def close(self) -> None:
        """Stop the threads and close the file, as happens when the iterator is collected."""
        self._decoded.close()

    def _skip(self, error: RecordError) -> None:
        self.skipped += 1
        if len(self.errors) < KEPT_ERRORS:
            self.errors.append(error)

    def _raw(self) -> Iterator[RawRecord]:
        for path in self._paths:
            yield from read_raw(path, skip=self._skip if self._skip_bad else None)

    def _decode_ahead(self, workers: int) -> Iterator[T]:
        waiting: deque[Future[T]] = deque()
        raws, damage = islice(self._raw(), 0, None, self._every), None
        pool = ThreadPoolExecutor(workers, "records")
        try:
            while True:
                try:
                    raw = next(raws, None)
                except RecordError as error:
                    damage = error  # raised below, after the records before it
                    break
                if raw is None:
                    break
                waiting.append(pool.submit(self._decode, raw))
                if len(waiting) == AHEAD * workers:
                    yield from self._result(waiting.popleft())
            while waiting:
                yield from self._result(waiting.popleft())
        finally:
            # Without waiting: a reader that was forgotten may be collected in one of the threads,
            # and that cannot wait for itself. Each ends with the record that it decodes.
            pool.shutdown(wait=False, cancel_futures=True)
        if damage is not None:
            raise damage

    def _result(self, future: Future[T]) -> Iterator[T]:
        try:
            yield future.result()
        except RecordError as error:
            if not self._skip_bad:
                raise
            self._skip(error)
