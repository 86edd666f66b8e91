/*
 * Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * Element i of a stream depends on (seed, name hash, step, i) alone: no state, no order, the same on every device.
 *
 * Block b of a stream is philox(counter = { b low, b high, step low, step high }, key); element i is word i % 4 of
 * block i / 4. A kernel needs only key and step to make the same numbers.
 */
#ifndef SLIM_BASE_RNG_H
#define SLIM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct slim_rng {
  uint32_t key[2];
  uint32_t step[2]; /* low word first */
} slim_rng;

/** FNV-1a, 64 bits, of a text; the name_hash of slim_rng_make. */
uint64_t slim_hash(const char *text);
uint64_t slim_hash_bytes(const void *data, size_t size);
/** Another hash, of eight bytes at a time: for long texts. Differs from machine to machine with the order of bytes. */
uint64_t slim_hash_words(const void *data, size_t size);

/** The ten-round bijection itself. */
void slim_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/** The stream of (seed, name_hash, step). */
slim_rng slim_rng_make(uint64_t seed, uint64_t name_hash, uint64_t step);

/** Element i: 32 random bits. */
uint32_t slim_rng_u32(const slim_rng *rng, uint64_t i);
/** Element i: uniform in [0, 1), 24 bits: slim_rng_u32 >> 8, times 2^-24. */
float slim_rng_uniform(const slim_rng *rng, uint64_t i);
/** Element i: a whole number in [0, bound); bound is at least 1. */
uint64_t slim_rng_below(const slim_rng *rng, uint64_t i, uint64_t bound);
/** Element i: normal, mean 0, standard deviation 1, by Box and Muller. The same bits on all machines. */
float slim_rng_normal(const slim_rng *rng, uint64_t i);
/** Element i: as slim_rng_normal, drawn again while it is beyond two standard deviations. */
float slim_rng_truncated_normal(const slim_rng *rng, uint64_t i);

/** out[k] = element k, for k < count; the same values as one by one, faster. */
void slim_rng_fill_uniform(const slim_rng *rng, float low, float high, float *out, size_t count);
void slim_rng_fill_normal(const slim_rng *rng, float mean, float stddev, float *out, size_t count);
void slim_rng_fill_truncated_normal(const slim_rng *rng, float mean, float stddev, float *out, size_t count);

#endif
