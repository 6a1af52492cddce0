"""Digests of PyTorch tensors; the library is used as the program loaded it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from repro.core.canonical import TaggedHash
from repro.digest.arrays import encode_shape, hash_values

# NumPy has no such types; their bytes are hashed as they are.
_BYTES = ("bfloat16", "float8")


def digest_tensor(tensor: Any) -> str:
    """Return the digest of a tensor, ``tensor/v2:<hex>``.

    Parameters
    ----------
    tensor : torch.Tensor
        Of any shape, on any device.

    Returns
    -------
    str
        Over dtype, shape, and the values in C order. Strides, the device, gradients and whether a
        gradient is required do not count; every NaN is one value, except in the 8-bit types and in
        ``bfloat16``, whose bits count. A tensor on the processor is never copied as a whole, unless
        it is one of those types and not contiguous.

    Raises
    ------
    TypeError
        If it is quantized, or of a sparse layout other than COO, CSR or CSC.
    """
    plain = tensor.detach().resolve_conj().resolve_neg()
    tagged = TaggedHash("tensor", 2).add(str(plain.dtype).encode())
    tagged.add(encode_shape(tuple(plain.shape)))
    if plain.is_quantized:
        raise TypeError("A quantized tensor has no digest: digest its dequantized values.")
    if str(plain.layout) != "torch.strided":
        return _with_parts(tagged, plain)
    return tagged.add(_values(plain.cpu())).digest()


def _values(plain: Any) -> bytes:
    if str(plain.dtype).removeprefix("torch.").startswith(_BYTES):
        whole = plain.contiguous().reshape(-1).view(sys.modules["torch"].uint8)
        return hash_values(whole.numpy())
    return hash_values(np.asarray(plain.numpy()))


def _with_parts(tagged: TaggedHash, plain: Any) -> str:
    # One layout for all, so that equal matrices have equal digests.
    try:
        whole = plain.to_sparse_coo().coalesce()
    except (RuntimeError, NotImplementedError) as error:
        raise TypeError(f"A tensor of layout {plain.layout} has no digest.") from error
    for part in (whole.indices(), whole.values()):
        tagged.add(digest_tensor(part).encode())
    return tagged.digest()
