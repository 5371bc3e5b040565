/* The convolution: for each atom the sum over its neighbours of
 *
 *     w_p(r) (x_neighbour(l1) x Y(l2))(l3)      for every path p = (l1, l2, l3),
 *
 * gather, tensor product and scatter in one pass, and its gradient. */
#ifndef LATTICE_LAB_CONVOLUTION_H
#define LATTICE_LAB_CONVOLUTION_H

#include "network.h"

/* Neighbours of all atoms. Those of atom i are first[i] ... first[i] + count[i] - 1.
 * Harmonics are kept twice: (component, pair), to be read for a vector of pairs at a
 * time, and (pair, component). */
typedef struct {
    int64_t *first;
    int32_t *count;
    int32_t *source;
    int32_t *interval;
    REAL *fraction; /* place in the interval of the radial functions, 0 to 1 */
    REAL *harmonics, *harmonics_by_pair;
    int64_t capacity;
    double *vector, *length; /* (pair, 3) and (pair,), angstrom */
    REAL *gradient;          /* (pair, component): by r in place of Y(0), by Y(1) ... */
} Pairs;

enum { MAX_ENTRIES = 49 * 16 };

INLINE int first_harmonic(int l) { return l * l; }

INLINE V radial_value(const REAL *c, REAL t) {
    V value = load(c + 5 * LANES);
    for (int n = 4; n >= 0; --n) value = value * t + load(c + n * LANES);
    return value;
}

INLINE V radial_value_and_slope(const REAL *c, REAL t, V *slope) {
    V value = load(c + 5 * LANES), derivative = {0};
    for (int n = 4; n >= 0; --n) {
        derivative = derivative * t + value;
        value = value * t + load(c + n * LANES);
    }
    *slope = derivative;
    return value;
}

/* Entries of a coupling for a vector of factors: one pair a lane, or one channel. */
INLINE void couple(const Coupling *coupling, int n_entries, const REAL *factors,
                   int64_t stride, REAL *entries) {
    for (int entry = 0; entry < n_entries; ++entry) {
        V sum = {0};
        for (int k = coupling->begin[entry]; k < coupling->begin[entry + 1]; ++k)
            sum += coupling->value[k] * load(factors + coupling->index[k] * stride);
        store(entries + entry * LANES, sum);
    }
}

/* One path, one block of channels, up to LANES neighbours: output += w (M x). */
INLINE void forward_path(const int d1, const int d3, int identity, const REAL *entries,
                         const REAL *const *x, int stride_in, const REAL *const *radial,
                         const REAL *fraction, int n_pairs, REAL *out, int stride_out) {
    V sum[7];
    for (int m3 = 0; m3 < d3; ++m3) sum[m3] = load(out + m3 * stride_out);
    for (int pair = 0; pair < n_pairs; ++pair) {
        const V w = radial_value(radial[pair], fraction[pair]);
        V feature[7];
        for (int m1 = 0; m1 < d1; ++m1) feature[m1] = load(x[pair] + m1 * stride_in);
        if (identity) {
            for (int m1 = 0; m1 < d1; ++m1) sum[m1] += w * feature[m1];
            continue;
        }
        const REAL *m = entries + pair;
        for (int m3 = 0; m3 < d3; ++m3) {
            V product = m[m3 * d1 * LANES] * feature[0];
            for (int m1 = 1; m1 < d1; ++m1) product += m[(m3 * d1 + m1) * LANES] * feature[m1];
            sum[m3] += w * product;
        }
    }
    for (int m3 = 0; m3 < d3; ++m3) store(out + m3 * stride_out, sum[m3]);
}

