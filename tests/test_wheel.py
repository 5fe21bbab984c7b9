"""What `pip wheel .` makes works elsewhere, without the repository beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def test_prompts_and_migrations_and_the_bundled_model_travel_along(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("prompts", "migrations"):
        files = [file.relative_to(ROOT) for file in (ROOT / folder).rglob("*") if file.is_file()]
        wanted = {f"pixxelbot/{file.as_posix()}" for file in files if "__pycache__" not in file.parts}
        assert wanted
        assert wanted <= inside
    assert "pixxelbot/bundled/unet/diffusion_pytorch_model.safetensors" in inside
    assert not [name for name in inside if name.startswith(("tests/", "data/", "prompts/", "migrations/"))]


def test_an_unpacked_wheel_upgrades_a_database_and_plans(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIXXELBOT_", "OPENAI_"))}
    environment |= {"PIXXELBOT_HOME": str(tmp_path / "data"), "PYTHONPATH": str(tmp_path / "site")}
    for arguments in (["db", "upgrade", "--json"], ["plan", "a red fox at night", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "pixxelbot.cli.main", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert isinstance(json.loads(done.stdout), dict)
