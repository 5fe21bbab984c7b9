"""What the operator may choose: arithmetic by device, attention, compiled blocks, narrower weights, offloading."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models import attention_dispatch
from PIL import Image
from torch import nn

from pixxelbot.engine import residency
from pixxelbot.engine.choose import Caps
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.options import ATTENTION, Options, visiting
from pixxelbot.engine.profiling import ROWS
from pixxelbot.engine.residency import Models, chosen_dtype
from pixxelbot.errors import ConfigurationError
from pixxelbot.picture import read_metadata
from tests.engine import tiny
from tests.engine.drawing import apart, draw, pixels
from tests.factories import recipe as any_recipe

CPU = torch.device("cpu")
FAMILIES = ("sd1", "sd3", "flux")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {family: str(tiny.build(family, folder / family)) for family in FAMILIES}


@pytest.fixture
def engine(places: dict[str, str]) -> Callable[..., Engine]:
    def made(dtype: str = "float32", **options: Any) -> Engine:
        return Engine(Models(places, "cpu", dtype, options=Options(**options)))

    return made


def recipe(family: str = "sd1", **changes: Any) -> Any:
    sampler = "DDIM" if family == "sd1" else "FlowMatch Euler"
    values = {"model": family, "width": 32, "height": 32, "steps": 2, "sampler": sampler}
    return any_recipe(**(values | changes))


# --- arithmetic -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instruction", "chosen"),
    [("avx512_bf16", torch.bfloat16), ("amx_bf16", torch.bfloat16), ("avx512_f", torch.float32)],
)
def test_a_cpu_calculates_in_bfloat16_where_it_can_by_itself(
    monkeypatch: pytest.MonkeyPatch, instruction: str, chosen: torch.dtype
) -> None:
    monkeypatch.setattr(residency, "_capabilities", lambda: {instruction: True})
    assert chosen_dtype(CPU) is chosen
    assert chosen_dtype(CPU, "float32") is torch.float32
    assert chosen_dtype(torch.device("mps")) is torch.float32


def test_the_arithmetic_is_recorded_with_each_picture_and_profile(engine: Callable[..., Engine]) -> None:
    half = engine("bfloat16")
    told = draw(half, recipe())[0]
    found = read_metadata(told.rendered.pictures[0].png)
    assert found is not None
    assert found["arithmetic"] == "bfloat16"
    ((_, dtype, _),) = half._known_sizes
    assert dtype is torch.bfloat16


def test_half_precision_draws_nearly_the_same(engine: Callable[..., Engine]) -> None:
    wanted = recipe(steps=4, guidance_scale=1.0)
    whole, half = (pixels(engine(dtype), wanted)[0] for dtype in ("float32", "bfloat16"))
    assert 0 < apart(whole, half) < 60


# --- what this machine cannot do --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "variable"),
    [
        ({"attention": "sage"}, "PIXXELBOT_ATTENTION"),
        ({"attention": "cudnn"}, "PIXXELBOT_ATTENTION"),
        ({"compiled": True}, "PIXXELBOT_COMPILE"),
        ({"offloaded": "parts"}, "PIXXELBOT_OFFLOAD"),
        ({"offloaded": "blocks"}, "PIXXELBOT_OFFLOAD"),
    ],
)
def test_what_needs_a_gpu_is_refused_without_one(options: dict[str, Any], variable: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{variable}.*needs a GPU"):
        Options(**options).check(CPU)


def test_what_any_machine_can_do_is_not_refused() -> None:
    Options().check(CPU)
    Options(attention="native").check(CPU)


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="sageattention"):
        Options(attention="sage").check(torch.device("cuda"))
    with pytest.raises(ConfigurationError, match="write parts"):
        Options(compiled=True, offloaded="blocks").check(torch.device("cuda"))
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(ConfigurationError, match=r"PIXXELBOT_QUANTISATION.*pixxelbot\[quantisation\]"):
        Options(quantised="int8").check(CPU)


# --- attention --------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Back end `flash` is torch's plain mathematics for once, and each use of it is written down: the heads' size."""
    used: list[int] = []
    registry = attention_dispatch._AttentionBackendRegistry
    active, kind = registry._active_backend, attention_dispatch.AttentionBackendName._NATIVE_MATH
    own = registry._backends[kind]

    def counting(query: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        used.append(query.shape[-1])
        return own(query, *args, **kwargs)  # type: ignore[no-any-return]

    monkeypatch.setitem(registry._backends, kind, counting)
    monkeypatch.setitem(ATTENTION, "flash", (kind.value, None))  # type: ignore[arg-type]  # a mapping is a dict here
    yield used
    registry.set_active_backend(active)


@pytest.mark.parametrize("family", FAMILIES)
def test_another_attention_is_used_in_every_family(
    engine: Callable[..., Engine], family: str, counted: list[int]
) -> None:
    other, plain = engine(attention="flash"), engine()
    wanted = [recipe(family, seed=seed) for seed in (1, 2)]
    whole = [pixels(plain, one)[0] for one in wanted]
    assert counted == []
    told = draw(other, *wanted)
    tried, layers = len(set(counted)), _attentions(other.models.want(family).result().denoiser)
    assert len(counted) == tried + 2 * layers, "once for each size of heads, then in each layer at both steps"
    assert all(apart(one.pixels[0], drawn) <= 1 for one, drawn in zip(told, whole, strict=True))


def test_a_controlnet_attends_in_the_same_way(tmp_path: Path, places: dict[str, str], counted: list[int]) -> None:
    networks = [("tiny", "edges", str(tiny.controlnet(tmp_path / "edges")))]
    own = Engine(Models(places, "cpu", "float32", networks=networks, options=Options(attention="flash")))
    wanted = recipe(kind="control", control="edges", sources=("it",), steps=1, guidance_scale=1.0)
    draw(own, wanted, pictures={"it": Image.linear_gradient("L").resize((32, 32)).convert("RGB")})
    model, control = own.models.want("sd1").result(), own.models.want_network("edges").result()
    assert len(counted) == 2 + _attentions(model.denoiser) + _attentions(control.module)


def test_native_is_what_a_model_does_by_itself(engine: Callable[..., Engine]) -> None:
    native, plain = engine(attention="native"), engine()
    for family in FAMILIES:
        assert apart(pixels(native, recipe(family))[0], pixels(plain, recipe(family))[0]) == 0


def test_an_attention_that_cannot_do_a_models_heads_is_refused_before_it_draws(
    engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = attention_dispatch._AttentionBackendRegistry

    def only_64(query: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        raise ValueError(f"heads of {query.shape[-1]} are not supported")

    kind = attention_dispatch.AttentionBackendName._NATIVE_MATH
    monkeypatch.setitem(registry._backends, kind, only_64)
    monkeypatch.setitem(ATTENTION, "flash", (kind.value, None))  # type: ignore[arg-type]
    for family in FAMILIES:
        told = draw(engine(attention="flash"), recipe(family))[0]
        assert isinstance(told.error, ConfigurationError)
        assert re.search(r"PIXXELBOT_ATTENTION='flash'.*cannot use it here: heads of \d+", str(told.error))
    missing = draw(engine(attention="xformers"), recipe("sd1"))[0]
    assert isinstance(missing.error, ConfigurationError), "the package is not there"


def _attentions(network: Any) -> int:
    return sum(hasattr(one, "processor") for one in network.modules())


# --- compiled blocks --------------------------------------------------------------------------------------------


class Compiler:
    """Stands where Inductor would: counts what it is given, and runs it as it is."""

    def __init__(self) -> None:
        self.graphs = 0

    def __call__(self, graph: Any, example: Any) -> Any:
        self.graphs += 1
        return graph


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_filled_up_so_that_nothing_is_compiled_twice(engine: Callable[..., Engine], family: str) -> None:
    torch._dynamo.reset()
    compiler = Compiler()
    fast = engine(compiled=True, compiler=compiler)
    seen: list[int] = []
    model = fast.models.want(family).result()
    own = model.denoiser.forward

    @functools.wraps(own)
    def counted(**arguments: Any) -> Any:
        seen.append(next(iter(arguments.values())).shape[0])
        return own(**arguments)

    model.denoiser.forward = counted
    wanted = [recipe(family, seed=seed, guidance_scale=1.0) for seed in range(4)]
    first = draw(fast, *wanted)
    once = compiler.graphs
    assert once > 0
    three = draw(fast, *wanted[:3])
    assert compiler.graphs == once, "three rows went as four"
    assert set(seen) <= set(ROWS)
    plain = engine()
    for told, one in zip([*first, *three], [*wanted, *wanted[:3]], strict=True):
        assert apart(told.pixels[0], pixels(plain, one)[0]) <= 1


def test_once_it_was_measured_nothing_is_compiled_for_any_number_of_rows(engine: Callable[..., Engine]) -> None:
    torch._dynamo.reset()
    compiler = Compiler()
    fast = engine(compiled=True, compiler=compiler)
    fast.profiling = True
    draw(fast, recipe())
    with torch.no_grad():
        while fast.unmeasured or fast._measuring:
            fast._measure_a_little()
    once = compiler.graphs
    for count in (1, 2, 3, 5):
        draw(fast, recipe(count=count, guidance_scale=1.0))
    draw(fast, *(recipe(seed=seed) for seed in range(3)))
    assert compiler.graphs == once
    ((_, cap),) = fast.caps.profiled.items()
    assert cap in ROWS


def test_what_acts_on_a_model_or_must_be_exact_is_not_compiled(engine: Callable[..., Engine]) -> None:
    torch._dynamo.reset()
    compiler = Compiler()
    fast, plain = engine(compiled=True, compiler=compiler), engine()
    fast.caps = Caps(default=1)
    for wanted in (recipe(tile=True), recipe(exact=True, count=3)):
        both = zip(pixels(fast, wanted), pixels(plain, wanted), strict=True)
        assert [apart(one, other) for one, other in both] == [0] * wanted.count
    assert compiler.graphs == 0


# --- narrower weights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["int8", "float8"])
def test_narrow_weights_take_less_memory_and_draw_nearly_the_same(
    engine: Callable[..., Engine], family: str, kind: str
) -> None:
    pytest.importorskip("torchao", reason="narrower weights are an extra")
    narrow, plain = engine(quantised=kind), engine()
    wanted = [recipe(family, seed=seed, guidance_scale=1.0) for seed in (1, 2)]
    told = draw(narrow, *wanted)
    whole = [pixels(plain, one)[0] for one in wanted]
    assert all(0 < apart(one.pixels[0], other) < 40 for one, other in zip(told, whole, strict=True))
    found = read_metadata(told[0].rendered.pictures[0].png)
    assert found is not None
    assert found["arithmetic"] == f"float32 {kind}"
    linear = sum(one.weight.numel() for one in _linears(plain.models.want(family).result()))
    saved = plain.models.bytes - narrow.models.bytes
    assert 2 * linear < saved <= 3 * linear, "four bytes became one, and a scale for each row"


def _linears(model: Any) -> list[nn.Linear]:
    parts = [model.denoiser, *model.text_encoders()]
    return [one for part in parts for one in part.modules() if isinstance(one, nn.Linear)]


# --- offloading -------------------------------------------------------------------------------------------------


class Moved(nn.Module):
    """Remembers where it was sent, and whether it was called where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.moves: list[str] = []

    def to(self, where: Any) -> Any:
        self.moves.append(str(where))
        return self

    def forward(self, given: torch.Tensor, *, fail: bool = False) -> torch.Tensor:
        self.moves.append(f"called with {given.device}")
        if fail:
            raise ValueError("no")
        return given


def test_a_part_is_on_the_device_only_while_it_works_and_what_it_is_given_comes_along() -> None:
    part = Moved()
    visiting(part, torch.device("meta"))
    part(torch.zeros(1))
    with pytest.raises(ValueError, match="no"):
        part(torch.zeros(1), fail=True)
    assert part.moves == ["cpu", *["meta", "called with meta", "cpu"] * 2]


@pytest.mark.parametrize("where", ["parts", "blocks"])
@pytest.mark.parametrize("family", FAMILIES)
def test_offloaded_models_draw_the_same(engine: Callable[..., Engine], family: str, where: str) -> None:
    wanted = [recipe(family, seed=seed) for seed in (1, 2)]
    away, plain = engine(offloaded=where), engine()
    told = draw(away, *wanted)
    assert all(apart(one.pixels[0], pixels(plain, wish)[0]) <= 1 for one, wish in zip(told, wanted, strict=True))
