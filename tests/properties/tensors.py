"""Published elastic tensors in GPa, and what ELATE printed for some of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


def tensor(text):
    return np.array(text.split(), dtype=float).reshape(6, 6)


def cubic(c11, c12, c44):
    matrix = np.diag([c11 - c12] * 3 + [c44] * 3).astype(float)
    matrix[:3, :3] += c12
    return matrix


def isotropic(lame, shear):
    return cubic(lame + 2 * shear, lame, shear)


def uniaxial(c11, c12, c13, c33, c44, c14=0.0, c66=None):
    """Hexagonal; trigonal with C14; tetragonal with C66."""
    matrix = np.zeros((6, 6))
    matrix[:3, :3] = [[c11, c12, c13], [c12, c11, c13], [c13, c13, c33]]
    matrix[range(3, 6), range(3, 6)] = [c44, c44, (c11 - c12) / 2 if c66 is None else c66]
    matrix[0, 3] = matrix[3, 0] = matrix[4, 5] = matrix[5, 4] = c14
    matrix[1, 3] = matrix[3, 1] = -c14
    return matrix


QUARTZ = uniaxial(86.80, 7.04, 11.91, 105.75, 58.20, -18.04)
"""McSkimin, Andreatch & Thurston, J. Appl. Phys. 36, 1624 (1965), 25 °C."""

CALCITE = uniaxial(149.4, 57.9, 53.5, 85.2, 34.1, 20.0)
"""Chen, Lin & Wu (2001), as in the data of Healy et al., Solid Earth 11, 259 (2020)."""

CORUNDUM = uniaxial(497.2, 162.8, 116.0, 500.8, 146.7, -21.9)
"""Goto et al., J. Geophys. Res. 94, 7588 (1989), 300 K, as in Healy et al. (2020)."""

CRISTOBALITE = uniaxial(59.4, 3.8, -4.4, 42.4, 67.2, c66=25.7)
"""Yeganeh-Haeri, Weidner & Parise, Science 257, 650 (1992); the constants are recalled."""

DIOPSIDE = tensor("""
237.8 83.5 80 0 9 0   83.5 183.6 59.9 0 9.5 0   80 59.9 229.5 0 48.1 0
0 0 0 76.5 0 8.4   9 9.5 48.1 0 73 0   0 0 0 8.4 0 81.6""")
"""Collins & Brown, Phys. Chem. Minerals 26, 7 (1998), as in Healy et al. (2020)."""

ALBITE_TEXT = """\
68.30   32.20   30.40    4.90   -2.30  -0.90
32.20  184.30    5.00   -4.40   -7.70  -6.40
30.40    5.00  180.00   -9.20    7.50  -9.40
4.90   -4.40   -9.20   25.00   -2.40  -7.20
-2.30   -7.80    7.50   -2.40   26.90   0.60
-0.90   -6.40   -9.40   -7.20    0.60  33.60
"""
"""Brown, Angel & Ross, J. Geophys. Res. 121, 663 (2016), as in the data of Healy et al.
(2020), where C25 and C52 differ in the last digit."""


class Elate(NamedTuple):
    """A tensor of the Materials Project and the extremes on its ELATE page.

    Gaillac, Pullumbi & Coudert, J. Phys.: Condens. Matter 28, 275201 (2016);
    progs.coudert.name/elate/mp?query=<name>. Five digits were printed.
    """

    name: str
    laue_class: str
    stiffness: np.ndarray
    young: tuple[float, float]
    compressibility: tuple[float, float]
    shear: tuple[float, float]
    poisson: tuple[float, float]
    hill: tuple[float, float, float, float]  # K, E, G, ν
    eigenvalues: tuple[float, ...]
    missed: tuple[tuple[str, int], ...] = ()
    """Extremes (0 smallest, 1 largest) where its local search stopped short of ours."""


ELATE = (
    Elate(
        "mp-12931 SmTaO4",
        "2/m",
        tensor("""280 89 116 0 -10 0   89 194 99 0 16 0   116 99 278 0 -13 0
        0 0 0 66 0 9   -10 16 -13 0 71 0   0 0 0 9 0 64"""),
        (136.11, 225.98),
        (1.512, 3.5558),
        (52.21, 81.676),
        (0.08963, 0.44712),
        (147.9, 177.87, 68.435, 0.29957),
        (55.945, 63.446, 74.055, 133.95, 164.29, 461.31),
        (("shear", 1), ("poisson", 1)),
    ),
    Elate(
        "mp-18793 LiCrO2",
        "-3m",
        uniaxial(351, 106, 69, 203, 54, -9, c66=122),
        (145.4, 308.58),
        (1.6096, 3.8319),
        (53.175, 123.65),
        (0.078722, 0.47928),
        (148.3, 210.63, 83.368, 0.26328),
        (52.829, 53.156, 123.17, 169.84, 245.84, 490.16),
        (("shear", 0),),
    ),
    Elate(
        "mp-14142 TiZnO3",
        "-3",
        tensor("""308 154 99 20 -7 0   154 308 99 -20 7 0   99 99 241 0 0 0
        20 -20 0 31 0 7   -7 7 0 0 31 20   0 0 0 7 20 77"""),
        (66.85, 233.48),
        (1.5479, 2.8777),
        (22.727, 87.337),
        (-0.10175, 0.856),
        (170.43, 139.35, 51.092, 0.36372),
        (22.727, 24.088, 85.273, 160.91, 173.14, 529.86),
        (("poisson", 0), ("poisson", 1)),
    ),
    Elate(
        "mp-990076 P2O5",
        "mmm",
        tensor("""797 70 31 0 0 0   70 344 142 0 0 0   31 142 531 -1 0 0
        0 0 -1 43 0 0   0 0 0 0 251 0   0 0 0 0 0 158"""),
        (147.68, 782.75),
        (1.0142, 2.1895),
        (42.997, 293.61),
        (-0.24535, 0.79568),
        (232.45, 369.53, 149.6, 0.23504),
        (42.998, 158, 251, 263.27, 590.37, 818.35),
    ),
    Elate(
        "mp-1008524 BeSe",
        "6/mmm",
        uniaxial(149, 94, 40, 189, 5, c66=28),
        (18.579, 175.83),
        (3.4873, 3.8149),
        (5, 53.472),
        (0.057994, 0.86509),
        (92.731, 54.371, 19.387, 0.40228),
        (5, 5, 28, 55, 153.32, 278.68),
        (("shear", 1),),
    ),
    Elate(
        "mp-758006 Ca2SiO4",
        "mmm",
        tensor("""184 69 72 0 0 0   69 134 68 0 0 0   72 68 163 0 0 0
        0 0 0 54 0 0   0 0 0 0 36 0   0 0 0 0 0 42"""),
        (95.657, 137.82),
        (2.4909, 4.5987),
        (36, 54),
        (0.17282, 0.44377),
        (98.936, 114.76, 43.914, 0.30667),
        (36, 42, 54, 77.082, 101.95, 301.97),
    ),
    Elate(
        "mp-20605 PbC2(SN)2",
        "2/m",
        tensor("""34 27 16 0 5 0   27 48 17 0 7 0   16 17 41 0 5 0
        0 0 0 13 0 4   5 7 5 0 10 0   0 0 0 4 0 20"""),
        (17.356, 51.33),
        (6.1338, 29.389),
        (6.5335, 21.815),
        (0.06986, 0.73606),
        (25.068, 30.281, 11.658, 0.29868),
        (8.5969, 11.185, 12.892, 21.815, 28.101, 83.41),
    ),
    Elate(
        "mp-568619 SiC",
        "-3m",
        uniaxial(494, 98, 50, 534, 159, -31, c66=198),
        (349.13, 525.55),
        (1.5556, 1.5813),
        (141.88, 234.28),
        (0.0051615, 0.3098),
        (213.11, 433.38, 186.63, 0.16106),
        (141.88, 151.15, 215.12, 403.85, 486.57, 639.43),
    ),
)
