#!/usr/bin/env python3
"""Compares two ONNX models field by field: check_roundtrip.py ORIGINAL COPY [ORIGINAL COPY ...]

Weights in files of their own are read first, so that only their values count. Unknown fields count too.
Prints the first differences of each pair and exits with 1 if there are any.
"""
import sys
import onnx
from google.protobuf.descriptor import FieldDescriptor


def bare(message):
    """The bytes of a message: equal bytes, equal messages."""
    return message.SerializeToString(deterministic=True)


def load(path):
    """A model with its weights in it. The loader leaves `data_location` at DEFAULT, which says as much as no location."""
    model = onnx.load(path)
    forget_default_locations(model)
    return model


def forget_default_locations(message):
    """Removes `data_location` where it is DEFAULT, from every tensor below a message."""
    if message.DESCRIPTOR.name == "TensorProto" and message.data_location == onnx.TensorProto.DEFAULT:
        message.ClearField("data_location")
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for part in [value] if hasattr(value, "ListFields") else value:
                forget_default_locations(part)


def differences(a, b, path):
    """Yields the places where two messages of one type differ."""
    if bare(a) == bare(b):
        return
    found = False
    for field in a.DESCRIPTOR.fields:
        x, y = getattr(a, field.name), getattr(b, field.name)
        here = f"{path}.{field.name}"
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            present = [m.HasField(field.name) for m in (a, b)] if field.has_presence else [True, True]
            if repr(x) != repr(y) or present[0] != present[1]:
                found = True
                yield f"{here}: {str(x)[:80]!r} became {str(y)[:80]!r} (present: {present[0]}, {present[1]})"
        elif hasattr(x, "ListFields"):
            inner = list(differences(x, y, here))
            if a.HasField(field.name) != b.HasField(field.name):
                inner.append(f"{here}: present {a.HasField(field.name)}, then {b.HasField(field.name)}")
            found = found or bool(inner)
            yield from inner
        else:
            if len(x) != len(y):
                found = True
                yield f"{here}: {len(x)} entries became {len(y)}"
            for i, (p, q) in enumerate(zip(x, y)):
                inner = list(differences(p, q, f"{here}[{i}]"))
                found = found or bool(inner)
                yield from inner
    if not found:
        yield f"{path}: unknown fields differ"


def main(paths):
    failed = len(paths) % 2 == 1 or not paths
    for original, copy in zip(paths[::2], paths[1::2]):
        found = list(differences(load(original), load(copy), "model"))
        for line in found[:10]:
            print(f"{original}: {line}")
        failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
