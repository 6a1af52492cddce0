"""Digests: one function for each kind of thing, every result tagged with its scheme and version.

A digest answers one question: is this the same content? It reads ``<kind>/v<version>:<hex>``, kind
and version are hashed too, and every part is prefixed by its length, so that things of two kinds,
or the same bytes cut in two ways, never share a digest. Content is always hashed in full.

==============  ==========================================================================
``files``       ``sha256_bytes``, ``sha256_file`` (plain hexadecimal, as ``sha256sum`` prints),
                ``digest_bytes``, ``digest_tree``
``arrays``      ``digest_array``: dtype, shape, values in C order
``frames``      ``digest_frame``, ``digest_series``, ``digest_index``: labels, dtypes, values,
                missing values
                ``digest_rows``: the same without index and order of the rows
``estimators``  ``digest_estimator``: parameters and fitted state, walked, never pickled
``plain``       ``digest_plain``: records, mappings, sequences, what JSON has
==============  ==========================================================================

Import from the submodules: ``files`` and ``plain`` need neither NumPy nor pandas, and this package
imports none of them.

The laws, each held by tests (``plain`` has those of canonical JSON instead: ``0.0`` and ``-0.0``
are one value, NaN is refused by a ``ValueError``, and the order of a mapping counts):

- Equal content gives equal digests, however it is held: memory order, strides, byte order and
  padding of an array; storage and missing sentinel of a text column; a ``RangeIndex`` or the same
  integers; the order of a dictionary's keys; an object that is shared or copied; the process, its
  hash seed, its workers.
- Any change of value, dtype, shape, label, order or missingness gives a different digest.
- NaN is one value: processors differ in the sign of the NaN they produce. ``0.0`` and ``-0.0`` are
  two values.
- Using a thing never changes its digest: predicting leaves an estimator's digest alone.
- What has no canonical form is refused with a ``TypeError`` that says what and where, and is never
  hashed by its address, its ``repr`` or its pickle.

A change of any encoding is a new version of its scheme; the tests pin exact digests.
"""
