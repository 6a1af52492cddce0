"""Model families of this package, each in a module that is imported only where it is configured.

They have the API of scikit-learn, and a configuration names them by their path, such as
``repro.families.torch_mlp:TorchMLPClassifier``.
"""
