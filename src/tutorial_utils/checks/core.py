"""What every check is made of: its outcomes, its hints, and the comparison that names a mistake."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import torch
from torch import Tensor

Mistakes = Mapping[str, Tensor | Sequence[Tensor]]  # a sentence: what this mistake gives

HINTS: dict[str, tuple[str, ...]] = {}
OVERFLOW = (
    "right for small logits, but inf or NaN for logits of ±1000: exp overflows, or the sigmoid rounds to 0 "
    "or 1 and its log is lost. Work from the logits, and rearrange so that exp never gets a positive number, "
    "as softplus and logsigmoid do."
)
DETACHED = (
    "the value is right but its gradient is not: a part is detached, or a backward of your own is wrong."
)
NAN_GRADIENT = "the value is right, but its gradient contains inf or NaN."
MARKS = {"✓": "ok", "✗": "wrong", "…": "..."}  # with what stands for them where they can't be printed


def printable(text: str) -> str:
    """The text in characters that standard output has: a pipe on Windows may know only 256 of them."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for mark, word in MARKS.items():
        if mark.encode(encoding, "ignore") == b"":
            text = text.replace(mark, word)
    return text.encode(encoding, "backslashreplace").decode(encoding)


class CheckFailed(AssertionError):
    """The answer is wrong; the message names the likely mistake. Jupyter shows it as one line."""

    mark = "✗"

    def _render_traceback_(self) -> list[str]:
        return [printable(f"{self.mark} {self}")]


class NotAttempted(CheckFailed):
    """The exercise's function still raises NotImplementedError."""

    mark = "…"


def check(name: str, *hints: str) -> Callable:
    """Make `body(fn)` the check of the exercise function `name`.

    The body calls the answer through `call` and compares through `expect`. Any other exception of the
    answer becomes a `CheckFailed` that names it, and a pass prints one line.
    """
    HINTS[name] = hints

    def decorate(body: Callable[[Callable], None]) -> Callable[[Callable], None]:
        @wraps(body)
        def checked(fn: Callable) -> None:
            try:
                with torch.random.fork_rng(devices=[]), torch.enable_grad():
                    body(fn)
            except NotAttempted:
                raise
            except CheckFailed as failure:
                raise CheckFailed(f"{name}: {failure} Stuck? checks.hint({name!r})") from None
            except Exception as problem:  # a result that can't even be compared: sparse, on another device
                raise CheckFailed(
                    f"{name}: what it returned can't be compared ({type(problem).__name__}: "
                    f"{_one_line(problem)}). Stuck? checks.hint({name!r})"
                ) from problem
            print(printable(f"✓ {name} is right"))

        return checked

    return decorate


def hint(name: str, number: int = 1) -> None:
    """Print hint `number` (1, 2, ...) for the exercise function `name`."""
    if name not in HINTS:
        raise ValueError(f"no hints for {name!r}; there are some for {', '.join(sorted(HINTS))}")
    hints = HINTS[name]
    if not 1 <= number <= len(hints):
        raise ValueError(f"{name} has hints 1 to {len(hints)}, not {number}")
    more = f" (one more: checks.hint({name!r}, {number + 1}))" if number < len(hints) else ""
    print(printable(f"Hint {number}: {hints[number - 1]}{more}"))


def call(fn: Callable, *inputs: Any, **options: Any) -> Any:
    """Call the answer on copies of the inputs; fail where it raises, returns None or changes an input."""
    if not callable(fn):
        raise CheckFailed(f"give it the function itself, by its name without (), not {type(fn).__name__}.")
    copies = [_copy(value) for value in inputs]
    try:
        value = fn(*copies, **options)
    except Exception as problem:
        if isinstance(problem, NotImplementedError) and not _from_torch(problem):
            name = getattr(fn, "__name__", "this function")
            raise NotAttempted(f"{name}: not attempted yet") from None  # the stub's, not PyTorch's
        shapes = ", ".join(_describe(value) for value in inputs)
        power = any(words in str(problem) for words in ("bitwise_xor", "for ^"))
        tip = " (In Python a power is **, not ^.)" if power else ""
        where = f"on inputs {shapes} " if shapes else ""
        raise CheckFailed(
            f"{where}it raised {type(problem).__name__}: {_one_line(problem)}.{tip}"
        ) from problem
    if value is None:
        raise CheckFailed("it returned None. Did you forget the return statement?")
    for before, after in zip(inputs, copies, strict=True):
        if isinstance(before, Tensor) and not torch.equal(before.detach(), after.detach()):
            raise CheckFailed("it changes its input in place. Compute a new tensor instead.")
    return value


