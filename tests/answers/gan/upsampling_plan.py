"""Answers to `upsampling_plan`."""

import torch

RIGHT = [
    lambda: [(1, 1), (2, 0), (2, 1), (2, 1), (2, 1), (2, 1)],
    lambda: ((1, 0), (1, 2), (4, 0), (2, 1), (2, 1), (2, 1)),
    lambda: [[2, 1], [2, 0], [4, 0], [4, 0]],
    lambda: [torch.tensor([1, 1]), torch.tensor([2, 0]), *4 * [torch.tensor([2, 1])]],
]
WRONG = [
    (lambda: [(2, 1)] * 5, "1 - 2 - 4 - 8 - 16 - 32: not 96"),
    (lambda: [(1, 0), *[(2, 1)] * 4], "64: not 96"),
    (lambda: [(1, 0), *[(2, 1)] * 5], "128: not 96"),
    (lambda: [(1, 0), (1, 2), *[(2, 1)] * 5], "seven|7 layers"),
    (lambda: [(4, 1, 0), (4, 2, 1)], "no list of pairs"),
    (lambda: 96, "no list of pairs"),
    (lambda: [1, 2, 2, 2, 2, 2], "no list of pairs"),
    (lambda: [(1, 3)], "- 0: not 96"),
    (lambda: [(1, 1), (0, 2), *4 * [(1, 2)]], "wrong way round"),
    (lambda: [(1, 0), (32, 2)], "a stride is 1 to 4"),
    (lambda: [], "these layers make 1: not 96"),
    (lambda: [(1, 1), (2, 0), (2, 1), (2, 1), (2, 1)], "48: not 96"),
    (lambda: [(1.0, 0.0)] * 6, "no list of pairs"),
]  # fmt: skip
