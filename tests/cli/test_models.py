"""`pixxelbot models …`: listing, checking, adding and measuring."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from pixxelbot.settings import BUNDLED
from tests.cli.command_line import CommandLine


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(BUNDLED, folder / "a-model"))


def test_models_and_networks_are_listed_with_what_is_wrong(pixxelbot: CommandLine, tmp_path: Path) -> None:
    places = f"bundled={BUNDLED},gone=/nowhere,it:clip={tmp_path}"
    listed = pixxelbot("models", "list", "--json", PIXXELBOT_MODELS=places)
    rows = {one["name"]: one for one in listed.answer["models"]}
    assert (rows["bundled"]["family"], rows["it"]["role"]) == ("bundled", "clip")
    assert "/nowhere" in rows["gone"]["draws"]
    wrong = pixxelbot("models", "list", PIXXELBOT_MODELS=f"it:magic={tmp_path}")
    assert wrong.code == 78
    assert "upscaler" in wrong.err


def test_every_weight_file_is_read_and_a_missing_model_is_named(pixxelbot: CommandLine, tmp_path: Path) -> None:
    good = pixxelbot("models", "check", "--json", PIXXELBOT_MODELS=f"it={copied(tmp_path)}")
    assert good.code == 0
    assert {len(one["sha256"]) for one in good.answer["files"]} == {64}
    assert len(good.answer["files"]) == 4, "UNet, VAE, text encoder and CLIP"
    bad = pixxelbot("models", "check", "--json", PIXXELBOT_MODELS="it=/nowhere")
    assert bad.code == 78
    assert "/nowhere" in bad.answer["files"][0]["error"]


def test_a_model_is_added_to_the_environment_file_and_other_lines_stay(pixxelbot: CommandLine, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    file = pixxelbot.cwd / ".env"
    file.write_text("# mine\nPIXXELBOT_LOG=warning\n")
    added = pixxelbot("models", "add", f"own={folder}", "--json")
    assert added.code == 0, added.err
    lines = file.read_text().splitlines()
    assert lines[:2] == ["# mine", "PIXXELBOT_LOG=warning"]
    assert lines[2].endswith(f"own={folder}")
    assert {one["name"] for one in pixxelbot("models", "list", "--json").answer["models"]} == {"bundled", "own"}
    assert pixxelbot("models", "add", "own", "--json").code == 78
    assert pixxelbot("models", "add", f"own:foo={folder}", "--json").code == 78


def test_a_model_whose_weights_were_cut_off_is_not_added(pixxelbot: CommandLine, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    weights = next((folder / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    told = pixxelbot("models", "add", f"own={folder}", "--json")
    assert told.code != 0 and weights.name in told.out
    assert not (pixxelbot.cwd / ".env").exists()
    checked = pixxelbot("models", "check", "--json", PIXXELBOT_MODELS=f"it={folder}")
    assert checked.code == 78 and weights.name in checked.answer["files"][0]["error"]


def test_a_model_is_measured_once_and_shown_as_a_chart(pixxelbot: CommandLine) -> None:
    measured = pixxelbot("models", "profile", "--json")
    assert measured.code == 0, measured.err
    (found,) = measured.answer["profiles"]
    assert found["model"] == "bundled"
    assert found["cap"] >= 1
    shown = pixxelbot("models", "profile")
    assert "rows/s" in shown.out
    assert "Measuring" not in shown.err
    anew = pixxelbot("models", "profile", "--again", "--json")
    assert "Measuring" in anew.err
    (other,) = anew.answer["profiles"]
    assert (other["size"], other["dtype"]) == (found["size"], found["dtype"])
    assert other["seconds"] != found["seconds"]
    assert pixxelbot("models", "profile", "--json").answer["profiles"] == [other], "it took the old one's place"
    assert pixxelbot("models", "profile", "nobody's").code == 2


def test_previews_of_styles_are_drawn_once_and_kept(pixxelbot: CommandLine) -> None:
    named = ("--style", "watercolour", "--style", "pixel-art")
    drawn = pixxelbot("models", "styles", *named, "--json")
    assert drawn.code == 0, drawn.err
    assert drawn.answer["model"] == "bundled"
    assert drawn.answer["drawn"] == ["watercolour", "pixel-art"]
    for name in ("watercolour", "pixel-art"):
        place = pixxelbot.home / "styles" / "bundled" / f"{name}.webp"
        assert drawn.answer["styles"][name] == str(place)
        with Image.open(place) as preview:
            assert preview.format == "WEBP"
            assert max(preview.size) <= 256
    again = pixxelbot("models", "styles", *named, "--json")
    assert again.answer["drawn"] == []
    assert pixxelbot("models", "styles", "--style", "no-such", "--json").code == 2
