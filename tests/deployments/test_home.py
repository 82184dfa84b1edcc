"""The folder of the local services."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from deployments.home import prepare_home
from dreamcut.settings import Settings


def test_two_commands_may_make_the_home_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for attempt in range(50):
            settings = Settings(home=tmp_path / str(attempt))
            together = Barrier(4)

            def prepare(settings: Settings = settings, together: Barrier = together) -> None:
                together.wait()
                prepare_home(settings)

            for done in [pool.submit(prepare) for _ in range(4)]:
                done.result()
            assert (settings.home / "run").is_dir()
