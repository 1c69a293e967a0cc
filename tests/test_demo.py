"""The demonstration: its data, its functions, and one whole run."""

from importlib import resources

import numpy as np
import pytest

from adtrans import demo

DATA = resources.files("adtrans").joinpath("data")


def test_the_table_is_the_published_one():
    text = DATA.joinpath("breast_cancer.csv").read_text()
    assert len(text.splitlines()) == 570
    # Ranges as published with the data: radius 6.981 to 28.11, area 143.5 to 2501, worst area 185.2 to 4254.
    columns = {name: i for i, name in enumerate(text.splitlines()[0].split(","))}
    rows = [line.split(",") for line in text.splitlines()[1:]]
    for name, low, high in [("radius_mean", 6.981, 28.11), ("area_mean", 143.5, 2501.0),
                            ("area_worst", 185.2, 4254.0), ("fractal_dimension_worst", 0.05504, 0.2075)]:
        values = [float(row[columns[name]]) for row in rows]
        assert (min(values), max(values)) == (low, high)
    assert sorted(row[0] for row in rows) == ["B"] * 357 + ["M"] * 212


def test_source_and_licence_are_named():
    text = DATA.joinpath("SOURCE.md").read_text()
    for words in ("UCI", "Wolberg", "Street", "Mangasarian", "CC BY 4.0", "10.24432/C5DW2B"):
        assert words in text


def test_the_split_is_fixed_disjoint_and_standardised():
    split, again = demo.load(), demo.load()
    assert split.x.shape == (427, 30) and split.x_held.shape == (142, 30)
    assert np.allclose(split.x.mean(axis=0), 0.0) and np.allclose(split.x.std(axis=0), 1.0)
    assert np.array_equal(split.x, again.x)
    rows = {row.tobytes() for row in split.x}
    assert not any(row.tobytes() in rows for row in split.x_held)


def test_the_losses_are_cross_entropies():
    split = demo.load()
    assert demo.logistic_loss(np.zeros(30), 0.0, split.x, split.y, 0.0) == pytest.approx(np.log(2.0))
    w, b = np.linspace(-1, 1, 30), 0.3
    chance = 1.0 / (1.0 + np.exp(-(split.x @ w + b)))
    entropy = -np.mean(split.y * np.log(chance) + (1 - split.y) * np.log(1 - chance))
    assert demo.logistic_loss(w, b, split.x, split.y, 0.1) == pytest.approx(entropy + 0.05 * np.sum(w * w))
    params = demo.initial_perceptron(30)
    chance = 1.0 / (1.0 + np.exp(-(np.tanh(split.x @ params[0] + params[1]) @ params[2] + params[3])))
    entropy = -np.mean(split.y * np.log(chance) + (1 - split.y) * np.log(1 - chance))
    assert demo.perceptron_loss(*params, split.x, split.y) == pytest.approx(entropy)


def test_the_whole_demonstration(tmp_path, capsys):
    picture = tmp_path / "curves.png"
    demo.run(str(picture))
    shown = capsys.readouterr().out
    assert shown.count("check_grads: agrees") == 2
    assert "w_bar" in shown and "w1_bar" in shown
    lines = [line for line in shown.splitlines() if line.startswith("Held-out accuracy")]
    accuracies = [float(line.split()[2]) for line in lines]
    assert len(accuracies) == 2 and min(accuracies) > 95.0
    pytest.importorskip("matplotlib")
    assert picture.read_bytes().startswith(b"\x89PNG")
