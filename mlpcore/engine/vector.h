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

INLINE REAL sum_of_lanes(V value) {
    REAL sum = 0;
    for (int lane = 0; lane < LANES; ++lane) sum += value[lane];
    return sum;
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

/* ROWS rows of C += A B for two vectors of columns; `a` and `c` hold row pointers. */
#define PRODUCT_BLOCK(ROWS)                                                               \
    static void product_##ROWS(const REAL *const *a, const REAL *b, REAL *const *c,       \
                               int depth, int width, int column) {                        \
        V sum[ROWS][2];                                                                   \
        for (int row = 0; row < ROWS; ++row)                                              \
            for (int half = 0; half < 2; ++half)                                          \
                sum[row][half] = load(c[row] + column + half * LANES);                    \
        for (int k = 0; k < depth; ++k) {                                                 \
            const REAL *at = b + (size_t)k * width + column;                              \
            const V first = load(at), second = load(at + LANES);                          \
            for (int row = 0; row < ROWS; ++row) {                                        \
                sum[row][0] += a[row][k] * first;                                         \
                sum[row][1] += a[row][k] * second;                                        \
            }                                                                             \
        }                                                                                 \
        for (int row = 0; row < ROWS; ++row)                                              \
            for (int half = 0; half < 2; ++half)                                          \
                store(c[row] + column + half * LANES, sum[row][half]);                    \
    }

PRODUCT_BLOCK(1)
PRODUCT_BLOCK(4)
#if VECTOR_BYTES >= 64
enum { BLOCK_ROWS = 12 };
PRODUCT_BLOCK(12)
#define PRODUCT_LARGE product_12
#else
enum { BLOCK_ROWS = 6 };
PRODUCT_BLOCK(6)
#define PRODUCT_LARGE product_6
#endif

/* C += A B: `b` is (depth, width), width a multiple of two vectors. */
static void add_product(const REAL *const *a, const REAL *b, REAL *const *c, int rows,
                        int depth, int width) {
    for (int column = 0; column < width; column += 2 * LANES) {
        int row = 0;
        for (; row + BLOCK_ROWS <= rows; row += BLOCK_ROWS)
            PRODUCT_LARGE(a + row, b, c + row, depth, width, column);
        for (; row + 4 <= rows; row += 4) product_4(a + row, b, c + row, depth, width, column);
        for (; row < rows; ++row) product_1(a + row, b, c + row, depth, width, column);
    }
}

#endif
