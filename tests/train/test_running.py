"""Out of memory in trainings by rows: the micro-batch is halved once, which is said; a second time is a clear error."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch
from support.tiny_recipe import small_recipe

from foreplan.train.errors import TrainError
from foreplan.train.recipe import load_recipe
from foreplan.train.running import Hooks
from foreplan.train.sft import train_sft
from foreplan.train.tiny.model import tiny_model
from foreplan.train.tiny.words import tiny_tokenizer

pytestmark = pytest.mark.timeout(300)


def cuda_is_full():
    raise torch.OutOfMemoryError("CUDA out of memory")


def system_is_full():
    torch.empty(10**15)


def learn(folder, *, room, full=cuda_is_full, after=0):
    """An SFT of batches of eight on a model that holds `room` rows at once, when `after` batches have been learned.

    What was said, sizes of batches and weights.
    """
    folder.mkdir(exist_ok=True)
    said: list[str] = []
    sizes: list[int] = []
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, hidden=32, layers=1)

    def tight(_module, args, kwargs):
        rows = (args[0] if args else kwargs["input_ids"]).size(0)
        sizes.append(rows)
        if rows > room and len(sizes) > after:
            full()

    model.get_decoder().register_forward_pre_hook(tight, with_kwargs=True)
    recipe = load_recipe(str(small_recipe(folder)))
    recipe = recipe.model_copy(update={"sft": recipe.sft.model_copy(update={"steps": 2, "packing": False})})
    rows = [{"input_ids": [5, 6, 7, 8], "completion_mask": [0, 0, 1, 1]}] * 16
    trained = train_sft(model, tokenizer, rows, recipe, folder, Hooks(say=said.append))
    return said, sizes, torch.cat([each.detach().flatten() for each in trained.parameters()])


@pytest.mark.parametrize("full", [cuda_is_full, system_is_full])
def test_out_of_memory_halves_the_micro_batch_once_and_says_so(tmp_path, full):
    said, sizes, _ = learn(tmp_path, room=4, full=full)
    assert ["8 rows" in each and "with 4" in each for each in said] == [True]
    assert sizes == [8, 4, 4, 4, 4]


def test_out_of_memory_later_on_takes_no_step_twice(tmp_path):
    said, sizes, weights = learn(tmp_path / "tight", room=4, after=1)
    assert len(said) == 1
    assert sizes == [8, 8, 4, 4]
    _, _, undisturbed = learn(tmp_path / "roomy", room=8)
    assert (weights - undisturbed).abs().max() < 1e-5


def test_out_of_memory_a_second_time_says_what_to_change(tmp_path):
    with pytest.raises(TrainError, match="half the micro-batch") as caught:
        learn(tmp_path, room=2)
    assert "micro_batch" in caught.value.hint
