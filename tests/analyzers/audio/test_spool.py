"""Samples put aside."""

import numpy as np
from sounds import noise

from analyzers.audio.spool import Spool

SURE, NOT = np.array([0.9], np.float32), np.array([0.01], np.float32)


def test_speech_and_its_neighbours_are_kept_the_rest_is_zero() -> None:
    blocks = [noise(1, seed=seed) for seed in range(6)]
    with Spool() as spool:
        for block, heard in zip(blocks, [NOT, NOT, SURE, NOT, NOT, NOT], strict=True):
            spool.feed(block, heard)
        spool.finish()
        for second, kept in enumerate([False, True, True, True, False, False]):
            found = spool.read(second * 16_000, (second + 1) * 16_000)
            assert len(found) == 16_000
            assert found.any() == kept
            if kept:
                np.testing.assert_allclose(found, np.clip(blocks[second], -1, 1), atol=1 / 32767)


def test_reading_past_the_end_stops_there() -> None:
    with Spool() as spool:
        spool.feed(noise(1), SURE)
        spool.finish()
        assert len(spool.read(15_000, 99_000)) == 1_000
