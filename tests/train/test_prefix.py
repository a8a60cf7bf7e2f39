"""Each prompt once a group: the same log-probs and gradients as the plain forward pass."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from foreplan.train.trainer.prefix import completion_logits, distinct_rows  # noqa: E402

VOCABULARY = 97


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = transformers.Qwen3Config(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8,
    )  # fmt: skip
    return transformers.Qwen3ForCausalLM(config)


def batch(prompts: int, group: int, prompt: int, completion: int):
    """Padded prompts (left), each repeated, and padded completions (right)."""
    ids = torch.randint(1, VOCABULARY, (prompts, prompt)).repeat_interleave(group, 0)
    mask = torch.ones_like(ids)
    mask[:group, : prompt // 3] = 0
    done = torch.randint(1, VOCABULARY, (prompts * group, completion))
    done_mask = torch.ones_like(done)
    done_mask[0, completion // 2 + 1 :] = 0
    return ids * mask, mask, done, done_mask


def chosen(logits, done):
    return logits.log_softmax(-1).gather(-1, done[..., None])[..., 0]


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return [parameter.grad.clone() for parameter in model.parameters()]


@pytest.mark.parametrize("shape", [(2, 3, 11, 7), (1, 8, 40, 1), (3, 1, 5, 9)])
def test_shared_prefixes_change_neither_log_probs_nor_gradients(model, shape):
    ids, mask, done, done_mask = batch(*shape)
    ours = chosen(completion_logits(model, ids, mask, done, done_mask), done)
    whole = model(input_ids=torch.cat([ids, done], 1), attention_mask=torch.cat([mask, done_mask], 1)).logits
    plain = chosen(whole[:, ids.size(1) - 1 : -1], done)
    assert ((ours - plain) * done_mask).abs().max() < 1e-5
    pairs = zip(gradients(model, (ours * done_mask).sum()), gradients(model, (plain * done_mask).sum()), strict=True)
    assert max(float((one - other).norm() / other.norm().clamp(min=1e-12)) for one, other in pairs) < 2e-6


def test_only_neighbouring_equal_rows_share():
    ids = torch.tensor([[1, 2], [1, 2], [3, 4], [1, 2]])
    rows, run_of = distinct_rows(ids, torch.ones_like(ids))
    assert rows == [0, 2, 3]
    assert run_of.tolist() == [0, 0, 1, 2]