def call_with_gradients(fn: Callable, *inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The answer's scalar, and its gradient with respect to each input."""
    leaves = [value.detach().clone().requires_grad_() for value in inputs]
    try:
        value = fn(*leaves)
    except Exception as problem:
        raise CheckFailed(
            f"on inputs that require a gradient it raised {type(problem).__name__}: {_one_line(problem)}."
        ) from problem
    if value is None:
        raise CheckFailed("it returned None for inputs that require a gradient.")
    if not isinstance(value, Tensor) or not value.requires_grad:
        raise CheckFailed(
            "no gradient flows through it: something detaches the result, such as .item(), .detach(), "
            "numpy or no_grad. A loss must stay differentiable."
        )
    try:
        gradients = torch.autograd.grad(value, leaves, allow_unused=True)
    except Exception as problem:
        overwritten = "an in-place operation (such as *= or sub_) has overwritten what it needs. Make a new "
        cause = f"{overwritten}tensor instead." if "inplace" in str(problem) else f"{_one_line(problem)}."
        raise CheckFailed(f"the value is right, but its gradient can't be computed: {cause}") from problem
    return value, [
        torch.zeros_like(leaf) if gradient is None else gradient
        for leaf, gradient in zip(leaves, gradients, strict=True)
    ]


def expect_any_device(fn: Callable, *inputs: Tensor) -> None:
    """Fail where the answer makes tensors on the CPU though its inputs lie elsewhere.

    No accelerator is needed: tensors on PyTorch's "meta" device have shapes and no numbers. An answer that
    must look at numbers can't run there and is let through.
    """
    try:
        fn(*(value.detach().to("meta") for value in inputs))
    except Exception as problem:
        if any(words in str(problem) for words in ("same device", "expected device")):
            raise CheckFailed(
                "on a GPU it would fail: it makes a tensor on the CPU. Make it with device=x.device, or with "
                "torch.zeros_like and its relatives."
            ) from problem


def expect(
    value: Any,
    right: Tensor,
    mistakes: Mistakes | Callable[[], Mistakes] | None = None,
    *,
    otherwise: str,
    not_finite: str = "it contains inf or NaN where the right answer is finite.",
    tolerance: float = 1e-4,
) -> None:
    """Fail unless `value` is a tensor like `right`: shape, type and numbers, to a relative `tolerance`.

    `mistakes` maps a sentence to the number that this mistake gives, or to several: where the value is one
    of them, the sentence is the message. (A function that returns them is called only for a wrong value.)
    `otherwise` is the message where none fits, `not_finite` where the value is not finite. float64 is
    accepted for float32.
    """
    if not isinstance(value, Tensor):
        raise CheckFailed(f"it must return a tensor, not {type(value).__name__}.")
    close = _close(value, right, tolerance)
    if not close:
        _expect_none_of(mistakes() if callable(mistakes) else mistakes or {}, value, right, tolerance)
    _expect_like(value, right, close, not_finite, tolerance)
    dtypes = (right.dtype, torch.float64)
    if not close and value.dtype in (*dtypes, torch.float32):
        raise CheckFailed(otherwise)
    if value.dtype not in dtypes:
        beginning = "the numbers are right, but " if close else ""
        raise CheckFailed(f"{beginning}{right.dtype} inputs must give {right.dtype}, not {value.dtype}.")


def sized(mistakes: Mistakes, right: Tensor, *, num_images: int) -> Mistakes:
    """Without those of another shape, where there is one image only: there they say nothing but the shape."""
    return {m: wrong for m, wrong in mistakes.items() if num_images > 1 or wrong.shape == right.shape}


def _expect_none_of(mistakes: Mistakes, value: Tensor, right: Tensor, tolerance: float) -> None:
    for message, numbers in mistakes.items():
        for wrong in (numbers,) if isinstance(numbers, Tensor) else numbers:
            if _close(value, wrong, tolerance) and not _close(wrong, right, tolerance):
                raise CheckFailed(message)


def _expect_like(value: Tensor, right: Tensor, close: bool, not_finite: str, tolerance: float) -> None:
    """Fail where the shape is another, the type is not a float, or a number is not finite."""
    if value.shape != right.shape:
        same = value.numel() == right.numel() and _close(value.reshape(right.shape), right, tolerance)
        beginning = "the numbers are right, but the shape must be" if same else "it must return shape"
        raise CheckFailed(f"{beginning} {tuple(right.shape)} here, not {tuple(value.shape)}.")
    if not value.is_floating_point():
        raise CheckFailed(f"it must return {right.dtype}, not {value.dtype}.")
    if not value.isfinite().all():
        raise CheckFailed(not_finite)


def _from_torch(problem: Exception) -> bool:
    """Was it raised by PyTorch, and not by the answer itself?"""
    trace = problem.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "")
    return module.split(".")[0] == "torch" or "implemented for" in str(problem)


def _one_line(problem: Exception) -> str:
    line = " ".join(str(problem).split())
    return line if len(line) <= 300 else line[:300] + " ..."


def _close(value: Tensor, other: Tensor, tolerance: float) -> bool:
    if value.shape != other.shape:
        return False
    scale = other.detach().double().abs().mean().item() or 1.0
    if not math.isfinite(scale):  # a mistake that gives NaN matches nothing
        return False
    return torch.allclose(
        value.detach().cpu().double(), other.detach().cpu().double(), rtol=tolerance, atol=tolerance * scale
    )  # fmt: skip


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _describe(value: Any) -> str:
    if not isinstance(value, Tensor):
        return repr(value) if isinstance(value, int | float | list) else type(value).__name__
    return f"{tuple(value.shape)}" + ("" if value.dtype == torch.float32 else f" {value.dtype}")
