"""Claims: pictures that a run drew survive in its record to half a grey level."""

import json

import pytest
import torch

from tutorial_utils.experiments import pack, unpack


def test_images_survive_as_text(generator):
    images = torch.rand(3, 1, 5, 4, generator=generator)
    images[0, 0, 0, 0], images[0, 0, 0, 1] = 0.0, 1.0
    text = json.loads(json.dumps(pack(images)))
    again = unpack(text, (3, 1, 5, 4))
    assert again.dtype == torch.float32
    assert (again - images).abs().max() <= 0.5 / 255 + 1e-6
    assert (again[0, 0, 0, :2] == torch.tensor([0.0, 1.0])).all()
    assert torch.equal(unpack(pack(again), again.shape), again)
    assert torch.equal(unpack(pack(images.transpose(2, 3)), (3, 1, 4, 5)), again.transpose(2, 3))


def test_what_is_no_image_or_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"1\.5"):
        pack(torch.full((1, 1, 2, 2), 1.5))
    text = pack(torch.zeros(1, 1, 2, 2))
    with pytest.raises(ValueError, match=r"4 pixels are packed here: they can't be \(1, 1, 2, 3\)"):
        unpack(text, (1, 1, 2, 3))
    with pytest.raises(ValueError, match="no packed images"):
        unpack("no text of ours!", (1, 1, 2, 2))
