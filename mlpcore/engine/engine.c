/* Energies and forces of a SevenNet network, forward and backward, for all threads.
 *
 * Only the input of each convolution and of each gate is kept for the way back: the
 * tensor products, by far the largest arrays, live for CHUNK atoms at a time. Atoms
 * are dealt to threads in a fixed order, so a result does not depend on timing. */
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num(void) { return 0; }
static int omp_get_num_threads(void) { return 1; }
#endif

#include "geometry.h"

enum { CHUNK = 12, ALIGNMENT = 64, FAILED = 1 };

typedef struct {
    double *energies;  /* (atom,), eV */
    double *gradients; /* (atom, 3), energy by position, eV/angstrom */
    double *virials;   /* (atom, 3, 3), sum of vector x gradient over its pairs, eV */
} Output;

/* Arrays for one call. `before` and `gate` hold a row an atom, by layer. */
typedef struct {
    const Network *network;
    const Structure *structure;
    Output output;
    Pairs pairs;
    int n_threads, chunk;
    REAL **before, **gate;
    REAL *by_before; /* (thread, parity of the layer, atom, row): each thread adds to its own */
    double *by_position; /* (thread, atom, 3) */
    int64_t longest_row, longest_middle, most_pairs;
} Call;

/* Room for one thread. */
typedef struct {
    REAL *features, *by_features, *middle, *couplings;
    V *by_pair;
} Room;

INLINE V silu(V x, V *slope) {
    const V s = logistic(x);
    *slope = s * (1 + x * (1 - s));
    return x * s;
}

/* C += A B degree by degree, for rows of `n_atoms` atoms. */
static void mix_channels(const REAL *a, const int32_t *channels_a, const REAL *const *matrices,
                         REAL *c, const int32_t *channels_c, int64_t n_atoms) {
    const Row row_a = row_of(channels_a), row_c = row_of(channels_c);
    for (int l = 0; l < N_L; ++l) {
        if (channels_a[l] == 0 || channels_c[l] == 0) continue;
        for (int m = 0; m < 2 * l + 1; ++m)
            add_product(a + row_a.start[l] + m * channels_a[l], row_a.start[N_L], matrices[l],
                        c + row_c.start[l] + m * channels_c[l], row_c.start[N_L], (int)n_atoms,
                        channels_a[l], channels_c[l]);
    }
}

/* Channels that the gate lets out: its scalars, and the other degrees as they come. */
static void gated_channels(const Layer *layer, int32_t out[N_L]) {
    memcpy(out, layer->n_gate, sizeof(int32_t) * N_L);
    out[0] = layer->n_scalars;
}

/* silu of the scalars; other degrees times silu of their gates. With `by_out` the
 * gradient by the gate's input replaces the input, else `out` is written. */
static void gate(const Layer *layer, REAL scale, REAL *in, REAL *out, const REAL *by_out) {
    int32_t channels[N_L];
    gated_channels(layer, channels);
    const Row row_in = row_of(layer->n_gate), row_out = row_of(channels);
    V slope;
    for (int u = 0; u < layer->n_scalars; u += LANES) {
        const V value = silu(load(in + u), &slope);
        if (by_out)
            store(in + u, scale * slope * load(by_out + u));
        else
            store(out + u, scale * value);
    }
    REAL *gates = in + layer->n_scalars;
    for (int l = 1; l < N_L; gates += channels[l++]) {
        for (int u = 0; u < channels[l]; u += LANES) {
            const V factor = scale * silu(load(gates + u), &slope);
            V by_factor = {0};
            for (int m = 0; m < 2 * l + 1; ++m) {
                REAL *at = in + row_in.start[l] + m * channels[l] + u;
                const int64_t there = row_out.start[l] + m * channels[l] + u;
                if (by_out) {
                    by_factor += load(at) * load(by_out + there);
                    store(at, factor * load(by_out + there));
                } else {
                    store(out + there, factor * load(at));
                }
            }
            if (by_out) store(gates + u, scale * slope * by_factor);
        }
    }
}

static void fill_rows(REAL *to, int64_t length, const REAL *from, int64_t n_from, int64_t n) {
    memset(to, 0, sizeof(REAL) * length * n);
    for (int64_t atom = 0; atom < n; ++atom) memcpy(to + atom * length, from, sizeof(REAL) * n_from);
}

