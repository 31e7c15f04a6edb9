"""The demonstration, short and small; ``make demo`` runs it in full."""

from __future__ import annotations

import re

import av

from tests.cli.conftest import Programs, run_here

_FILMS = {"sailboat.mp4": 2, "snow.mp4": 1, "last-light.mp4": 4}


def test_the_demonstration_makes_three_videos_and_accounts_for_every_cent(
    programs: Programs,
) -> None:
    """C33"""
    said = programs.run("demo", "--quick", KINETOSCOPE_DATABASE="postgresql://not.asked/ever")

    assert said.status == 0, said.err
    folder = programs.folder / "kinetoscope-demo"
    for name, seconds in _FILMS.items():
        assert f"kinetoscope-demo/{name}: 848×480, {seconds} s" in said.out
        with av.open(folder / name) as film:
            assert film.duration is not None
            assert abs(film.duration / av.time_base - seconds) < 0.1
    charged = re.findall(r"charged +\$([\d.]+)", said.out)
    assert charged == ["0.10", "0.052", "0.12"]
    assert re.search(r"spent on three videos +\$0\.272\n", said.out)
    assert re.search(r"left on demo +\$9\.728\n", said.out)
    assert run_here("audit", "--home", str(folder / "home")).status == 0
