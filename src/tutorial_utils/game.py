"""“Real or generated?”: a game of two buttons, with a score that knows its own uncertainty (chapter 6)."""

import math
from collections.abc import Mapping
from numbers import Integral

import ipywidgets
import matplotlib.pyplot as plt
import torch
from IPython.display import display
from torch import Tensor

from tutorial_utils import settings
from tutorial_utils.images import check_images
from tutorial_utils.plotting import image_grid, render_png, show

PHOTOGRAPHS = "photographs"


def binomial_interval(successes: int, trials: int, *, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a probability, 95 % by default (Wilson 1927).

    Raises `ValueError` for no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0 or not 0 < z < math.inf:
        raise ValueError(
            f"successes must be between 0 and trials, at least 1, not {successes} of {trials}, and z positive"
        )
    share, weight = successes / trials, z**2 / trials
    middle = (share + weight / 2) / (1 + weight)
    half = math.sqrt(weight * share * (1 - share) + weight**2 / 4) / (1 + weight)
    return (middle - half if successes else 0.0), (middle + half if successes < trials else 1.0)


class Game:
    """Rounds of one image each, and what the player said of them.

    A coin decides in each round whether the image is a photograph, so that counting those seen so far does
    not help; else it comes from one of the models, all equally likely. `generated` maps a model's name to its
    samples (N, C, H, W) in [0, 1]. Raises `ValueError` for fewer images than rounds, images outside the
    convention or of different shapes.
    """

    def __init__(
        self,
        photographs: Tensor,
        generated: Mapping[str, Tensor],
        *,
        num_rounds: int = 20,
        generator: torch.Generator | None = None,
    ) -> None:
        if not isinstance(num_rounds, Integral) or num_rounds < 1:
            raise ValueError(f"num_rounds must be a whole number, at least 1, not {num_rounds!r}")
        if not generated or PHOTOGRAPHS in generated:
            raise ValueError(f"generated must name one model or more, none of them {PHOTOGRAPHS!r}")
        sets, picked = {PHOTOGRAPHS: photographs, **generated}, {}
        for name, images in sets.items():
            check_images(images, name=name)
            if len(images) < num_rounds:
                raise ValueError(f"{name} has {len(images)} images; {num_rounds} may be needed")
            if images.shape[1:] != photographs.shape[1:]:
                shapes = f"{tuple(images.shape[1:])}, not {tuple(photographs.shape[1:])}"
                raise ValueError(f"{name} has images of {shapes} as the photographs have")
            picked[name] = iter(images[torch.randperm(len(images), generator=generator)])
        heads = torch.rand(num_rounds, generator=generator) < 0.5
        model = torch.randint(len(generated), (num_rounds,), generator=generator).tolist()
        self.sources = [
            PHOTOGRAPHS if head else list(generated)[i] for head, i in zip(heads, model, strict=True)
        ]
        self.images = torch.stack([next(picked[source]) for source in self.sources])
        self.said_real: list[bool] = []

    @property
    def round(self) -> int:
        """How many images have been judged."""
        return len(self.said_real)

    @property
    def over(self) -> bool:
        return self.round == len(self.sources)

    def answer(self, real: bool) -> bool:
        """Judge the current image; return whether that was right. Raises `ValueError` after the last one."""
        if self.over:
            raise ValueError("the game is over: start another one")
        self.said_real.append(bool(real))
        return bool(real) == (self.sources[self.round - 1] == PHOTOGRAPHS)

    def called_real(self) -> dict[str, tuple[int, int]]:
        """For photographs and for each model: how many of its images were called real, of how many judged."""
        judged = list(zip(self.sources, self.said_real, strict=False))
        return {
            name: (sum(said for source, said in judged if source == name), sum(s == name for s, _ in judged))
            for name in dict.fromkeys([PHOTOGRAPHS, *self.sources])
        }

    def report(self) -> list[str]:
        """The score and the table of models, each share with its 95 % interval, a line each."""
        if not self.round:
            return ["no image judged yet"]
        right = sum(
            said == (source == PHOTOGRAPHS)
            for source, said in zip(self.sources, self.said_real, strict=False)
        )
        low, high = binomial_interval(right, self.round)
        verdict = (
            "better than a coin" if low > 0.5 else "worse than a coin" if high < 0.5 else "could be a coin"
        )
        score = f"{right} of {self.round} right: {right / self.round:.0%}"
        lines = [f"{score}, 95 % interval {low:.0%} to {high:.0%}, {verdict}"]
        for name, (called, judged) in self.called_real().items():
            if judged:
                low, high = binomial_interval(called, judged)
                lines.append(f"{name}: {called} of {judged} called real, interval {low:.0%} to {high:.0%}")
        return lines


def play(
    photographs: Tensor,
    generated: Mapping[str, Tensor],
    *,
    alt: str,
    num_rounds: int = 20,
    generator: torch.Generator | None = None,
) -> None:
    """Show a numbered grid with its answers folded away, and under it, in a live session, the game.

    The grid is `generator`'s; each live game is a new one. For arguments and errors see `Game`.
    Live widgets are left out where TUTORIAL_HEADLESS is set, as when pages are made or tested.
    """
    shown = Game(photographs, generated, num_rounds=num_rounds, generator=generator)
    columns = -(-num_rounds // 2)
    figure = image_grid(
        shown.images, columns=columns, scale=2, column_labels=[f"{i + 1}" for i in range(columns)]
    )
    show(figure, alt=alt, caption=f"Numbers 1 to {columns}, and below them {columns + 1} to {num_rounds}.")
    places = {
        name: ", ".join(str(place) for place, source in enumerate(shown.sources, 1) if source == name)
        for name in [PHOTOGRAPHS, *generated]
    }
    key = "; ".join(f"{name}: {numbers}" for name, numbers in places.items())
    folded = f"<details><summary>Answers</summary>\n\n{key}\n\n</details>"
    display({"text/markdown": folded, "text/plain": f"Answers: {key}"}, raw=True)
    if not settings.headless():
        dice = torch.Generator()
        dice.seed()  # another game each time, also after a restart
        display(build_game(Game(photographs, generated, num_rounds=num_rounds, generator=dice)))


def build_game(game: Game) -> ipywidgets.VBox:
    """The live half of `play`: a picture, two buttons, and the score, which is shown at the end."""
    picture = ipywidgets.Image(format="png", layout=ipywidgets.Layout(width="196px", height="196px"))
    buttons = [ipywidgets.Button(description=text) for text in ("Real", "Generated")]
    status = ipywidgets.HTML()

    def redraw(last: str = "") -> None:
        if game.over:
            status.value = "<br>".join(game.report())
            for button in buttons:
                button.disabled = True
            return
        figure = image_grid(game.images[game.round][None], scale=7)
        picture.value = render_png(figure)
        plt.close(figure)
        status.value = f"{last}image {game.round + 1} of {len(game.sources)}"

    def judge(button: ipywidgets.Button) -> None:
        right, source = game.answer(button.description == "Real"), game.sources[game.round - 1]
        redraw(f"{'Right' if right else 'Wrong'}, that was from: {source}. Now ")

    for button in buttons:
        button.on_click(judge)
    redraw()
    return ipywidgets.VBox([picture, ipywidgets.HBox(buttons), status])
