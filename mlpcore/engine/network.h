/* What the network is made of. The structures are filled in by network.py, whose
 * ctypes classes must match them field by field. */
#ifndef LATTICE_LAB_NETWORK_H
#define LATTICE_LAB_NETWORK_H

#include "vector.h"

enum { MAX_L = 3, N_L = MAX_L + 1, N_HARMONICS = N_L * N_L, MAX_PATHS = 40, N_COEFFICIENTS = 6 };

/* Sparse matrix whose entries are linear in one of the other two factors of a
 * coupling: entry e is the sum over begin[e] <= k < begin[e + 1] of value[k] q[index[k]]. */
typedef struct {
    const int32_t *begin;
    const int32_t *index;
    const REAL *value;
} Coupling;

/* One product of features of degree l1 with harmonics of degree l2, of degree l3. */
typedef struct {
    int32_t l1, l2, l3;
    int32_t column;       /* first channel among all products of degree l3 */
    Coupling by_harmonic; /* entries (m3, m1), linear in Y(m2) */
    Coupling by_output;   /* entries (m2, m1), linear in the gradient (m3) */
} Path;

/* Matrices act on channels of one degree from the right: (channels in, channels out). */
typedef struct {
    int32_t n_in[N_L];    /* channels of each degree of the layer's input */
    int32_t n_middle[N_L]; /* of all tensor products together */
    int32_t n_gate[N_L];  /* of the gate's input; degree 0 holds scalars, then gates */
    int32_t n_scalars;
    int32_t n_paths;
    int32_t first_path[N_L + 1]; /* paths are sorted by l1 */
    int32_t has_gradient;        /* whether the input depends on positions */
    Path paths[MAX_PATHS];
    const REAL *before[N_L], *before_t[N_L]; /* linear map ahead of the convolution */
    const REAL *after[N_L], *after_t[N_L];   /* behind it */
    const REAL *skip[N_L], *skip_t[N_L];     /* around it */
    const REAL *before_bias, *gate_bias;     /* degree 0 only */
    const REAL *radial; /* (interval, l1, block of channels, path, coefficient, lane) */
    int64_t radial_stride;
    int64_t radial_start[N_L];
} Layer;

typedef struct {
    int32_t n_layers;
    int32_t n_fine, n_intervals; /* of the radial functions: below `fine_below_a`, in all */
    double fine_below_a, cutoff_a;
    REAL activation_scale; /* normalises silu to unit second moment */
    const Layer *layers;
    const REAL *type_before; /* first layer's input behind its linear map, by atom type */
    const REAL *type_skip;   /* first layer's skip connection and bias, by atom type */
    const REAL *readout;     /* weights of the last layer's scalars */
    const double *energy_scale, *energy_shift; /* by atom type */
} Network;

/* Positions of the blocks of one degree in a row of features: (degree, m, channel). */
typedef struct {
    int32_t start[N_L + 1];
} Row;

INLINE Row row_of(const int32_t *channels) {
    Row row;
    row.start[0] = 0;
    for (int l = 0; l < N_L; ++l) row.start[l + 1] = row.start[l] + (2 * l + 1) * channels[l];
    return row;
}

#endif
