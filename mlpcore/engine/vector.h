/* Vectors of the width that the build asks for, and what is done with them.
 *
 * REAL is float or double, VECTOR_BYTES the width of a register: both are given to
 * the compiler. Everything is written with the vector extensions that GCC and Clang
 * share, so that one source serves every instruction set.
 */
#ifndef LATTICE_LAB_VECTOR_H
#define LATTICE_LAB_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef SINGLE_PRECISION
typedef float REAL;
typedef int32_t INTEGER;
#else
typedef double REAL;
typedef int64_t INTEGER;
#endif

enum { LANES = VECTOR_BYTES / sizeof(REAL) };

/* Alignment of one element: rows of features start anywhere. */
typedef REAL V __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
typedef INTEGER VI __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE V load(const REAL *from) { return *(const V *)from; }
INLINE void store(REAL *to, V value) { *(V *)to = value; }
INLINE V broadcast(REAL value) { return (V){0} + value; }

INLINE V choose(VI where, V this, V other) {
    return (V)((where & (VI)this) | (~where & (VI)other));
}

/* Sum over the lanes, halving a copy in memory: adds of ever narrower vectors. */
INLINE REAL sum_of_lanes(V value) {
    REAL part[LANES];
    store(part, value);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; ++lane) part[lane] += part[lane + half];
    return part[0];
}

/* exp(x) for |x| below the overflow limit, to rounding: 2^k times the Taylor series
 * of exp at |r| <= ln(2)/2. Larger arguments are cut off there. */
INLINE V exponential(V x) {
#ifdef SINGLE_PRECISION
    const REAL limit = 87, rounder = 12582912.0f, ln2_high = 0.693359375f;
    const REAL ln2_low = -2.12194440e-4f;
    enum { TERMS = 8, MANTISSA = 23, BIAS = 127 };
#else
    const REAL limit = 708, rounder = 6755399441055744.0, ln2_high = 0.693147180369123816490;
    const REAL ln2_low = 1.90821492927058770002e-10;
    enum { TERMS = 14, MANTISSA = 52, BIAS = 1023 };
#endif
    x = choose(x > limit, broadcast(limit), x);
    x = choose(x < -limit, broadcast(-limit), x);
    const V k = (x * (REAL)1.4426950408889634074 + rounder) - rounder;
    const V r = (x - k * ln2_high) - k * ln2_low;
    V series = broadcast(1);
    for (int n = TERMS; n > 0; --n) series = 1 + series * r * ((REAL)1 / (REAL)n);
    const VI power = (__builtin_convertvector(k, VI) + BIAS) << MANTISSA;
    return series * (V)power;
}

INLINE V logistic(V x) { return 1 / (1 + exponential(-x)); }

/* ROWS rows of C += A B for two vectors of columns; `b` is one panel, (depth, 2 LANES). */
#define PRODUCT_BLOCK(ROWS)                                                              \
    static void product_##ROWS(const REAL *a, ptrdiff_t a_stride, const REAL *b, REAL *c, \
                               ptrdiff_t c_stride, int depth) {                          \
        V sum[ROWS][2];                                                                  \
        for (int row = 0; row < ROWS; ++row)                                             \
            for (int half = 0; half < 2; ++half)                                         \
                sum[row][half] = load(c + row * c_stride + half * LANES);                \
        for (int k = 0; k < depth; ++k, b += 2 * LANES) {                                \
            const V first = load(b), second = load(b + LANES);                           \
            for (int row = 0; row < ROWS; ++row) {                                       \
                const REAL factor = a[row * a_stride + k];                               \
                sum[row][0] += factor * first;                                           \
                sum[row][1] += factor * second;                                          \
            }                                                                            \
        }                                                                                \
        for (int row = 0; row < ROWS; ++row)                                             \
            for (int half = 0; half < 2; ++half)                                         \
                store(c + row * c_stride + half * LANES, sum[row][half]);                \
    }

PRODUCT_BLOCK(1)
PRODUCT_BLOCK(2)
#if VECTOR_BYTES >= 64
enum { BLOCK_ROWS = 12 };
PRODUCT_BLOCK(4)
PRODUCT_BLOCK(12)
#define PRODUCT_LARGE product_12
#define PRODUCT_MEDIUM product_4
enum { MEDIUM_ROWS = 4 };
#else
enum { BLOCK_ROWS = 6, MEDIUM_ROWS = 3 };
PRODUCT_BLOCK(3)
PRODUCT_BLOCK(6)
#define PRODUCT_LARGE product_6
#define PRODUCT_MEDIUM product_3
#endif

/* C += A B. `b` is kept in panels of two vectors of columns, (width / 2 LANES, depth,
 * 2 LANES), so that it is read in order. */
static void add_product(const REAL *a, ptrdiff_t a_stride, const REAL *b, REAL *c,
                        ptrdiff_t c_stride, int rows, int depth, int width) {
    for (int column = 0; column < width; column += 2 * LANES, b += (ptrdiff_t)depth * 2 * LANES) {
        int row = 0;
#define ROWS(NUMBER, PRODUCT)                  \
    for (; row + NUMBER <= rows; row += NUMBER) \
    PRODUCT(a + row * a_stride, a_stride, b, c + row * c_stride + column, c_stride, depth)
        ROWS(BLOCK_ROWS, PRODUCT_LARGE);
        ROWS(MEDIUM_ROWS, PRODUCT_MEDIUM);
        ROWS(2, product_2);
        ROWS(1, product_1);
#undef ROWS
    }
}

#endif
