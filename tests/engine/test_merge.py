"""Joining calls row-wise, and taking outputs apart."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

from pixxelbot.engine.merge import Call, merge, split


def forward(
    sample: torch.Tensor, timestep: Any, encoder: torch.Tensor, added: Any = None, img_ids: Any = None, **kwargs: Any
) -> Any:
    return sample + 1, {"times": torch.as_tensor(timestep)}


NAMES = list(inspect.signature(forward).parameters)[:-1]


def call(rows: int, timestep: Any = 5, **changes: Any) -> Call:
    arguments = {"encoder": torch.zeros(rows, 3)} | changes
    return Call.of(
        forward, list(inspect.signature(forward).parameters), torch.full((rows, 2), float(rows)), timestep, **arguments
    )


def test_rows_are_joined_in_order_and_each_call_gets_its_own_back() -> None:
    calls = [call(1), call(3), call(2)]
    sample, _ = merge(calls)()
    assert sample[:, 0].tolist() == [2, 4, 4, 4, 3, 3]
    parts = split((sample, [sample]), calls)
    assert [part[0].shape[0] for part in parts] == [1, 3, 2]
    assert [part[1][0][0, 0].item() for part in parts] == [2, 4, 3]


def test_integer_and_float_timesteps_become_one_vector() -> None:
    whole = call(1, torch.tensor(999)), call(2, torch.tensor(12.5)), call(1, 3)
    assert len({one.key for one in whole}) == 1
    assert merge(whole).arguments["timestep"].tolist() == [999, 12.5, 12.5, 3]


def test_nested_arguments_are_joined() -> None:
    whole = [call(rows, added={"ids": torch.ones(rows, 4), "residuals": [torch.ones(rows, 1)]}) for rows in (1, 2)]
    added = merge(whole).arguments["added"]
    assert added["ids"].shape == (3, 4)
    assert added["residuals"][0].shape == (3, 1)


def test_tensors_without_rows_must_be_equal_and_stay_single() -> None:
    same, other = torch.arange(4.0), torch.arange(4.0) + 1
    one, two, three = call(2, img_ids=same), call(2, img_ids=same.clone()), call(2, img_ids=other)
    assert one.key == two.key != three.key
    assert torch.equal(merge([one, two]).arguments["img_ids"], same)


def test_other_shapes_and_plain_arguments_do_not_share_a_forward() -> None:
    assert call(2).key != call(2, encoder=torch.zeros(2, 4)).key
    assert call(2).key != call(2, encoder=torch.zeros(2, 3, dtype=torch.float64)).key
    assert call(2, added=None).key != call(2, added="text").key
    assert call(2, scale=1.0).key != call(2, scale=2.0).key


def test_a_call_that_goes_alone_is_untouched() -> None:
    only = call(2)
    assert merge([only]) is only


def test_arguments_stand_in_the_order_of_the_forward_whoever_names_them() -> None:
    sample = torch.zeros(2, 2)
    named = Call.of(forward, NAMES, extra=1, encoder=torch.zeros(2, 3), timestep=5, sample=sample)
    assert list(named.arguments) == ["sample", "timestep", "encoder", "extra"]
    assert named.rows == 2
    with pytest.raises(TypeError, match="twice"):
        Call.of(forward, NAMES, sample, 5, sample=sample)