static void start_rows(Call *call, int64_t atom) {
    const Network *network = call->network;
    const Layer *layer = network->layers;
    const int64_t type = call->structure->type[atom];
    const int64_t n_before = layer->n_in[0], n_gate = layer->n_gate[0];
    const int64_t gate_length = row_of(layer->n_gate).start[N_L];
    memcpy(call->before[0] + atom * n_before, network->type_before + type * n_before,
           sizeof(REAL) * n_before);
    fill_rows(call->gate[0] + atom * gate_length, gate_length, network->type_skip + type * n_gate,
              n_gate, 1);
}

static void read_out(Call *call, int64_t atom, REAL *features) {
    const Network *network = call->network;
    const Layer *last = network->layers + network->n_layers - 1;
    const int64_t type = call->structure->type[atom];
    double energy = 0;
    for (int u = 0; u < last->n_scalars; ++u) {
        energy += (double)features[u] * network->readout[u];
        features[u] = (REAL)(network->energy_scale[type] * network->readout[u]);
    }
    call->output.energies[atom] = network->energy_scale[type] * energy + network->energy_shift[type];
}

static void forward_chunk(Call *call, int t, int64_t begin, int64_t n, Room *room) {
    const Network *network = call->network;
    const Layer *layer = network->layers + t, *next = layer + 1;
    const int64_t middle_length = row_of(layer->n_middle).start[N_L];
    const int64_t gate_length = row_of(layer->n_gate).start[N_L];
    REAL *gate_rows = call->gate[t] + begin * gate_length;
    int32_t channels[N_L];
    gated_channels(layer, channels);
    const int64_t out_length = row_of(channels).start[N_L];
    memset(room->middle, 0, sizeof(REAL) * middle_length * n);
    for (int64_t k = 0; k < n; ++k)
        convolve(layer, &call->pairs, begin + k, call->before[t],
                 room->middle + k * middle_length, room->couplings);
    mix_channels(room->middle, layer->n_middle, layer->after, gate_rows, layer->n_gate, n);
    for (int64_t k = 0; k < n; ++k)
        gate(layer, network->activation_scale, gate_rows + k * gate_length,
             room->features + k * out_length, NULL);
    if (t == network->n_layers - 1) {
        for (int64_t k = 0; k < n; ++k) {
            read_out(call, begin + k, room->features + k * out_length);
            gate(layer, network->activation_scale, gate_rows + k * gate_length, NULL,
                 room->features + k * out_length);
        }
        return;
    }
    const int64_t next_length = row_of(next->n_gate).start[N_L];
    REAL *before = call->before[t + 1] + begin * out_length;
    REAL *skip = call->gate[t + 1] + begin * next_length;
    fill_rows(before, out_length, next->before_bias, next->n_in[0], n);
    fill_rows(skip, next_length, next->gate_bias, next->n_gate[0], n);
    mix_channels(room->features, next->n_in, next->before, before, next->n_in, n);
    mix_channels(room->features, next->n_in, next->skip, skip, next->n_gate, n);
}

static REAL *by_before_rows(const Call *call, int t, int thread) {
    return call->by_before +
           (2 * (int64_t)thread + t % 2) * call->structure->n_atoms * call->longest_row;
}

/* Gradient by the features that layer t received, then by the gate of layer t - 1. */
static void pass_gate(Call *call, int t, int64_t begin, int64_t n, Room *room) {
    const Layer *layer = call->network->layers + t, *previous = layer - 1;
    const int64_t length = row_of(layer->n_in).start[N_L];
    const int64_t gate_length = row_of(layer->n_gate).start[N_L];
    const int64_t previous_length = row_of(previous->n_gate).start[N_L];
    REAL *sum = by_before_rows(call, t, 0) + begin * length;
    for (int thread = 1; thread < call->n_threads; ++thread) {
        REAL *own = by_before_rows(call, t, thread) + begin * length;
        for (int64_t k = 0; k < n * length; ++k) sum[k] += own[k];
        memset(own, 0, sizeof(REAL) * n * length);
    }
    memset(room->by_features, 0, sizeof(REAL) * n * length);
    mix_channels(sum, layer->n_in, layer->before_t, room->by_features, layer->n_in, n);
    mix_channels(call->gate[t] + begin * gate_length, layer->n_gate, layer->skip_t,
                 room->by_features, layer->n_in, n);
    memset(sum, 0, sizeof(REAL) * n * length);
    for (int64_t k = 0; k < n; ++k)
        gate(previous, call->network->activation_scale,
             call->gate[t - 1] + (begin + k) * previous_length, NULL,
             room->by_features + k * length);
}

