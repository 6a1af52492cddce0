"""Finding in people's programs what makes their results hard to reproduce.

A program is only parsed: it is never imported or executed. No library that it uses has to
be installed, since what scikit-learn's callables take is a table (``scikit_learn.json``).

- ``sources`` turns the bytes of a file or notebook into syntax trees
- ``names`` follows imports to the full name of what is called
- ``bindings`` gives every place at which a name gets a value
- ``seeds``, ``parameters``, ``thresholds``, ``generators`` and ``threads`` are checks: each looks
  at one module and gives findings
- ``suppression`` reads the comments that silence a rule
- ``sarif`` writes findings as SARIF 2.1.0

A false alarm costs trust: a name, an attribute, a subscript or a parameter of a function is never
taken for a value in the code, and a name that cannot be followed is left alone.
"""
