"""Claims: augmentation mirrors and shifts, and the recipe is that of chapter 3 and repeats itself."""

import pytest
import torch
from pages import ROOT, cells_of, read
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from tutorial_utils import training
from tutorial_utils.recipes import classifier


def test_augmentation_mirrors_or_shifts_by_up_to_two_pixels(generator):
    torch.manual_seed(0)
    images = torch.rand(200, 1, 28, 28, generator=generator)
    for image, changed in zip(images, classifier.augment(images), strict=True):
        padded = [F.pad(version, (2, 2, 2, 2)) for version in (image, image.flip(2))]
        places = [p[:, y : y + 28, x : x + 28] for p in padded for y in range(5) for x in range(5)]
        assert any(torch.equal(changed, place) for place in places)


def test_augmentation_and_recipe_are_those_of_chapter_3():
    """The page writes them in full; this is the package's copy of them."""
    page = read(ROOT / "notebooks" / "03_cnn.ipynb")
    code = {cell.id: cell.source for cell in cells_of(page, "code")}
    scope = {"torch": torch, "F": F}
    exec(code["augment"].split("def classification_loss")[0], scope)
    images = torch.rand(64, 1, 28, 28)
    torch.manual_seed(3)
    expected = scope["augment"](images)
    torch.manual_seed(3)
    assert torch.equal(classifier.augment(images), expected)
    for setting in ("weight_decay=0.05", "max_lr=3e-3", "128"):
        assert setting in code["train-recipe"]


@pytest.fixture
def two_classes(monkeypatch):
    """Bright and dark squares, where the classes of clothes would be."""
    labels = torch.arange(400) % 2
    images = labels.float()[:, None, None, None] * torch.ones(1, 28, 28)
    monkeypatch.setattr(classifier, "fashion_mnist", lambda split: TensorDataset(images, labels))
    return images, labels


def test_fit_is_the_recipe_of_chapter_3(two_classes, monkeypatch):
    """AdamW on one cycle, and a loss of augmented images: what the package does, not what the page says."""
    seen = {}

    def minimize(loss, model, optimizer, *, schedule):
        seen.update(loss=loss, optimizer=optimizer, schedule=schedule)

    def train(step, data, **options):
        seen.update(options, batch=next(data), mode=model.training)

    monkeypatch.setattr(training, "minimize", minimize)
    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(classifier, "augment", lambda images: 0.5 * images)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).eval()
    classifier.fit(model, num_images=1_000, seed=0)
    (group,) = seen["optimizer"].param_groups
    assert isinstance(seen["optimizer"], torch.optim.AdamW)
    assert (group["weight_decay"], group["max_lr"], seen["schedule"].total_steps) == (0.05, 3e-3, 8)
    assert (seen["num_images"], seen["log_every"], len(seen["batch"][0])) == (1_000, 50, 128)
    assert seen["mode"]
    images, labels = two_classes[0][:9], torch.arange(9)
    expected = F.cross_entropy(model(0.5 * images), labels)
    assert torch.allclose(seen["loss"](model, (images, labels)), expected)


def test_shifts_and_mirrors_are_all_equally_likely():
    """A lone pixel in the middle comes to each of 5 × 5 places, and each of its two mirror images."""
    torch.manual_seed(0)
    images = torch.zeros(20_000, 1, 28, 28)
    images[:, :, 14, 10] = 1
    _, _, rows, columns = classifier.augment(images).nonzero().T
    for values, places in ((rows, range(12, 17)), (columns, [*range(8, 13), *range(15, 20)])):
        found, counts = values.unique(return_counts=True)
        assert found.tolist() == list(places)
        assert (counts / 20_000 * len(places) - 1).abs().max() < 0.1


def test_fit_learns_and_repeats_itself(two_classes):
    losses = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(49, 10))
        history = classifier.fit(model, num_images=12_800, seed=seed, num_rows=3)
        losses.append([row["loss"] for row in history])
        assert history[-1]["accuracy"] > 0.9
        assert classifier.accuracy(model.cpu(), *two_classes) == history[-1]["accuracy"]
        assert model.training
    assert losses[0] == losses[1] != losses[2]
