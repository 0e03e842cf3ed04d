"""Arguments for check_elementary.py: where the elementary functions of NUM-2 are hard, and everywhere else."""

import math
import random
import struct

import gmpy2

FUNCTIONS = ("exponential", "logarithm", "sine", "cosine", "power")


def from_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def neighbours(x, reach):
    points = [x]
    up = down = x
    for _ in range(reach):
        up, down = math.nextafter(up, math.inf), math.nextafter(down, -math.inf)
        points += [up, down]
    return points


SPECIAL = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.2250738585072014e-308,
           1.7976931348623157e308, -1.7976931348623157e308, 709.782712893384, 709.7827128933841, -745.1332191019411,
           -745.1332191019412, -708.3964185322641, -708.3964185322642]

# Doubles known to be hard to round, from the tables of Lefevre and Muller (2001), and the worst one for reduction.
HARD = [float.fromhex(text) for text in (
    "-0x1.1D31A9138DF3Dp-9", "-0x1.8172A0E02F90Ep-16", "0x1.83D4BCDEBB3F3p+2", "0x1.9E9CBBFD6080Bp-31",
    "0x1.FFFFFFFFFFFFEp-53", "0x1p-53", "0x1p-54", "-0x1p-54", "-0x1.8p-53", "0x1.8p-52", "0x1.6AC5B262CA1FFp+849",
    "0x1.F8E6900000000p-1", "0x1.E9950730C4696p-2", "0x1.FE767739D0F6Dp-2", "0x1.8000000000003p-23",
    "0x1.FFFFFFFFFFFFFp-1", "0x1.0000000000006p+0", "0x1.89825F74AA6B7p+0")]


def common(rng, function, count):
    """A list of `count` points: a third random bit patterns, a third of common size, a third the hard regions."""
    points = list(SPECIAL)
    for x in HARD:
        points += neighbours(x, 2)
    while len(points) < count:
        kind = len(points) % 3
        if kind == 0:
            points.append(from_bits(rng.getrandbits(64)))
        elif kind == 1:
            points.append(rng.choice((1, -1)) * math.ldexp(rng.random(), rng.randrange(-60, 12)))
        else:
            points.append(REGIONS[function](rng))
    return points[:count]


def near_one(rng):
    k = rng.getrandbits(rng.randrange(1, 50)) * rng.choice((1, -1))
    return 1 + k * 2.0 ** (-52 if k > 0 else -53)


def exponential_region(rng):
    choice = rng.randrange(4)
    if choice == 0:
        return rng.uniform(-746, -708)
    if choice == 1:
        return rng.uniform(-40, 40)
    if choice == 2:
        # Around midpoints of 1 + x.
        return (2 * rng.getrandbits(rng.randrange(1, 30)) + 1) * 2.0**-54 * rng.choice((1, -1))
    return rng.uniform(700, 710)


def logarithm_region(rng):
    if rng.randrange(3) == 0:
        return math.ldexp(rng.random(), -1022)
    return near_one(rng)


def angle_region(rng):
    choice = rng.randrange(3)
    if choice == 0:
        # A neighbour of k * pi/2, k of any length up to the largest Double.
        bits = rng.choice((rng.randrange(1, 34), rng.randrange(1, 1020)))
        with gmpy2.context(gmpy2.get_context(), precision=1200, emin=-5000, emax=5000, subnormalize=False):
            nearest = float(gmpy2.mpfr(rng.getrandbits(bits) + 1) * gmpy2.const_pi() / 2)
        return nearest if math.isinf(nearest) else rng.choice(neighbours(nearest, 1))
    if choice == 1:
        # A rotary angle: position * theta^(-2i/d).
        d = rng.choice((8, 16, 64, 128))
        frequency = rng.choice((10000.0, 500000.0, 1e6)) ** (-2 * rng.randrange(d // 2) / d)
        return rng.randrange(1_000_001) * frequency
    # Few bits: x^3/6 and x^2/2 next to midpoints.
    return math.ldexp(3 * rng.getrandbits(rng.randrange(1, 18)) + rng.randrange(3), rng.randrange(-45, -15))


REGIONS = {"exponential": exponential_region, "logarithm": logarithm_region, "sine": angle_region,
           "cosine": angle_region}


def power_pairs(rng, count):
    pairs = [(4.0, 0.5), (9.0, 0.5), (2.0, -1075.0), (2.0, -1074.0), (2.0, -1076.0), (2.0, 1024.0), (2.0, 1023.0),
             (3.0, 34.0), (1.0, 1e300), (5e-324, 1.0), (5e-324, 0.5), (5e-324, -0.5), (1.0, 0.0), (7.5, 0.0)]
    while len(pairs) < count:
        kind = len(pairs) % 6
        if kind == 0:
            d = rng.choice((8, 16, 32, 64, 80, 96, 128, 256))
            theta = rng.choice((10000.0, 500000.0, 1e6, 100.0, rng.uniform(2, 1e7)))
            pairs.append((theta, -2 * rng.randrange(d // 2) / d))
        elif kind == 1:
            # Powers that are exact or midpoints, with their results anywhere, also in the subnormal grid.
            roots = rng.randrange(4)
            odd = 2 * rng.getrandbits(rng.randrange(1, max(2, 52 >> roots))) + 1
            times = rng.randrange(1, 36)
            shift = rng.randrange(-30, 31) if rng.randrange(2) else -(1074 // times) + rng.randrange(3)
            base = odd ** (1 << roots) * 2.0 ** max(-1000, min(900, (1 << roots) * shift))
            if base > 0 and base.as_integer_ratio()[0].bit_length() <= 1024:
                pairs.append((base, times / (1 << roots)))
            else:
                pairs.append((2.0, -1000.0 - times))
        elif kind == 2:
            pairs.append((near_one(rng), rng.choice((0.5, 1.5, 0.25, rng.uniform(-4, 4), rng.uniform(-1, 1) * 2**50))))
        elif kind == 3:
            base = from_bits(rng.randrange(1, 0x7FF0000000000000))
            pairs.append((base, rng.uniform(-1080, 1080) / max(1e-3, abs(math.log2(base)))))
        elif kind == 4:
            base = from_bits(rng.randrange(1, 0x7FF0000000000000))
            exponent = from_bits(rng.getrandbits(64))
            pairs.append((base, exponent if math.isfinite(exponent) else 1.0))
        else:
            # Results that are subnormal.
            base = rng.uniform(1.1, 100)
            pairs.append((base, -rng.uniform(1021, 1076) / math.log2(base)))
    pairs = [(b, e) for b, e in pairs if 0 < b < math.inf]
    return [value for pair in pairs[:count] for value in pair]


def points(function, count, seed):
    rng = random.Random(f"{function} {seed}")
    return power_pairs(rng, count) if function == "power" else common(rng, function, count)
