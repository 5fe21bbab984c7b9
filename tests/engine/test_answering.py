"""Questions about words and pictures, answered by CLIP and CLIPSeg with random weights: shapes, norms, errors."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.errors import InvalidRequest, ModelCorrupt, NoNetwork, PixxelbotError
from pixxelbot.job import Progress
from pixxelbot.question import Answer, Question
from pixxelbot.settings import BUNDLED
from tests.engine import tiny
from tests.engine.drawing import Told
from tests.factories import recipe

RED, BLUE = Image.new("RGB", (60, 40), "red"), Image.new("RGB", (60, 40), "blue")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("networks")
    places = {"clip": tiny.clip(folder / "clip"), "segmenter": tiny.segmenter(folder / "segmenter")}
    networks = [("tiny", role, str(where)) for role, where in places.items()]
    return Engine(Models({"bundled": str(BUNDLED)}, device="cpu", dtype="float32", networks=networks))


def asked(engine: Engine, question: Question, *pictures: Image.Image) -> Answer:
    told: list[Answer | PixxelbotError] = []
    engine.ask(question, pictures, told.append)
    engine.run(until=lambda: bool(told))
    if isinstance(told[0], PixxelbotError):
        raise told[0]
    return told[0]


def test_words_and_pictures_become_vectors_of_one_space(engine: Engine) -> None:
    words = asked(engine, Question(kind="embed_text", words=("a red fox", "a blue boat")))
    pictures = asked(engine, Question(kind="embed_picture"), RED, BLUE)
    vectors = np.array([*words.vectors, *pictures.vectors])
    assert vectors.shape == (4, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert words.model_hash == pictures.model_hash
    assert not np.allclose(vectors[0], vectors[1])
    assert not np.allclose(vectors[2], vectors[3])


def test_alone_or_beside_others_a_vector_is_the_same(engine: Engine) -> None:
    both = asked(engine, Question(kind="embed_picture"), RED, BLUE).vectors
    alone = asked(engine, Question(kind="embed_picture"), BLUE).vectors
    assert np.allclose(both[1], alone[0], atol=1e-5)


def test_ranking_shares_out_one_by_likeness(engine: Engine) -> None:
    phrases = ("a fox", "a boat", "a castle")
    scores = asked(engine, Question(kind="rank", words=phrases), RED).scores
    assert sum(scores) == pytest.approx(1)
    words = np.array(asked(engine, Question(kind="embed_text", words=phrases)).vectors)
    picture = np.array(asked(engine, Question(kind="embed_picture"), RED).vectors[0])
    assert np.argsort(words @ picture).tolist() == np.argsort(scores).tolist()


def test_a_segment_is_a_mask_of_the_pictures_size_for_each_phrase(engine: Engine) -> None:
    found = asked(engine, Question(kind="segment", words=("the hat", "the sky")), RED).masks
    masks = [Image.open(io.BytesIO(one)) for one in found]
    assert [(one.size, one.mode) for one in masks] == [((60, 40), "L")] * 2
    assert found[0] != found[1]
    assert len(asked(engine, Question(kind="segment", words=("the hat",)), RED).masks) == 1


def test_questions_are_answered_between_two_steps_of_a_drawing(engine: Engine) -> None:
    asked(engine, Question(kind="embed_text", words=("loads it",)))
    told, steps = Told(recipe=recipe(steps=12)), []

    def hear(outcome: object) -> None:
        told.append(outcome)  # type: ignore[arg-type]
        if isinstance(outcome, Progress) and outcome.step == 4:
            engine.ask(Question(kind="embed_text", words=("x",)), (), lambda _: steps.append(told.steps[-1]))

    engine.submit(told.job, {}, hear)
    engine.drain()
    assert steps == [4]
    assert len(told.rendered.pictures) == 1


def test_what_cannot_be_answered_is_said(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no words"):
        asked(engine, Question(kind="embed_text"))
    with pytest.raises(InvalidRequest, match="1 picture"):
        asked(engine, Question(kind="rank", words=("a fox",)), RED, BLUE)
    bare = Engine(Models({"bundled": str(BUNDLED)}, device="cpu", dtype="float32"))
    with pytest.raises(NoNetwork, match="PIXXELBOT_MODELS"):
        asked(bare, Question(kind="segment", words=("the hat",)), RED)
    folder = tiny.clip(tmp_path / "clip")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:2000])
    broken = Engine(
        Models({"bundled": str(BUNDLED)}, device="cpu", dtype="float32", networks=[("it", "clip", str(folder))])
    )
    with pytest.raises(ModelCorrupt, match=r"model\.safetensors"):
        asked(broken, Question(kind="embed_text", words=("x",)))


def test_a_question_waits_for_one_request_of_a_step_and_not_for_all(engine: Engine) -> None:
    question = Question(kind="embed_text", words=("a fox",))
    asked(engine, question)  # the network is loaded now
    told: list[str] = []
    drawings = [Told(recipe=recipe(steps=2, seed=seed)) for seed in range(4)]

    def hear(name: str, outcome: Any) -> None:
        if isinstance(outcome, Progress) and outcome.step == 1:
            told.append(name)
            if len(told) == 1:
                engine.ask(question, (), lambda answer: told.append(type(answer).__name__))

    for place, one in enumerate(drawings):
        engine.submit(one.job, {}, partial(hear, str(place)))
    engine.drain()
    assert told[:2] == ["0", "Answer"], "all four share the step"
    assert sorted(told[2:]) == ["1", "2", "3"]


def test_a_question_goes_before_the_beginning_of_those_that_came_before_it(engine: Engine) -> None:
    question = Question(kind="embed_text", words=("a fox",))
    asked(engine, question)
    told: list[str] = []
    for seed in range(3):
        engine.submit(Told(recipe=recipe(steps=1, seed=seed)).job, {}, lambda outcome: told.append("drawing"))
    engine.ask(question, (), lambda answer: told.append("answer"))
    engine.drain()
    assert told[0] == "answer"