/* All paths from degree l1 for the neighbours of one atom. */
INLINE void forward_degree(const int l1, const Layer *layer, const Pairs *pairs, int64_t atom,
                           const REAL *input, int row_length, int row_start, REAL *middle,
                           REAL *scratch) {
    const int d1 = 2 * l1 + 1, channels = layer->n_in[l1];
    const Row out_row = row_of(layer->n_middle);
    const int begin = layer->first_path[l1], end = layer->first_path[l1 + 1];
    const int64_t last = pairs->first[atom] + pairs->count[atom];
    for (int64_t pair = pairs->first[atom]; pair < last; pair += LANES) {
        const int n = last - pair < LANES ? (int)(last - pair) : LANES;
        REAL *entries = scratch;
        for (int p = begin; p < end; ++p) {
            const Path *path = layer->paths + p;
            if (path->l2 == 0) continue;
            const int size = d1 * (2 * path->l3 + 1);
            couple(&path->by_harmonic, size,
                   pairs->harmonics + first_harmonic(path->l2) * pairs->capacity + pair,
                   pairs->capacity, entries);
            entries += size * LANES;
        }
        for (int channel = 0; channel < channels; channel += LANES) {
            const REAL *x[LANES], *radial[LANES];
            for (int k = 0; k < n; ++k) {
                x[k] = input + (int64_t)pairs->source[pair + k] * row_length + row_start + channel;
                radial[k] = layer->radial + pairs->interval[pair + k] * layer->radial_stride +
                            layer->radial_start[l1] +
                            (int64_t)channel * (end - begin) * N_COEFFICIENTS;
            }
            entries = scratch;
            for (int p = begin; p < end; ++p) {
                const Path *path = layer->paths + p;
                const int stride = layer->n_middle[path->l3];
                REAL *out = middle + out_row.start[path->l3] + path->column + channel;
#define PATH(D3, IDENTITY)                                                                  \
    forward_path(d1, D3, IDENTITY, entries, x, channels, radial, pairs->fraction + pair, n, \
                 out, stride)
                if (path->l2 == 0) {
                    PATH(d1, 1);
                } else {
                    switch (path->l3) {
                        case 0: PATH(1, 0); break;
                        case 1: PATH(3, 0); break;
                        case 2: PATH(5, 0); break;
                        default: PATH(7, 0); break;
                    }
                    entries += d1 * (2 * path->l3 + 1) * LANES;
                }
#undef PATH
                for (int k = 0; k < n; ++k) radial[k] += N_COEFFICIENTS * LANES;
            }
        }
    }
}

/* One path, one block, one neighbour. With s(m2) = sum over m1 of H(m2, m1) x(m1):
 * by Y(m2) it is w s, by w it is Y s, by x(m1) it is the sum of w Y(m2) H(m2, m1). */
INLINE void backward_path(const int d1, const int d2, const REAL *h, const REAL *radial,
                          REAL fraction, const REAL *y, const V *feature, V *by_feature,
                          V *by_harmonic, V *by_length) {
    V slope, by_weight = {0};
    const V w = radial_value_and_slope(radial, fraction, &slope);
    for (int m2 = 0; m2 < d2; ++m2) {
        V s = {0};
        const V scaled = w * y[m2];
        for (int m1 = 0; m1 < d1; ++m1) {
            const V entry = load(h + (m2 * d1 + m1) * LANES);
            s += entry * feature[m1];
            by_feature[m1] += entry * scaled;
        }
        if (d2 > 1) by_harmonic[m2] += w * s;
        by_weight += s * y[m2];
    }
    *by_length += by_weight * slope;
}

