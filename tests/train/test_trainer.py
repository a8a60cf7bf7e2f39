"""The trainer: equal to TRL where it must be, and what it adds does what it says."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("trl")

from support.practice import ByUtility, Played, prompt_ids, trainer  # noqa: E402
from trl.trainer.grpo_trainer import GRPOTrainer  # noqa: E402

from foreplan.train.errors import TrainError, TrainingPaused  # noqa: E402
from foreplan.train.grammar.compact import NUMBERS  # noqa: E402
from foreplan.train.grammar.mask import masked_log_softmax  # noqa: E402
from foreplan.train.rollout import Choice  # noqa: E402
from foreplan.train.tiny.folder import load_planner, save_planner  # noqa: E402
from foreplan.train.tiny.model import tiny_model  # noqa: E402
from foreplan.train.tiny.words import tiny_tokenizer  # noqa: E402
from foreplan.train.trainer.checkpoints import last_checkpoint  # noqa: E402
from foreplan.train.trainer.config import RLConfig  # noqa: E402
from foreplan.train.trainer.prefix import completion_logits  # noqa: E402

SMALL = RLConfig(steps=3, groups=2, group=4, max_tokens=60, learning_rate=1e-2, save_every=100, seed=7)
SAVED = SMALL.model_copy(update={"save_every": 1})


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def batch_of(made):
    """The tensors of a first step, and the trainer ready for a loss."""
    made.model.train()
    made.current_gradient_accumulation_steps = 1
    return made._practise()


def gradient(made, batch):
    made.model.zero_grad()
    made._compute_loss(made.model, batch).backward()
    return torch.cat([each.grad.flatten() for each in made.model.parameters()])


def stock(made):
    """The same trainer with TRL's own log-probs."""
    made._get_per_token_logps_and_entropies = GRPOTrainer._get_per_token_logps_and_entropies.__get__(made)
    return made


def scores(made, batch):
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
    real = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    made._allowed = batch.get("allowed")
    width = batch["completion_ids"].size(1)
    return made._get_per_token_logps_and_entropies(made.model, ids, real, width, compute_entropy=True)[:2]


@pytest.mark.parametrize("loss", ["dapo", "grpo"])
def test_shared_prompts_give_trls_own_log_probs_and_gradients(tmp_path, loss):
    config = SMALL.model_copy(update={"temperature": 0.7, "loss": loss, "groups": 3})
    made = trainer(tmp_path, config)
    batch = batch_of(made)
    for name in ("allowed", "old_per_token_logps"):
        del batch[name]
    ours, grads = scores(made, batch), gradient(made, batch)
    stock(made)
    theirs, plain = scores(made, batch), gradient(made, batch)
    real = batch["completion_mask"].bool()
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine - other)[real].abs().max() < 1e-5
    assert plain.norm() > 0
    assert (grads - plain).norm() / plain.norm() < 1e-6


def test_activation_checkpointing_gives_the_same_without_sharing(tmp_path):
    made = trainer(tmp_path, SMALL)
    batch = batch_of(made)
    shared = gradient(made, batch)
    plain = trainer(tmp_path, SMALL.model_copy(update={"checkpointing": True}))
    assert not plain._shares_prompts
    batch_of(plain)
    assert (gradient(plain, batch) - shared).norm() / shared.norm() < 1e-5


