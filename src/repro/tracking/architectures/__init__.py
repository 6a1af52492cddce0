"""Architecture and weights of models, one module for each kind of library."""