INLINE void backward_degree(const int l1, const Layer *layer, const Pairs *pairs, int64_t atom,
                            const REAL *input, int row_length, int row_start,
                            const REAL *by_middle, REAL *by_input, V *by_pair, REAL *scratch) {
    const int d1 = 2 * l1 + 1, channels = layer->n_in[l1];
    const Row out_row = row_of(layer->n_middle);
    const int begin = layer->first_path[l1], end = layer->first_path[l1 + 1];
    const int64_t first = pairs->first[atom];
    for (int channel = 0; channel < channels; channel += LANES) {
        REAL *h = scratch;
        for (int p = begin; p < end; ++p) {
            const Path *path = layer->paths + p;
            const int size = d1 * (2 * path->l2 + 1), stride = layer->n_middle[path->l3];
            const REAL *from = by_middle + out_row.start[path->l3] + path->column + channel;
            if (path->l2 == 0) {
                for (int m = 0; m < d1; ++m) store(h + m * LANES, load(from + m * stride));
            } else {
                couple(&path->by_output, size, from, stride, h);
            }
            h += size * LANES;
        }
        for (int k = 0; k < pairs->count[atom]; ++k) {
            const int64_t pair = first + k;
            const int64_t place =
                (int64_t)pairs->source[pair] * row_length + row_start + channel;
            const REAL *radial = layer->radial +
                                 pairs->interval[pair] * layer->radial_stride +
                                 layer->radial_start[l1] +
                                 (int64_t)channel * (end - begin) * N_COEFFICIENTS;
            const REAL fraction = pairs->fraction[pair];
            const REAL *y = pairs->harmonics_by_pair + pair * N_HARMONICS;
            V feature[7], by_feature[7], *sums = by_pair + k * N_HARMONICS;
            V by_length = sums[0];
            for (int m = 0; m < d1; ++m) {
                feature[m] = load(input + place + m * channels);
                by_feature[m] = (V){0};
            }
            h = scratch;
            for (int p = begin; p < end; ++p) {
                const int l2 = layer->paths[p].l2;
#define PATH(D2)                                                                        \
    backward_path(d1, D2, h, radial, fraction, y + first_harmonic(l2), feature, by_feature, \
                  sums + first_harmonic(l2), &by_length)
                switch (l2) {
                    case 0: PATH(1); break;
                    case 1: PATH(3); break;
                    case 2: PATH(5); break;
                    default: PATH(7); break;
                }
#undef PATH
                h += d1 * (2 * l2 + 1) * LANES;
                radial += N_COEFFICIENTS * LANES;
            }
            sums[0] = by_length;
            if (by_input)
                for (int m = 0; m < d1; ++m) {
                    REAL *to = by_input + place + m * channels;
                    store(to, load(to) + by_feature[m]);
                }
        }
    }
}

#define DEGREES(CALL)                                       \
    for (int l1 = 0; l1 < N_L; ++l1) {                      \
        if (layer->n_in[l1] == 0) continue;                 \
        switch (l1) {                                       \
            case 0: CALL(0); break;                         \
            case 1: CALL(1); break;                         \
            case 2: CALL(2); break;                         \
            default: CALL(3); break;                        \
        }                                                   \
    }

/* Add the convolution of one atom to `middle`, a row (degree, m, channel of a path). */
static void convolve(const Layer *layer, const Pairs *pairs, int64_t atom, const REAL *input,
                     REAL *middle, REAL *scratch) {
    const Row row = row_of(layer->n_in);
#define CALL(L1)                                                                       \
    forward_degree(L1, layer, pairs, atom, input, row.start[N_L], row.start[L1], middle, \
                   scratch)
    DEGREES(CALL)
#undef CALL
}

/* Add the gradient through one atom's convolution: to the rows `by_input` of its
 * neighbours (unless NULL) and to `pairs->gradient`. `by_pair` is room for
 * N_HARMONICS vectors a neighbour. */
static void convolve_backward(const Layer *layer, const Pairs *pairs, int64_t atom,
                              const REAL *input, const REAL *by_middle, REAL *by_input,
                              V *by_pair, REAL *scratch) {
    const Row row = row_of(layer->n_in);
    const int count = pairs->count[atom];
    memset(by_pair, 0, sizeof(V) * N_HARMONICS * count);
#define CALL(L1)                                                                        \
    backward_degree(L1, layer, pairs, atom, input, row.start[N_L], row.start[L1], by_middle, \
                    by_input, by_pair, scratch)
    DEGREES(CALL)
#undef CALL
    REAL *gradient = pairs->gradient + pairs->first[atom] * N_HARMONICS;
    for (int k = 0; k < count * N_HARMONICS; ++k) gradient[k] += sum_of_lanes(by_pair[k]);
}

#endif