static void backward_chunk(Call *call, int t, int64_t begin, int64_t n, Room *room) {
    const Layer *layer = call->network->layers + t;
    const int64_t middle_length = row_of(layer->n_middle).start[N_L];
    const int64_t gate_length = row_of(layer->n_gate).start[N_L];
    if (t + 1 < call->network->n_layers) pass_gate(call, t + 1, begin, n, room);
    memset(room->middle, 0, sizeof(REAL) * middle_length * n);
    mix_channels(call->gate[t] + begin * gate_length, layer->n_gate, layer->after_t, room->middle,
                 layer->n_middle, n);
    REAL *by_before = t > 0 ? by_before_rows(call, t, omp_get_thread_num()) : NULL;
    for (int64_t k = 0; k < n; ++k)
        convolve_backward(layer, &call->pairs, begin + k, call->before[t],
                          room->middle + k * middle_length, by_before, room->by_pair,
                          room->couplings);
}

static void collect_pairs(Call *call, int64_t begin, int64_t n) {
    const Pairs *pairs = &call->pairs;
    double *own = call->by_position + 3 * call->structure->n_atoms * omp_get_thread_num();
    for (int64_t atom = begin; atom < begin + n; ++atom) {
        double *virial = call->output.virials + 9 * atom;
        for (int64_t k = 0; k < pairs->count[atom]; ++k) {
            const int64_t pair = pairs->first[atom] + k;
            double g[3];
            pair_gradient(call->network, pairs, pair, g);
            for (int axis = 0; axis < 3; ++axis) {
                own[3 * atom + axis] -= g[axis];
                own[3 * (int64_t)pairs->source[pair] + axis] += g[axis];
                for (int other = 0; other < 3; ++other)
                    virial[3 * axis + other] += pairs->vector[3 * pair + axis] * g[other];
            }
        }
    }
}

static void *reserve(size_t bytes, int *failed) {
    void *room = NULL;
    if (posix_memalign(&room, ALIGNMENT, bytes + ALIGNMENT)) {
        *failed = 1;
        return NULL;
    }
    memset(room, 0, bytes + ALIGNMENT);
    return room;
}

static int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }

static int reserve_call(Call *call) {
    int failed = 0;
    const Network *network = call->network;
    const int64_t n = call->structure->n_atoms;
    const int64_t candidates = call->structure->first[n] + 2 * LANES;
    Pairs *pairs = &call->pairs;
    pairs->capacity = candidates;
    pairs->first = reserve(sizeof(int64_t) * n, &failed);
    pairs->count = reserve(sizeof(int32_t) * n, &failed);
    pairs->source = reserve(sizeof(int32_t) * candidates, &failed);
    pairs->interval = reserve(sizeof(int32_t) * candidates, &failed);
    pairs->fraction = reserve(sizeof(REAL) * candidates, &failed);
    pairs->harmonics = reserve(sizeof(REAL) * candidates * N_HARMONICS, &failed);
    pairs->harmonics_by_pair = reserve(sizeof(REAL) * candidates * N_HARMONICS, &failed);
    pairs->gradient = reserve(sizeof(REAL) * candidates * N_HARMONICS, &failed);
    pairs->vector = reserve(sizeof(double) * candidates * 3, &failed);
    pairs->length = reserve(sizeof(double) * candidates, &failed);
    call->before = reserve(sizeof(REAL *) * network->n_layers, &failed);
    call->gate = reserve(sizeof(REAL *) * network->n_layers, &failed);
    for (int t = 0; t < network->n_layers && !failed; ++t) {
        const Layer *layer = network->layers + t;
        const int64_t row = row_of(layer->n_in).start[N_L];
        const int64_t gate_row = row_of(layer->n_gate).start[N_L];
        call->longest_row = greater(call->longest_row, row);
        call->longest_middle =
            greater(call->longest_middle, row_of(layer->n_middle).start[N_L]);
        call->before[t] = reserve(sizeof(REAL) * n * row, &failed);
        call->gate[t] = reserve(sizeof(REAL) * n * gate_row, &failed);
    }
    for (int64_t atom = 0; atom < n; ++atom)
        call->most_pairs = greater(
            call->most_pairs, call->structure->first[atom + 1] - call->structure->first[atom]);
    call->by_before =
        reserve(sizeof(REAL) * 2 * call->n_threads * n * call->longest_row, &failed);
    call->by_position = reserve(sizeof(double) * 3 * n * call->n_threads, &failed);
    return failed;
}