def test_sampler_and_trainer_renormalise_alike_and_without_it_they_differ(tmp_path):
    made = trainer(tmp_path, SMALL.model_copy(update={"temperature": 0.8}))
    batch = batch_of(made)
    said, real = batch["old_per_token_logps"], batch["completion_mask"].bool()
    with torch.no_grad():
        logprobs, entropies = scores(made, batch)
        fields = (batch[name] for name in ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask"))
        logits = completion_logits(made.model, *fields)
    assert (logprobs - said)[real].abs().max() < 1e-5
    ended = real.sum(1).sort().values
    assert ended[len(ended) // 4] < ended[-1], "no completion was left behind while others were drawn"
    unmasked = masked_log_softmax(logits, None, 0.8).gather(-1, batch["completion_ids"][..., None])[..., 0]
    assert (unmasked - said)[real].abs().max() > 1
    forced = (batch["tool_mask"] == 0) & real & batch["tool_mask"].any(1, keepdim=True)
    assert forced.any()
    assert logprobs[forced].abs().max() < 1e-6
    assert entropies[real].isfinite().all()


def test_only_free_tokens_of_whole_plans_carry_gradient_each_by_its_own_advantage(tmp_path):
    made = trainer(tmp_path, SMALL.model_copy(update={"loss": "dapo", "max_tokens": 25}))
    batch = batch_of(made)
    ended = (batch["completion_ids"] == tiny_tokenizer().eos_token_id).any(1)
    assert not ended.all()
    assert not batch["tool_mask"][~ended].any()
    row = int(batch["tool_mask"].sum(1).argmax())
    at = int(batch["tool_mask"][row].argmax())
    batch["advantages"] = torch.where(batch["tool_mask"] == 0, 9.0, 0.0)
    assert not gradient(made, batch).any()
    batch["advantages"][row, at] = 2.0
    found = gradient(made, batch)
    made.model.zero_grad()
    (-2.0 * scores(made, batch)[0][row, at] / batch["tool_mask"].sum()).backward()
    wanted = torch.cat([each.grad.flatten() for each in made.model.parameters()])
    assert (found - wanted).norm() / wanted.norm() < 1e-5


def test_groups_stay_together_and_accumulation_changes_nothing(tmp_path):
    config = SMALL.model_copy(update={"groups": 4, "steps": 1})
    whole = trainer(tmp_path / "a", config)
    whole.train()
    parts = trainer(tmp_path / "b", config.model_copy(update={"micro_batch": 8}))
    seen = []
    score = parts._compute_loss

    def noted(model, batch):
        seen.append(batch["prompt_ids"])
        return score(model, batch)

    parts._compute_loss = noted
    parts.train()
    assert [len(each) for each in seen] == [8, 8]
    for prompts in seen:
        assert all((group == group[0]).all() for group in prompts.split(config.group))
    assert (weights(whole.model) - weights(parts.model)).abs().max() < 1e-5


def with_room_for(rows, made):
    """The trainer, whose model runs out of memory when more rows than this are to be kept for gradients."""
    forward = made.model.forward

    def tight(*args, **kwargs):
        if torch.is_grad_enabled() and kwargs["input_ids"].size(0) > rows:
            torch.empty(10**15)  # the system's own allocator refuses
        return forward(*args, **kwargs)

    made.model.forward = tight
    return made


@pytest.mark.parametrize("loss", ["dapo", "grpo"])
def test_out_of_memory_halves_the_micro_batch_once_and_says_so(tmp_path, caplog, loss):
    caplog.set_level("WARNING")  # whatever other tests have set
    config = SMALL.model_copy(update={"groups": 4, "micro_batch": 8, "steps": 2, "loss": loss})
    plain = trainer(tmp_path / "a", config)
    plain.train()
    tight = with_room_for(4, trainer(tmp_path / "b", config))
    tight.train()
    assert caplog.text.count("halves of 4 plans") == 1
    assert (weights(plain.model) - weights(tight.model)).abs().max() < 1e-5
    with pytest.raises(TrainError, match="Out of memory"):
        with_room_for(2, trainer(tmp_path / "c", config)).train()


def test_a_resumed_training_ends_where_an_undisturbed_one_does(tmp_path):
    undisturbed = trainer(tmp_path / "a", SAVED)
    undisturbed.train()
    first = trainer(tmp_path / "b", SAVED)
    first.args.max_steps = 2
    first.train()
    torch.rand(3)
    again = trainer(tmp_path / "b", SAVED)
    again.train(resume_from_checkpoint=str(last_checkpoint(tmp_path / "b")))
    assert again.state.global_step == 3
    assert torch.equal(weights(again.model), weights(undisturbed.model))


@pytest.mark.slow
def test_a_killed_training_goes_on_exactly(tmp_path):
    undisturbed = trainer(tmp_path / "a", SAVED)
    undisturbed.train()
    script = Path(__file__).parents[1] / "support" / "practise_until.py"
    environment = {**os.environ, "PYTHONPATH": str(script.parents[1])}
    arguments = [sys.executable, script, tmp_path / "b", SAVED.model_dump_json(), "2"]
    killed = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    checkpoint = last_checkpoint(tmp_path / "b")
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-2"
    again = trainer(tmp_path / "b", SAVED)
    again.train(resume_from_checkpoint=str(checkpoint))
    assert torch.equal(weights(again.model), weights(undisturbed.model))


def test_a_dead_endpoint_pauses_and_the_same_training_goes_on_afterwards(tmp_path):
    undisturbed = trainer(tmp_path / "a", SAVED)
    undisturbed.train()
    executor = Played()
    paused = trainer(tmp_path / "b", SAVED, executor=executor)

    def watch(step, episodes):
        executor.fail = "no answer from the endpoint" if step == 1 else ""
        return {}

    paused._watch = watch
    with pytest.raises(TrainingPaused, match="no answer from the endpoint"):
        paused.train()
    checkpoint = last_checkpoint(tmp_path / "b")
    assert checkpoint is not None
    assert checkpoint.name == "checkpoint-2"
    again = trainer(tmp_path / "b", SAVED)
    again.train(resume_from_checkpoint=str(checkpoint))
    assert torch.equal(weights(again.model), weights(undisturbed.model))


def test_torn_checkpoints_are_passed_over(tmp_path):
    made = trainer(tmp_path, SAVED)
    made.train()
    newest = last_checkpoint(tmp_path)
    assert newest is not None
    state = newest / "trainer_state.json"
    state.write_text(state.read_text()[:100])
    older = last_checkpoint(tmp_path)
    assert older is not None
    assert older.name == "checkpoint-2"
    assert not newest.exists()
    assert last_checkpoint(tmp_path / "nothing") is None


def folder_model(tmp_path):
    folder = tmp_path / "planner"
    if not folder.exists():
        save_planner(folder, tiny_model(tiny_tokenizer(), seed=7, hidden=32, layers=2), tiny_tokenizer())
    return load_planner(folder)[0]


@pytest.mark.parametrize("lora", [False, True])
def test_reference_and_optimiser_are_reset_and_survive_a_resume(tmp_path, lora):
    config = SAVED.model_copy(update={"beta": 0.1, "reset_every": 2})
    extra = {"peft_config": pytest.importorskip("peft").LoraConfig(r=4, target_modules=["q_proj", "v_proj"])}

    def made(name):
        return trainer(tmp_path / name, config, model=folder_model(tmp_path), **(extra if lora else {}))

    def reference(found):
        if not lora:
            return weights(found.ref_model)
        return torch.cat([each.flatten() for name, each in found.model.named_parameters() if ".ref." in name])

    whole = made("a")
    before = reference(whole).clone()
    whole.train()
    assert not torch.equal(before, reference(whole))
    part = made("b")
    part.args.max_steps = 2
    part.train()
    assert not part.optimizer.state
    trained = [each for name, each in part.model.named_parameters() if not lora or ".default." in name]
    assert torch.equal(torch.cat([each.flatten() for each in trained]), reference(part))
    again = made("b")
    again.train(resume_from_checkpoint=str(last_checkpoint(tmp_path / "b")))
    assert torch.equal(reference(again), reference(whole))
    assert torch.equal(weights(again.model), weights(whole.model))


def test_updates_by_the_same_plans_draw_once(tmp_path):
    steps = []
    config = SMALL.model_copy(update={"updates": 2, "steps": 4, "save_every": 2})

    def watch(step, episodes):
        steps.append(step)
        return {"seen": len(episodes)}

    made = trainer(tmp_path, config, watch=watch)
    made.train()
    assert steps == [0, 2]
    assert [each["seen"] for each in made.state.log_history if "seen" in each] == [8, 8]


def test_equal_seeds_draw_equal_plans_each_prompt_next_to_its_own(tmp_path):
    made = trainer(tmp_path, SMALL)
    sampler = made._collector._sampler
    problems = made._collector.curriculum.draw(2, seed=1)
    prompts = [prompt_ids(problem) for problem in problems]
    one, other = (sampler.sample(prompts, group=3, max_tokens=40, seed=5) for _ in range(2))
    assert one == other
    assert [each.prompt_ids for each in one] == [prompt for prompt in prompts for _ in range(3)]
    assert len({each.text for each in one}) > 2
    assert one != sampler.sample(prompts, group=3, max_tokens=40, seed=6)
    for each in one:
        assert len(each.completion_ids) == len(each.logprobs) == len(each.free) <= 40
        assert each.truncated != (each.plan is not None)
        assert all(logprob == 0 for logprob, free in zip(each.logprobs, each.free, strict=True) if not free)


def test_half_a_plan_can_be_left_without_credit(tmp_path):
    updates = [trainer(tmp_path / str(half), SMALL.model_copy(update={"steps": 1}), advantages=ByUtility(4, half=half))
               for half in (False, True)]  # fmt: skip
    for each in updates:
        each.train()
    assert not torch.equal(*(weights(each.model) for each in updates))


def test_published_before_plans_are_drawn(tmp_path):
    seen = []
    made = trainer(tmp_path, SMALL, publish=lambda model, step: seen.append((step, weights(model).sum().item())))
    made.train()
    assert [step for step, _ in seen] == [0, 1, 2]
    assert all(before != after for (_, before), (_, after) in itertools.pairwise(seen))


class Wants:
    """Wants one budget, and keeps how often it was drawn, step by step where any was."""

    heat = 0.0

    def __init__(self, token):
        self.step, self._token, self.shares = 0, token, []

    def __call__(self, episodes):
        places = [
            [start for (_, name), (start, _) in each.rollout.spans.items() if name == "budget"] for each in episodes
        ]
        drawn = [each.rollout.completion_ids[at] for each, own in zip(episodes, places, strict=True) for at in own]
        if drawn:
            self.shares.append(sum(each == self._token for each in drawn) / len(drawn))
        worth = tuple(0.0 if each == self._token else -1.0 for each in NUMBERS["budget"])
        return [[Choice(at, tuple(NUMBERS["budget"]), worth) for at in own] for own in places]


class Nothing:
    """Nothing that was drawn is worth anything."""

    step = 0

    def __call__(self, episodes):
        return [[0.0] * len(each.rollout.completion_ids) for each in episodes]


@pytest.mark.parametrize("micro_batch", [None, 4])
def test_choices_teach_what_was_hardly_ever_drawn(tmp_path, micro_batch):
    config = SMALL.model_copy(update={"steps": 12, "micro_batch": micro_batch, "loss": "dapo"})
    wants = Wants(list(NUMBERS["budget"])[20])
    trainer(tmp_path, config, advantages=Nothing(), choices=wants).train()
    assert sum(wants.shares[:2]) / 2 < 0.25
    assert wants.shares[-1] > 0.6


def test_choices_weigh_the_same_in_pieces_as_whole(tmp_path):
    found = []
    for micro_batch in (None, 4, 2):
        config = SMALL.model_copy(update={"steps": 1, "micro_batch": micro_batch})
        made = trainer(tmp_path / str(micro_batch), config, choices=Wants(list(NUMBERS["budget"])[20]))
        made.train()
        found.append(weights(made.model))
    for each in found[1:]:
        assert torch.allclose(each, found[0], atol=1e-4)
