"""What the scripts that train and run nets share: numbers that both sides make, and lines of a fixture."""
import numpy as np


def numbers(count, name):
    """count floats in [-1, 1), the same as net_numbers() of tests/nets makes: a hash of the name and the index."""
    start = np.uint32(2166136261)
    with np.errstate(over='ignore'):
        for byte in name.encode():
            start = (start ^ np.uint32(byte)) * np.uint32(16777619)
        x = np.arange(count, dtype=np.uint32) + start
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85ebca6b)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xc2b2ae35)
        x ^= x >> np.uint32(16)
    return ((x >> np.uint32(8)).astype(np.float64) / 2 ** 23 - 1).astype(np.float32)


def initial(variable):
    """Weights keep the size of what passes through them; the rest is near the value it has in a trained net."""
    name, shape = variable.op.name, variable.shape.as_list()
    x = numbers(int(np.prod(shape)), name).reshape(shape).astype(np.float64)
    kind = name.split('/')[-1]
    if kind == 'weights':
        return x * np.sqrt(6.0 / np.prod(shape[:-1]))
    if kind == 'depthwise_weights':
        return x * np.sqrt(6.0 / np.prod(shape[:2]))
    return {'gamma': 1 + 0.1 * x, 'moving_variance': 1 + 0.5 * x}.get(kind, 0.1 * x)


def emit(case, key, value):
    print(case, key, ' '.join('%.9g' % v for v in np.ravel(value)))
