"""The use case ``explain``: counterfactual trainings that confirm a cause."""
