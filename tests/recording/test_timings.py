"""How long a cross-validation took is no result."""

from __future__ import annotations

from repro.tracing.samples import untimed

SCRIPT = """\
import pandas as pd
from sklearn.model_selection import cross_validate, learning_curve
from sklearn.tree import DecisionTreeClassifier

data = pd.read_csv("iris.csv")
X, y = data.drop(columns="target"), data["target"]
model = DecisionTreeClassifier(random_state=0)
cross_validate(model, X, y, cv=3, return_train_score=True)
learning_curve(model, X, y, cv=3, shuffle=True, random_state=0, return_times=True)
"""


def test_timings_in_the_result_of_a_cross_validation_do_not_differ(folder):
    folder.write("curve.py", SCRIPT)
    folder.record("python", "curve.py")

    found = folder.verify(status=0)["comparison"]

    assert found["verdict"] == "identical"
    assert {
        "stages.curve.py:8 cross_validate.result",
        "stages.curve.py:9 learning_curve.result",
    } <= {check["name"] for check in found["checks"]}


def test_scores_stay_and_results_of_other_functions_are_left_as_they_are():
    timed = {"fit_time": [0.1], "score_time": [0.2], "test_score": [0.9]}

    assert untimed("cross_validate", timed) == {"test_score": [0.9]}
    assert untimed("summary", timed) is timed
    assert untimed("learning_curve", (1, 2, 3, 4, 5)) == (1, 2, 3)
    assert untimed("validation_curve", (1, 2)) == (1, 2)
