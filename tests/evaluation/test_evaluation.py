"""What is marked right and wrong, and a whole evaluation in miniature."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pixxelbot.bundled import captions, renders, sprites, train
from pixxelbot.bundled.scenes import NOUNS, SOMETHING, Scene, Thing, split_of
from pixxelbot.cli.main import carry_out
from pixxelbot.errors import UntrainedModel
from pixxelbot.evaluation import classifier, evaluation, report
from pixxelbot.evaluation.classifier import Seen, Sight
from pixxelbot.evaluation.scores import Share


def sight(noun: str, colour: str = "red", across: float = 0.5, down: float = 0.5, cells: int = 20) -> Sight:
    return Sight(noun, colour, cells, across, down, 0.9)


def seen(*sights: Sight, setting: str = "night", style: str = "flat", count: int = 1) -> Seen:
    return Seen(sights, setting, style, None, count)


def marks(scene: Scene, saw: Seen) -> dict[str, bool]:
    asked = evaluation.Asked(scene, "", 0)
    return {name: share.right == 1 for name, share in evaluation.mark([asked], [saw]).items()}


def test_each_attribute_is_marked_by_itself() -> None:
    scene = Scene((Thing("fox", "red"),), "night", place="left")
    assert marks(scene, seen(sight("fox", across=0.2))) == {
        "style": True, "object": True, "setting": True, "colour": True, "place left": True,
    }  # fmt: skip
    wrong = marks(scene, seen(sight("fox", "blue", across=0.8), setting="day", style="neon"))
    assert wrong == {"style": False, "object": True, "setting": False, "colour": False, "place left": False}
    assert marks(scene, seen(sight("cat")))["object"] is False


def test_relations_are_measured_between_the_two_middles() -> None:
    scene = Scene((Thing("fox"), Thing("cat")), relation="left of")
    assert marks(scene, seen(sight("fox", across=0.3), sight("cat", across=0.7)))["relation"]
    assert not marks(scene, seen(sight("fox", across=0.7), sight("cat", across=0.3)))["relation"]
    half = marks(scene, seen(sight("fox")))
    assert (half["both objects"], half["either object"]) == (False, True)
    assert "relation" not in half, "what is not there stands nowhere"


@pytest.mark.parametrize(
    ("across", "down", "place"),
    [(0.2, 0.5, "left"), (0.9, 0.1, "right"), (0.5, 0.2, "top"), (0.5, 0.8, "bottom"), (0.5, 0.5, "centre")],
)
def test_a_thing_stands_where_its_middle_is(across: float, down: float, place: str) -> None:
    assert sight("fox", across=across, down=down).place == place


def test_only_a_sure_object_of_the_vocabulary_is_a_confident_mistake() -> None:
    assert evaluation.confident_object(seen(sight("fox")))
    assert not evaluation.confident_object(seen(sight(SOMETHING)))
    assert not evaluation.confident_object(seen())


def test_the_classifier_reads_objects_and_their_middles_from_cells() -> None:
    nouns, colours = torch.zeros(1 + len(NOUNS), 16, 16), torch.zeros(10, 16, 16)
    nouns[0] = 0.6
    label = 1 + NOUNS.index("fox")
    nouns[label, 4:8, 0:4] = 1.0
    colours[4, 4:8, 0:4] = 1.0
    found = classifier._seen(nouns, colours, torch.zeros(sum(classifier.WHOLES.values())))
    assert [(one.noun, one.colour, one.cells) for one in found.sights] == [("fox", "blue", 16)]
    assert (found.sights[0].across, found.sights[0].down) == (pytest.approx(0.125), pytest.approx(0.375))


def test_the_evaluation_shares_no_scene_caption_or_seed_with_training() -> None:
    asked = evaluation.ask(300)
    assert all(split_of(one.scene) == "held-out" for one in asked)
    assert len({one.seed for one in asked}) == 300
    assert min(one.seed for one in asked) > 10_000_000, "training counts its paintings from zero"
    trained = {captions.caption(renders.scene_of(n, "train"), np.random.default_rng(n), "train") for n in range(2000)}
    assert not trained & {one.words for one in asked}


def test_a_report_says_what_was_reached_and_what_was_missed(tmp_path: Path) -> None:
    result = evaluation.Result({"captions": 100}, {"drawn": {"object": Share(99, 100), "colour": Share(50, 100)}})
    page = report.write(result, tmp_path).read_text()
    assert "| object | 99/100 | 0.990 | 0.946 | 0.92 reached |" in page
    assert "| colour | 50/100 | 0.500 | 0.404 | 0.92 missed |" in page
    assert json.loads((tmp_path / "report.json").read_text())["shares"]["drawn"]["object"]["right"] == 99


def test_pictures_of_another_size_are_refused() -> None:
    with pytest.raises(UntrainedModel, match="128×128"):
        classifier.look(classifier.Classifier("tiny"), torch.zeros(1, 3, 96, 96))


@pytest.mark.parametrize(("width", "height"), [(192, 96), (96, 192), (192, 192), (128, 128)])
def test_a_picture_of_another_size_stands_in_the_middle_of_a_square(width: int, height: int) -> None:
    pixels = torch.zeros(1, 3, height, width)
    pixels[:, :, height // 2 - 16 : height // 2 + 16, width // 2 - 16 : width // 2 + 16] = 1.0
    square = evaluation.squared(pixels)
    assert square.shape == (1, 3, 128, 128)
    rows, columns = (square[0, 0] > 0.5).nonzero(as_tuple=True)
    side = 32 * 128 / max(width, height)
    assert float(rows.float().mean()) == pytest.approx(63.5, abs=1) == float(columns.float().mean())
    assert len(rows) ** 0.5 == pytest.approx(side, abs=1.5)


def test_a_whole_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sprites, "FONT", tmp_path / "no-such-font.ttf")
    work, model = tmp_path / "work", tmp_path / "model"
    tiny = ("--work", str(work), "--size", "tiny")
    for stage in ("vae", "text", "clip", "unet"):
        options = (
            "--steps",
            "1",
            "--batch",
            "4",
            "--renders",
            "24",
            "--workers",
            "1",
            "--device",
            "cpu",
            "--no-compile",
        )
        assert train.main([stage, *tiny, *options]) == 0
    assert train.main(["export", *tiny, "--to", str(model)]) == 0
    capsys.readouterr()
    monkeypatch.setattr(evaluation, "STEPS", 2)
    monkeypatch.setattr(evaluation, "VARIED", 2)
    asked = ("--captions", "8", "--minutes", "0.02", "--model", str(model), "--out", str(tmp_path / "report"), "--json")
    assert carry_out(["evaluate", *tiny, *asked]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"real", "round trip", "drawn", "unknown nouns", "negative prompts", "unseen words"} <= told["shares"].keys()
    assert {"FID in CLIP's features", "precision", "recall", "CLIP score", "VAE PSNR in dB"} <= told["numbers"].keys()
    assert told["shares"]["drawn"]["style"]["total"] == 8
    assert Path(told["report"]).is_file()
    assert (
        told["shares"]["other sizes, drawn"]["style"]["total"] == told["shares"]["other sizes, real"]["style"]["total"]
    )
    assert len(list((tmp_path / "report").glob("grid-*.png"))) == 6
