/* Pairs within the cut-off: lengths, real spherical harmonics and their gradients. */
#ifndef LATTICE_LAB_GEOMETRY_H
#define LATTICE_LAB_GEOMETRY_H

#include <math.h>

#include "convolution.h"

/* Candidate neighbours of each atom, from a list with a skin. */
typedef struct {
    int64_t n_atoms;
    const int32_t *type;
    const int32_t *structure;   /* of each atom */
    const double *positions;    /* (atom, 3), angstrom */
    const double *cells;        /* (structure, 3, 3), rows are lattice vectors */
    const int64_t *first;       /* (n_atoms + 1,) */
    const int32_t *neighbour;
    const int32_t *image;       /* (pair, 3), in lattice vectors */
} Structure;

/* Real spherical harmonics up to degree 3 of a unit vector, y as the polar axis, each
 * degree with squares adding up to 2 l + 1. */
static void harmonics(const double n[3], double out[N_HARMONICS]) {
    const double x = n[0], y = n[1], z = n[2];
    const double xx = x * x, yy = y * y, zz = z * z;
    const double a = sqrt(35.0 / 8), b = sqrt(21.0 / 8);
    out[0] = 1;
    out[1] = sqrt(3) * x;
    out[2] = sqrt(3) * y;
    out[3] = sqrt(3) * z;
    out[4] = sqrt(15) * x * z;
    out[5] = sqrt(15) * x * y;
    out[6] = sqrt(5) * (yy - (xx + zz) / 2);
    out[7] = sqrt(15) * y * z;
    out[8] = sqrt(15) / 2 * (zz - xx);
    out[9] = a * x * (3 * zz - xx);
    out[10] = sqrt(105) * x * y * z;
    out[11] = b * x * (4 * yy - xx - zz);
    out[12] = sqrt(7) / 2 * y * (2 * yy - 3 * (xx + zz));
    out[13] = b * z * (4 * yy - xx - zz);
    out[14] = sqrt(105) / 2 * y * (zz - xx);
    out[15] = a * z * (zz - 3 * xx);
}

/* Gradient of sum(g Y) in the three components, Y as homogeneous polynomials. */
static void harmonics_gradient(const double n[3], const REAL *g, double out[3]) {
    const double x = n[0], y = n[1], z = n[2];
    const double xx = x * x, yy = y * y, zz = z * z;
    const double c1 = sqrt(3), c2 = sqrt(15), d2 = sqrt(5), a = sqrt(35.0 / 8);
    const double b = sqrt(21.0 / 8), c3 = sqrt(105), d3 = sqrt(7) / 2;
    out[0] = c1 * g[1] + c2 * (g[4] * z + g[5] * y - g[8] * x) - d2 * g[6] * x +
             a * (g[9] * 3 * (zz - xx) - g[15] * 6 * x * z) + c3 * (g[10] * y * z - g[14] * x * y) +
             b * (g[11] * (4 * yy - 3 * xx - zz) - g[13] * 2 * x * z) - d3 * g[12] * 6 * x * y;
    out[1] = c1 * g[2] + c2 * (g[5] * x + g[7] * z) + d2 * g[6] * 2 * y +
             c3 * (g[10] * x * z + g[14] / 2 * (zz - xx)) + b * 8 * y * (g[11] * x + g[13] * z) +
             d3 * g[12] * (6 * yy - 3 * (xx + zz));
    out[2] = c1 * g[3] + c2 * (g[4] * x + g[7] * y + g[8] * z) - d2 * g[6] * z +
             a * (g[9] * 6 * x * z + g[15] * 3 * (zz - xx)) + c3 * (g[10] * x * y + g[14] * y * z) +
             b * (g[13] * (4 * yy - xx - 3 * zz) - g[11] * 2 * x * z) - d3 * g[12] * 6 * y * z;
}

static void pair_vector(const Structure *structure, int64_t atom, int64_t candidate,
                        double out[3]) {
    const double *cell = structure->cells + 9 * (int64_t)structure->structure[atom];
    const double *from = structure->positions + 3 * atom;
    const double *to = structure->positions + 3 * (int64_t)structure->neighbour[candidate];
    const int32_t *image = structure->image + 3 * candidate;
    for (int axis = 0; axis < 3; ++axis)
        out[axis] = to[axis] - from[axis] + image[0] * cell[axis] + image[1] * cell[3 + axis] +
                    image[2] * cell[6 + axis];
}

/* Intervals of the radial functions in one angstrom, below and above `fine_below_a`. */
INLINE double intervals_per_a(const Network *network, int fine) {
    return fine ? network->n_fine / network->fine_below_a
                : (network->n_intervals - network->n_fine) /
                      (network->cutoff_a - network->fine_below_a);
}

/* Find the interval of a length, and the place in it, 0 to 1. */
static int find_interval(const Network *network, double length, double *fraction) {
    const int fine = length < network->fine_below_a;
    const int first = fine ? 0 : network->n_fine;
    const int last = (fine ? network->n_fine : network->n_intervals) - 1;
    const double from_start = fine ? length : length - network->fine_below_a;
    const double place = from_start * intervals_per_a(network, fine);
    const int interval = first + (int)place < last ? first + (int)place : last;
    *fraction = place - (interval - first);
    return interval;
}

/* Keep the candidates of one atom that lie within the cut-off. */
static void find_pairs(const Network *network, const Structure *structure, Pairs *pairs,
                       int64_t atom) {
    int64_t pair = pairs->first[atom] = structure->first[atom];
    for (int64_t c = structure->first[atom]; c < structure->first[atom + 1]; ++c) {
        double v[3], n[3], y[N_HARMONICS], fraction;
        pair_vector(structure, atom, c, v);
        const double length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        if (!(length < network->cutoff_a)) continue;
        for (int axis = 0; axis < 3; ++axis) n[axis] = v[axis] / length;
        harmonics(n, y);
        pairs->source[pair] = structure->neighbour[c];
        pairs->interval[pair] = find_interval(network, length, &fraction);
        pairs->fraction[pair] = (REAL)fraction;
        pairs->length[pair] = length;
        memcpy(pairs->vector + 3 * pair, v, sizeof v);
        for (int m = 0; m < N_HARMONICS; ++m) {
            pairs->harmonics[m * pairs->capacity + pair] = (REAL)y[m];
            pairs->harmonics_by_pair[pair * N_HARMONICS + m] = (REAL)y[m];
        }
        ++pair;
    }
    pairs->count[atom] = (int32_t)(pair - pairs->first[atom]);
}

/* Energy gradient by the vector of a pair. */
static void pair_gradient(const Network *network, const Pairs *pairs, int64_t pair,
                          double out[3]) {
    const REAL *g = pairs->gradient + pair * N_HARMONICS;
    const double length = pairs->length[pair], *v = pairs->vector + 3 * pair;
    const double n[3] = {v[0] / length, v[1] / length, v[2] / length};
    double by_direction[3];
    harmonics_gradient(n, g, by_direction);
    const double along = n[0] * by_direction[0] + n[1] * by_direction[1] + n[2] * by_direction[2];
    const double by_length =
        g[0] * intervals_per_a(network, pairs->interval[pair] < network->n_fine);
    for (int axis = 0; axis < 3; ++axis)
        out[axis] = (by_direction[axis] - along * n[axis]) / length + by_length * n[axis];
}

#endif
