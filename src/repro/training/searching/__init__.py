"""The search for hyper-parameters, by folds inside of the rows that a model may learn from.

``points`` draws or lists the points of a space, and ``proposals`` asks Optuna for them. ``bench``
fits and scores trials in folds, ``kinds`` decides which trials there are, and ``stage`` gives each
candidate the parameters of its best trial. ``checks`` refuses a space that cannot be searched, and
``finished`` is where a bench looks for scores that an interrupted training left.
"""