static int reserve_room(const Call *call, Room *room) {
    int failed = 0;
    room->features = reserve(sizeof(REAL) * call->chunk * call->longest_row, &failed);
    room->by_features = reserve(sizeof(REAL) * call->chunk * call->longest_row, &failed);
    room->middle = reserve(sizeof(REAL) * call->chunk * call->longest_middle, &failed);
    room->couplings = reserve(sizeof(V) * MAX_ENTRIES, &failed);
    room->by_pair = reserve(sizeof(V) * N_HARMONICS * (call->most_pairs + 1), &failed);
    return failed;
}

static void release_room(Room *room) {
    free(room->features);
    free(room->by_features);
    free(room->middle);
    free(room->couplings);
    free(room->by_pair);
}

static void release_call(Call *call) {
    Pairs *pairs = &call->pairs;
    for (int t = 0; call->before && call->gate && t < call->network->n_layers; ++t) {
        free(call->before[t]);
        free(call->gate[t]);
    }
    void *others[] = {pairs->first,    pairs->count,     pairs->source, pairs->interval,
                      pairs->fraction, pairs->harmonics, pairs->vector, pairs->length,
                      pairs->gradient, pairs->harmonics_by_pair, call->before,     call->gate,    call->by_before,
                      call->by_position};
    for (size_t k = 0; k < sizeof others / sizeof *others; ++k) free(others[k]);
}

/* Chunks go to threads in turn; `n` is the number of atoms in the chunk at `begin`. */
#define FOR_OWN_CHUNKS(WORK)                                                                \
    for (int64_t begin = (int64_t)thread * call->chunk; begin < n_atoms;                    \
         begin += stride) {                                                                 \
        const int64_t n = n_atoms - begin < call->chunk ? n_atoms - begin : call->chunk;    \
        WORK;                                                                               \
    }

static void work(Call *call, Room *room) {
    const int thread = omp_get_thread_num();
    const int64_t n_atoms = call->structure->n_atoms;
    const int64_t stride = (int64_t)omp_get_num_threads() * call->chunk; /* may be fewer */
    FOR_OWN_CHUNKS(for (int64_t k = 0; k < n; ++k) {
        find_pairs(call->network, call->structure, &call->pairs, begin + k);
        start_rows(call, begin + k);
    })
    for (int t = 0; t < call->network->n_layers; ++t) {
#pragma omp barrier
        FOR_OWN_CHUNKS(forward_chunk(call, t, begin, n, room))
    }
    for (int t = call->network->n_layers - 1; t >= 0; --t) {
#pragma omp barrier
        FOR_OWN_CHUNKS(backward_chunk(call, t, begin, n, room))
    }
    FOR_OWN_CHUNKS(collect_pairs(call, begin, n))
}

/* Energies, their gradients by positions, and virials. Returns 1 if memory is short. */
int evaluate(const Network *network, const Structure *structure, Output output,
             int n_threads) {
    const int64_t n = structure->n_atoms;
    const int64_t share = (n + n_threads - 1) / n_threads;
    Call call = {.network = network, .structure = structure, .output = output,
                 .n_threads = n_threads, .chunk = (int)(share < CHUNK ? share : CHUNK)};
    int failed = reserve_call(&call);
    Room *rooms = calloc(n_threads, sizeof(Room));
    failed |= rooms == NULL;
    for (int thread = 0; thread < n_threads && !failed; ++thread)
        failed |= reserve_room(&call, rooms + thread);
    if (!failed) {
#pragma omp parallel num_threads(n_threads)
        work(&call, rooms + omp_get_thread_num());
        for (int thread = 0; thread < n_threads; ++thread)
            for (int64_t k = 0; k < 3 * n; ++k)
                output.gradients[k] += call.by_position[3 * n * thread + k];
    }
    for (int thread = 0; rooms && thread < n_threads; ++thread) release_room(rooms + thread);
    free(rooms);
    release_call(&call);
    return failed ? FAILED : 0;
}

int lanes(void) { return LANES; }

/* Sizes of the structures, for the caller to compare with its own. */
int layer_bytes(void) { return sizeof(Layer); }
int network_bytes(void) { return sizeof(Network); }
